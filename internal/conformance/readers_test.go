package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"relais/internal/testkit"
)

// reading is a request as a server has read it.
type reading struct{ Method, Target, Body string }

// reader is a real server that tells what it reads. Every answer repeats method and target, so
// that a client can tell whose answer it has.
type reader struct {
	name, addr string
	readings   func() []reading // whole requests so far
}

// readers are three servers with parsers of their own.
func readers(t *testing.T) []reader {
	t.Helper()
	nginx, node := testkit.Program(t, "nginx"), testkit.Program(t, "node")
	return []reader{goReader(t), nginxReader(t, nginx), nodeReader(t, node)}
}

// goReader is a server of Go's own.
func goReader(t *testing.T) reader {
	t.Helper()
	var mu sync.Mutex
	var got []reading
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // it is not a whole request
		}
		mu.Lock()
		got = append(got, reading{r.Method, path(r.RequestURI), string(body)})
		mu.Unlock()
		fmt.Fprintf(w, "%s %s", r.Method, path(r.RequestURI))
	}))
	ln, err := net.Listen("tcp", apart)
	if err != nil {
		t.Fatal(err)
	}
	s.Listener.Close()
	s.Listener = ln
	s.Start()
	t.Cleanup(s.Close)
	return reader{"Go", ln.Addr().String(), func() []reading {
		mu.Lock()
		defer mu.Unlock()
		return append([]reading(nil), got...)
	}}
}

// nginxReader is nginx, which reads a request whole and hands it, written anew, to a server of Go's.
func nginxReader(t *testing.T, program string) reader {
	t.Helper()
	behind := goReader(t)
	dir, addr := t.TempDir(), freeAddr(t)
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr crit;
events { worker_connections 512; }
http {
	access_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	server {
		listen %[2]s;
		location / { proxy_pass http://%[3]s; proxy_http_version 1.1; proxy_request_buffering on; }
	}
}
`, dir, addr, behind.addr)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Start(t, nil, program, "-p", dir, "-c", path)
	awaitListening(t, addr)
	return reader{"nginx", addr, behind.readings}
}

// nodeReader is a server of Node's.
func nodeReader(t *testing.T, program string) reader {
	t.Helper()
	addr := freeAddr(t)
	host, port, _ := net.SplitHostPort(addr)
	p := testkit.Start(t, func(c *exec.Cmd) { c.Dir = "testdata" }, program, "reader.js", host, port)
	awaitListening(t, addr)
	return reader{"Node", addr, func() []reading {
		var got []reading
		for line := range strings.Lines(p.Stdout.String()) {
			var r reading
			if json.Unmarshal([]byte(line), &r) == nil {
				got = append(got, r)
			}
		}
		return got
	}}
}

// path is a target without the scheme and the authority that it may begin with.
func path(target string) string {
	_, rest, absolute := strings.Cut(target, "://")
	if !absolute || strings.HasPrefix(target, "/") {
		return target
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return "/"
}

// freeAddr is an address on which a program of its own can listen.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", apart)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func awaitListening(t *testing.T, addr string) {
	t.Helper()
	testkit.Eventually(t, addr+" accepts connections", func() bool {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
}
