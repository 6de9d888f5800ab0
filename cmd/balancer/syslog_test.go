package main_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// Both logs go to the socket of a syslog daemon, each message with its facility and severity and
// the process's number, and neither names what is secret.
func TestLogsToSyslog(t *testing.T) {
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", "id=secret-answer") })
	address := filepath.Join(t.TempDir(), "log")
	conn, err := net.ListenPacket("unixgram", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	reader := &logReader{conn: conn}
	syslog := fmt.Sprintf("output: unix@%s, syslog: {format: rfc5424, hostname: lb1}", address)
	path := filepath.Join(t.TempDir(), "balancer.yml")
	testkit.WriteFile(t, path, []byte(fmt.Sprintf("log: {%s}\naccess_log: {%s}\n%s", syslog, syslog, farm("", testkit.Address(s)))))
	p := testkit.Start(t, nil, balancerPath, "run", "--config", path)
	message := regexp.MustCompile(`^<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[-+]\d\d:\d\d) lb1 relais (\d+) - - (\{.*\})$`)
	next := func() (priority string, line map[string]any) {
		t.Helper()
		text := reader.next(t)
		m := message.FindStringSubmatch(text)
		if m == nil || m[2] != strconv.Itoa(p.Process.Pid) || json.Unmarshal([]byte(m[3]), &line) != nil {
			t.Fatalf("no message: %q", text)
		}
		if strings.Contains(text, "secret") {
			t.Errorf("a secret is logged: %s", text)
		}
		return m[1], line
	}
	var addr string
	for addr == "" {
		priority, line := next()
		if priority != "30" { // daemon.info
			t.Errorf("priority %s of %v", priority, line)
		}
		if line["message"] == "started" {
			addr = line["frontends"].([]any)[0].(string)
		}
	}
	c := testkit.Dial(t, addr)
	c.Send("GET / HTTP/1.1\r\nHost: h\r\nCookie: id=secret-cookie\r\nAuthorization: Basic secret\r\nProxy-Authorization: Bearer secret\r\nConnection: close\r\n\r\n")
	_, _ = c.Rest()
	if priority, line := next(); priority != "134" || line["status"] != 200.0 { // local0.info
		t.Errorf("priority %s of %v", priority, line)
	}
	p.Signal(syscall.SIGTERM)
	if code := p.ExitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A syslog server that nobody has started costs lines, which are counted, and nothing else.
func TestSyslogAway(t *testing.T) {
	s := testkit.HTTPServer(t, func(http.ResponseWriter, *http.Request) {})
	config := farm("", testkit.Address(s))
	free := run(t, "access_log: off\n"+config, nil)
	const requests = 10000
	base := percentile99(t, free, requests, 0)
	for name, output := range map[string]string{
		"udp":  "syslog://" + testkit.RefusingAddr(t),
		"unix": "unix@" + filepath.Join(t.TempDir(), "log"),
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, "access_log: "+output+"\n"+config, nil)
			if p99 := percentile99(t, r, requests, 0); p99 > 3*base+20*time.Millisecond {
				t.Errorf("p99 is %v, without a log %v", p99, base)
			}
			if r.dropped(t) == 0 {
				t.Error("no dropped lines are counted")
			}
			r.Signal(syscall.SIGTERM)
			if code := r.ExitCode(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// After a rotation both logs go on in new files, and the access log has only what its filters
// keep.
func TestLogFiles(t *testing.T) {
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			<-time.After(100 * time.Millisecond) // longer than access_log.slow
		case "/bad":
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	dir := t.TempDir()
	own, access := filepath.Join(dir, "own.log"), filepath.Join(dir, "access.log")
	path := filepath.Join(dir, "balancer.yml")
	testkit.WriteFile(t, path, []byte(fmt.Sprintf("log: {output: %q}\naccess_log: {output: %q, format: httplog, sample: 0, slow: 100ms}\n%s",
		own, access, farm("", testkit.Address(s)))))
	p := testkit.Start(t, nil, balancerPath, "run", "--config", path)
	var addrs []string
	testkit.Eventually(t, "the balancer has started", func() bool { addrs = startedOn(content(own)); return len(addrs) == 1 })
	visit := func(path string) {
		t.Helper()
		answer, err := http.Get("http://" + addrs[0] + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	for _, path := range []string{"/plain", "/slow", "/bad", "/plain"} {
		visit(path)
	}
	testkit.Eventually(t, "two lines", func() bool { return strings.Count(content(access), "\n") == 2 })
	if text := content(access); !strings.Contains(text, `"GET /slow HTTP/1.1"`) || !strings.Contains(text, `"GET /bad HTTP/1.1"`) {
		t.Errorf("not the slow and the failed request:\n%s", text)
	}
	for _, name := range []string{own, access} {
		if err := os.Rename(name, name+".1"); err != nil {
			t.Fatal(err)
		}
	}
	p.Signal(syscall.SIGHUP)
	testkit.Eventually(t, "new files", func() bool { return content(own) != "" })
	visit("/bad")
	testkit.Eventually(t, "a line in the new file", func() bool { return strings.Count(content(access), "\n") == 1 })
	if text := p.Stderr.String(); text != "" {
		t.Errorf("stderr has %s", text)
	}
}

// content is what stands in a file; empty: nothing, or there is none.
func content(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}
