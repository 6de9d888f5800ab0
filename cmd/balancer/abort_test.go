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
		t.Run(phase, func(t *testing.T) { r.abort(t, leave) })
	}
}

// TestAbortsWhileQueued has 1,000 clients leave that wait for a server to have room: who is
// behind them gets his turn, and the server hears of none of them.
func TestAbortsWhileQueued(t *testing.T) {
	busy, free := make(chan struct{}), make(chan struct{})
	s := testkit.HTTPServer(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/busy" {
			close(busy)
			<-free
		}
	})
	config := strings.Replace(farm("timeout: {queue: 1m}\n", testkit.Address(s)), "address:", "maxconn: 1, address:", 1)
	r := run(t, config, nil)
	holder, next := testkit.Dial(t, r.addr), testkit.Dial(t, r.addr)
	holder.Send("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n")
	<-busy
	r.abort(t, func(c *testkit.Conn) { c.Send("GET /queued HTTP/1.1\r\nHost: h\r\n\r\n") })
	if n := r.column(t, "app", "web1", "stot"); n != "1" {
		t.Errorf("the server got %s requests, want the first one alone", n)
	}
	next.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	testkit.Eventually(t, "the next one is queued", func() bool { return r.column(t, "app", "BACKEND", "qcur") == "1" })
	close(free)
	for _, c := range []*testkit.Conn{holder, next} {
		if head := c.Head(); !strings.HasPrefix(head, "HTTP/1.1 200") {
			t.Error(head)
		}
	}
	if most := r.column(t, "app", "web1", "smax"); most != "1" {
		t.Errorf("the server had up to %s requests at once, want 1", most)
	}
}

// abort has 1,000 clients do something and leave, and looks for what they leave behind.
func (r *running) abort(t *testing.T, leave func(*testkit.Conn)) {
	t.Helper()
	goroutines, files := r.gauge(t, "go_goroutines"), r.gauge(t, "process_open_fds")
	before := r.gauge(t, `haproxy_frontend_http_requests_total{proxy="web"}`)
	clients, requests := r.column(t, "web", "FRONTEND", "scur"), r.column(t, "app", "web1", "scur")
	var workers sync.WaitGroup
	for range 20 {
		workers.Go(func() {
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
	workers.Wait()
	defer func() {
		t.Logf("goroutines %v -> %v, descriptors %v -> %v, sessions %s and %s", goroutines, r.gauge(t, "go_goroutines"),
			files, r.gauge(t, "process_open_fds"), r.column(t, "web", "FRONTEND", "scur"), r.column(t, "app", "web1", "scur"))
	}()
	testkit.Eventually(t, "nothing is left of them", func() bool {
		return r.column(t, "web", "FRONTEND", "scur") == clients && r.column(t, "app", "web1", "scur") == requests &&
			r.column(t, "app", "BACKEND", "qcur") == "0" &&
			r.gauge(t, "go_goroutines") <= goroutines+5 && r.gauge(t, "process_open_fds") <= files+5
	})
	if n := r.gauge(t, `haproxy_frontend_http_requests_total{proxy="web"}`) - before; n < 900 {
		t.Errorf("only %v of 1,000 requests were seen", n)
	}
	for column, want := range map[string]string{"econ": "0", "eresp": "0", "srv_abrt": "0"} {
		if got := r.column(t, "app", "web1", column); got != want {
			t.Errorf("%s is %s, want %s", column, got, want)
		}
	}
	if status := r.column(t, "app", "web1", "status"); status != "UP" && status != "no check" {
		t.Errorf("the server is %s", status)
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
