package main_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"relais/internal/testkit"
)

// The listening socket that HAProxy and Relais inherit goes from one to the other and back while
// clients come, and nobody is turned away.
func TestChangeoverFromHAProxy(t *testing.T) {
	program := testkit.Program(t, "haproxy")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	socket := descriptor(t, ln.(*net.TCPListener))
	inherit := func(c *exec.Cmd) { c.ExtraFiles = []*os.File{socket} }

	server := testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	old := filepath.Join(t.TempDir(), "haproxy.cfg")
	testkit.WriteFile(t, old, fmt.Appendf(nil, `
defaults
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s
frontend web
	bind fd@3
	http-response set-header X-By haproxy
	default_backend app
backend app
	server web1 %s
`, testkit.Address(server)))
	config := inheriting(testkit.Address(server))

	haproxy := testkit.Start(t, inherit, program, "-db", "-f", old)
	v := startVisitors(t, "http://"+ln.Addr().String())
	defer v.end() // before the programs are killed
	v.served(t, "HAProxy", &v.byHAProxy)
	relais := run(t, config, inherit)
	v.served(t, "Relais beside HAProxy", &v.byRelais)
	haproxy.Signal(syscall.SIGUSR1)
	haproxy.ExitCode(t)
	v.served(t, "Relais alone", &v.byRelais)
	testkit.Start(t, inherit, program, "-db", "-f", old)
	v.served(t, "HAProxy beside Relais", &v.byHAProxy)
	relais.Signal(syscall.SIGTERM)
	if code := relais.ExitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	v.served(t, "HAProxy alone", &v.byHAProxy)
}

// descriptor duplicates the listener's. File would make the socket blocking, for everybody who has
// it: HAProxy would be stuck in its next accept.
func descriptor(t *testing.T, ln *net.TCPListener) *os.File {
	t.Helper()
	raw, err := ln.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	n := -1
	if failed := raw.Control(func(fd uintptr) { n, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	file := os.NewFile(uintptr(n), "listener")
	t.Cleanup(func() { file.Close() })
	return file
}

// inheriting is a configuration with one server, whose frontend is on the first inherited socket.
func inheriting(server string) string {
	return fmt.Sprintf(`
stats: {bind: "127.0.0.1:0"}
access_log: off
frontends: [{name: web, bind: fd@3, default_backend: app}]
backends: [{name: app, servers: [{name: web1, address: "%s"}]}]
`, server)
}

// visitors ask one after the other, each over a connection of its own.
type visitors struct {
	byHAProxy, byRelais atomic.Int64
	stop, done          chan struct{}
}

// startVisitors lets them come until end is called. The test fails if one is turned away.
func startVisitors(t *testing.T, url string) *visitors {
	v := &visitors{stop: make(chan struct{}), done: make(chan struct{})}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: testkit.Patience}
	go func() {
		defer close(v.done)
		for {
			select {
			case <-v.stop:
				return
			case <-time.After(time.Millisecond):
			}
			answer, err := client.Get(url)
			if err != nil {
				t.Errorf("a visitor is turned away: %v", err)
				return
			}
			answer.Body.Close()
			switch {
			case answer.StatusCode != http.StatusOK:
				t.Errorf("a visitor gets %s", answer.Status)
			case answer.Header.Get("X-By") == "haproxy":
				v.byHAProxy.Add(1)
			default:
				v.byRelais.Add(1)
			}
		}
	}()
	return v
}

func (v *visitors) end() {
	close(v.stop)
	<-v.done
}

// served waits until more visitors have been served by one of the two.
func (v *visitors) served(t *testing.T, by string, n *atomic.Int64) {
	t.Helper()
	before := n.Load()
	testkit.Eventually(t, "visitors are served by "+by, func() bool { return n.Load() >= before+20 })
}
