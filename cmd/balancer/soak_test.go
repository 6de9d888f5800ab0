package main_test

import (
	"fmt"
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

// soak says how long TestReloadStorm lasts: a few seconds with the tests, and as RELAIS_SOAK says
// with scripts/soak.sh, when wrk and nginx take part.
type soak struct {
	lasting time.Duration
	least   int64 // requests; 0: any number
}

func soakFromEnv(t *testing.T) soak {
	t.Helper()
	text := os.Getenv("RELAIS_SOAK")
	if text == "" {
		return soak{lasting: 8 * time.Second}
	}
	lasting, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return soak{lasting, 1_000_000}
}

// goesOn tells whether there is more to come. A slow machine gets more time for the requests, up
// to five times as much.
func (s soak) goesOn(t *testing.T, since time.Duration, requests int64) bool {
	t.Helper()
	if since > 5*s.lasting {
		t.Errorf("only %d requests in %v, want %d", requests, since, s.least)
		return false
	}
	return since < s.lasting || requests < s.least
}

// servers are three servers that answer everything.
func (s soak) servers(t *testing.T) []string {
	if s.least == 0 {
		return []string{named(t, "a"), named(t, "b"), named(t, "c")}
	}
	program, dir := testkit.Program(t, "nginx"), t.TempDir()
	addrs := []string{testkit.RefusingAddr(t), testkit.RefusingAddr(t), testkit.RefusingAddr(t)}
	testkit.WriteFile(t, filepath.Join(dir, "nginx.conf"), fmt.Appendf(nil, `
daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  server { listen %[2]s; location / { return 200 "hello\n"; } }
}
`, dir, strings.Join(addrs, "; listen ")))
	testkit.Start(t, nil, program, "-c", filepath.Join(dir, "nginx.conf"))
	for _, addr := range addrs {
		testkit.Eventually(t, addr+" answers", func() bool { return (&client{t: t, dial: plainly(addr), request: getRequest, fresh: true}).ask() == "" })
	}
	return addrs
}

const wrkConnections = 32

// wrk is a run of that program; nil: there is none.
type wrk struct{ *testkit.Process }

func (s soak) startWrk(t *testing.T, url string) *wrk {
	if s.least == 0 {
		return nil
	}
	return &wrk{testkit.Start(t, nil, testkit.Program(t, "wrk"), "-t1", "-c", strconv.Itoa(wrkConnections), "-d1h", "--latency", url)}
}

// underWay is how many requests wrk may have had under way when it ended.
func (w *wrk) underWay() int64 {
	if w == nil {
		return 0
	}
	return wrkConnections
}

var wrkRequests = regexp.MustCompile(`(\d+) requests in`)

// end ends wrk and returns how many answers it got. All have to be good ones.
func (w *wrk) end(t *testing.T) int64 {
	t.Helper()
	if w == nil {
		return 0
	}
	w.Signal(syscall.SIGINT)
	w.ExitCode(t)
	said := w.Stdout.String()
	t.Logf("wrk says\n%s", said)
	found := wrkRequests.FindStringSubmatch(said)
	if found == nil || strings.Contains(said, "Socket errors") || strings.Contains(said, "Non-2xx") {
		t.Errorf("wrk has seen failures, or nothing")
		return 0
	}
	n, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		t.Error(err)
	}
	return n
}
