package main_test

import (
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

func TestAdminListener(t *testing.T) {
	s := testkit.HTTPServer(t, func(http.ResponseWriter, *http.Request) {})
	r := run(t, farm("health_check: /health\n", testkit.Address(s)), nil)
	testkit.Eventually(t, "ready", func() bool { code, _ := r.get(t, "/readyz"); return code == 200 })
	for _, test := range []struct {
		path, want string
		code       int
	}{
		{"/healthz", "alive", 200},
		{"/readyz", "ready", 200},
		{"/haproxy-stats", "<!DOCTYPE html>", 200},
		{"/", "<!DOCTYPE html>", 200},
		{"/haproxy-stats;csv", "# pxname,svname,qcur,qmax,scur,smax,slim,stot,", 200},
		{"/haproxy-stats;csv;norefresh?scope=app", "app,BACKEND,", 200},
		{"/haproxy-stats;json", `"objType":"Frontend"`, 200},
		{"/metrics", `haproxy_server_status{proxy="app",server="web1",state="UP"} 1`, 200},
		{"/metrics", "go_goroutines", 200},
		{"/metrics", "process_open_fds", 200},
		{"/nothing", "/haproxy-stats", 404},
	} {
		code, body := r.get(t, test.path)
		if code != test.code || !strings.Contains(strings.ToLower(body), strings.ToLower(test.want)) {
			t.Errorf("%s: %d without %q", test.path, code, test.want)
		}
	}
	answer, err := http.Post("http://"+r.stats+"/haproxy-stats", "text/plain", strings.NewReader("s=web1&action=maint"))
	if err != nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("POST: %v, %v", answer, err)
	}
}

// TestPrometheus has a real Prometheus scrape a real balancer.
func TestPrometheus(t *testing.T) {
	promtool := testkit.Program(t, "promtool")
	s := testkit.HTTPServer(t, func(http.ResponseWriter, *http.Request) {})
	r := run(t, farm("health_check: /\n", testkit.Address(s), testkit.RefusingAddr(t)), nil)
	_, metrics := r.get(t, "/metrics")
	lint := exec.Command(promtool, "check", "metrics")
	lint.Stdin = strings.NewReader(metrics)
	if out, err := lint.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
	query := r.prometheus(t)
	testkit.Eventually(t, "up is 1", func() bool { return query("up") == "1" })
	testkit.Eventually(t, "web2 is down in Prometheus", func() bool {
		return query(`haproxy_server_status{server="web2",state="DOWN"}`) == "1"
	})
}

// A stop lets the request under way end, answers /readyz with 503 meanwhile, and refuses new
// connections.
func TestGracefulStop(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		close(asked)
		<-answer
		c.Answer(200, "late")
	})
	r := run(t, farm("", s.Addr), nil)
	c := testkit.Dial(t, r.addr)
	c.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-asked
	r.Signal(syscall.SIGTERM)
	testkit.Eventually(t, "not ready any more", func() bool { code, _ := r.get(t, "/readyz"); return code == 503 })
	testkit.Eventually(t, "no new connections", func() bool {
		conn, err := net.Dial("tcp", r.addr)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	close(answer)
	if head := c.Head(); !strings.Contains(head, "200") || !strings.Contains(head, "Connection: close") {
		t.Errorf("got %q", head)
	}
	if body := c.Body(4); body != "late" {
		t.Errorf("got %q", body)
	}
	if code := r.ExitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A request that takes longer than shutdown_timeout is cut off.
func TestStopIsBounded(t *testing.T) {
	asked := make(chan struct{})
	s := testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); close(asked); c.Head() })
	r := run(t, "shutdown_timeout: 300ms\n"+farm("", s.Addr), nil)
	c := testkit.Dial(t, r.addr)
	c.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-asked
	start := time.Now()
	r.Signal(syscall.SIGINT)
	if code := r.ExitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(r.Stderr.String(), "cut off") {
		t.Error("the log does not say that a request was cut off")
	}
}
