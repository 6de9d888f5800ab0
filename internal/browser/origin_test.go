package browser_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"relais/internal/testkit"
)

// origin is a server behind the balancer. It answers with its name, and checks as told.
type origin struct {
	addr    string
	failing atomic.Bool // its checks
}

func newOrigin(t *testing.T, name string) *origin {
	t.Helper()
	o := &origin{}
	o.addr = testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" && o.failing.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		io.WriteString(w, name)
	}))
	return o
}

// originVariable makes a process of this test's program a server of that name.
const originVariable = "RELAIS_BROWSER_ORIGIN"

// startOrigin starts a server that can be killed, and returns its address.
func startOrigin(t *testing.T, name string) (*testkit.Process, string) {
	t.Helper()
	p := testkit.Start(t, func(c *exec.Cmd) { c.Env = append(os.Environ(), originVariable+"="+name) }, os.Args[0])
	testkit.Eventually(t, "the server says where it listens", func() bool { return strings.HasSuffix(p.Stdout.String(), "\n") })
	return p, strings.TrimSpace(p.Stdout.String())
}

func serveOrigin(name string) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	fmt.Println(l.Addr())
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) }))
	return 1
}
