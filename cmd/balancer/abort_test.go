package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"relais/internal/testkit"
)

// TestAborts has 1,000 clients leave in each phase of a request: no server is marked or blamed,
// and goroutines and descriptors are back to where they were.
func TestAborts(t *testing.T) {
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/upload":
			_, _ = io.Copy(io.Discard, r.Body)
		case "/wait":
			<-r.Context().Done()
		case "/download":
			big := strings.Repeat("x", 1<<20)
			for range 16 {
				if _, err := io.WriteString(w, big); err != nil {
					return
				}
			}
		}
	})
	r := run(t, farm("health_check: {path: /, inter: 500ms}\n", testkit.Address(s)), nil)
	testkit.Eventually(t, "ready", func() bool { code, _ := r.get(t, "/readyz"); return code == 200 })
	for phase, leave := range map[string]func(*testkit.Conn){
		"mid-upload": func(c *testkit.Conn) {
			c.Send("POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 10000))
		},
		"waiting": func(c *testkit.Conn) { c.Send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n") },
		"mid-download": func(c *testkit.Conn) {
			c.Send("GET /download HTTP/1.1\r\nHost: h\r\n\r\n")
			c.Body(10000)
		},
	} {
		t.Run(phase, func(t *testing.T) {
			goroutines, files := r.gauge(t, "go_goroutines"), r.gauge(t, "process_open_fds")
			before := r.gauge(t, `haproxy_frontend_http_requests_total{proxy="web"}`)
			var clients sync.WaitGroup
			for range 20 {
				clients.Go(func() {
					for i := range 50 {
						conn, err := net.Dial("tcp", r.addr)
						if err != nil {
							t.Error(err)
							return
						}
						c := testkit.NewConn(t, conn)
						leave(c)
						if i%2 == 0 {
							c.Reset()
						}
						c.Close()
					}
				})
			}
			clients.Wait()
			defer func() {
				t.Logf("goroutines %v -> %v, descriptors %v -> %v, sessions %s and %s", goroutines, r.gauge(t, "go_goroutines"),
					files, r.gauge(t, "process_open_fds"), r.column(t, "web", "FRONTEND", "scur"), r.column(t, "app", "web1", "scur"))
			}()
			testkit.Eventually(t, "nothing is left of them", func() bool {
				return r.column(t, "web", "FRONTEND", "scur") == "0" && r.column(t, "app", "web1", "scur") == "0" &&
					r.gauge(t, "go_goroutines") <= goroutines+5 && r.gauge(t, "process_open_fds") <= files+5
			})
			if n := r.gauge(t, `haproxy_frontend_http_requests_total{proxy="web"}`) - before; n < 900 {
				t.Errorf("only %v of 1,000 requests were seen", n)
			}
			for column, want := range map[string]string{"status": "UP", "econ": "0", "eresp": "0", "srv_abrt": "0", "chkdown": "0"} {
				if got := r.column(t, "app", "web1", column); got != want {
					t.Errorf("%s is %s, want %s", column, got, want)
				}
			}
		})
	}
}

// gauge reads a metric.
func (r *running) gauge(t *testing.T, name string) float64 {
	t.Helper()
	_, metrics := r.get(t, "/metrics")
	for line := range strings.Lines(metrics) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatal(fmt.Sprintf("no metric %s", name))
	return 0
}
