package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// dropped is how many log lines a balancer says it has dropped.
func (r *running) dropped(t *testing.T) int {
	t.Helper()
	_, metrics := r.get(t, "/metrics")
	for line := range strings.Lines(metrics) {
		if v, ok := strings.CutPrefix(line, "haproxy_process_dropped_logs_total "); ok {
			n, _ := strconv.ParseFloat(strings.TrimSpace(v), 64)
			return int(n)
		}
	}
	t.Fatal("no haproxy_process_dropped_logs_total")
	return 0
}

// percentile99 loads a balancer until it has answered so many requests, and for at least a time.
func percentile99(t *testing.T, r *running, requests int64, lasting time.Duration) time.Duration {
	t.Helper()
	l := startLoad("http://"+r.addr+"/some/path", 16)
	end := time.Now().Add(lasting)
	testkit.Eventually(t, "load", func() bool { return l.requests.Load() >= requests || l.failed.Load() > 0 })
	<-time.After(time.Until(end))
	return l.end(t)
}

// TestStuckLogs has a reader of the access log that stops reading and, in another run, a disk
// that is full: traffic goes on as before, and dropped lines are counted. RELAIS_STUCK_LOG sets
// for how long (issue: 30s).
func TestStuckLogs(t *testing.T) {
	var lasting time.Duration
	if s := os.Getenv("RELAIS_STUCK_LOG"); s != "" {
		lasting, _ = time.ParseDuration(s)
	}
	s := testkit.HTTPServer(t, func(http.ResponseWriter, *http.Request) {})
	config := farm("", testkit.Address(s))
	free := run(t, "access_log: off\n"+config, nil)
	const requests = 10000 // more lines than the queue and a pipe hold
	base := percentile99(t, free, requests, lasting)

	for name, start := range map[string]func() *running{
		"a reader that does not read": func() *running {
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { reader.Close(); writer.Close() })
			return run(t, config, func(c *exec.Cmd) { c.Stdout = writer })
		},
		"a full disk": func() *running {
			return run(t, "access_log: "+filepath.Join(fullDisk(t), "access.log")+"\n"+config, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := start()
			p99 := percentile99(t, r, requests, lasting)
			t.Logf("p99 is %v, without a log %v", p99, base)
			if p99 > 3*base+20*time.Millisecond {
				t.Errorf("p99 is %v, without a log %v", p99, base)
			}
			if n := r.dropped(t); n == 0 {
				t.Error("no dropped lines are counted")
			}
			r.Signal(syscall.SIGTERM)
			if code := r.ExitCode(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// fullDisk mounts a small file system, which the log fills.
func fullDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("relais", dir, "tmpfs", 0, "size=64k"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount tmpfs: %v", err)
		}
		t.Skipf("mount tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	return dir
}
