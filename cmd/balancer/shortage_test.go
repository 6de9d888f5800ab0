package main_test

import (
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// TestDescriptorsUsedUp has more clients ask a server that does not answer than the balancer has
// descriptors for: admins are still answered, checks go on, no server is marked, and when the
// clients have gone everything is as before.
func TestDescriptorsUsedUp(t *testing.T) {
	free := make(chan struct{})
	s := testkit.HTTPServer(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			select {
			case <-free:
			case <-r.Context().Done():
			}
		}
	})
	defer close(free)
	r := run(t, farm("health_check: {path: /, inter: 100ms, timeout: 2s}\n", testkit.Address(s)), func(c *exec.Cmd) {
		c.Args = append([]string{"sh", "-c", `ulimit -n 200; exec "$0" "$@"`, c.Path}, c.Args[1:]...)
		c.Path = testkit.Program(t, "sh")
	})
	testkit.Eventually(t, "web1 is UP", func() bool { return r.column(t, "app", "web1", "status") == "UP" })
	var clients []net.Conn
	for range 1000 {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			break // the backlog is full, too
		}
		clients = append(clients, c)
		_, _ = c.Write([]byte("GET /hang HTTP/1.1\r\nHost: h\r\n\r\n"))
		if len(clients) > 400 {
			break
		}
	}
	limit := r.column(t, "web", "FRONTEND", "scur")
	testkit.Eventually(t, "there is no room for another client", func() bool {
		now := r.column(t, "web", "FRONTEND", "scur")
		full := now == limit && now != "0"
		limit = now
		return full
	})
	checks := func() string {
		return r.column(t, "app", "web1", "check_duration") + r.column(t, "app", "web1", "lastchg")
	}
	before := checks()
	testkit.Eventually(t, "checks go on", func() bool { return checks() != before })
	if code, _ := r.get(t, "/healthz"); code != http.StatusOK {
		t.Errorf("/healthz is %d", code)
	}
	for column, want := range map[string]string{"chkdown": "0", "chkfail": "0"} {
		if got := r.column(t, "app", "web1", column); got != want {
			t.Errorf("%s is %s, want %s", column, got, want)
		}
	}
	t.Logf("%s of %d clients were let in", limit, len(clients))
	for _, c := range clients {
		c.Close()
	}
	testkit.Eventually(t, "clients are served again", func() bool { return ask(http.DefaultClient, "http://"+r.addr+"/") == "" })
	testkit.Eventually(t, "nothing is left of them", func() bool { return r.column(t, "app", "web1", "scur") == "0" })
	if log := r.Stderr.String(); strings.Contains(log, "DOWN") {
		t.Errorf("the log says\n%s", log)
	}
}
