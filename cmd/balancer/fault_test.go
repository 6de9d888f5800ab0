package main_test

import (
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// load sends GET requests over a number of connections until stopped.
type load struct {
	requests, failed atomic.Int64
	firstFailure     atomic.Pointer[string]
	stop             chan struct{}
	workers          sync.WaitGroup

	mu    sync.Mutex
	times []time.Duration
}

func startLoad(url string, connections int) *load {
	l := &load{stop: make(chan struct{})}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	for range connections {
		l.workers.Go(func() { l.work(client, url) })
	}
	return l
}

func (l *load) work(client *http.Client, url string) {
	var times []time.Duration
	for {
		select {
		case <-l.stop:
			l.mu.Lock()
			l.times = append(l.times, times...)
			l.mu.Unlock()
			return
		default:
		}
		start := time.Now()
		if failure := ask(client, url); failure != "" {
			l.failed.Add(1)
			l.firstFailure.CompareAndSwap(nil, &failure)
		}
		l.requests.Add(1)
		times = append(times, time.Since(start))
	}
}

func ask(client *http.Client, url string) string {
	answer, err := client.Get(url)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Sprint(answer.Status, err, string(body))
	}
	return ""
}

// end stops the load and returns the 99th percentile of the times.
func (l *load) end(t *testing.T) time.Duration {
	t.Helper()
	close(l.stop)
	l.workers.Wait()
	if n := l.failed.Load(); n > 0 {
		t.Errorf("%d of %d requests failed, the first with %s", n, l.requests.Load(), *l.firstFailure.Load())
	}
	slices.Sort(l.times)
	return l.times[len(l.times)*99/100]
}

// webServers starts web servers of the stack as processes.
func webServers(t *testing.T, n int) (processes []*testkit.Process, addrs []string, start func(i int) *testkit.Process) {
	t.Helper()
	dir := t.TempDir()
	start = func(i int) *testkit.Process {
		_, port, _ := net.SplitHostPort(addrs[i])
		return testkit.Start(t, func(c *exec.Cmd) {
			c.Env = append(os.Environ(), fmt.Sprintf("SERVER_ID=%d", i+1), "PORT="+port, "LISTEN_HOST=127.0.0.1",
				"SQLITE_PATH="+filepath.Join(dir, "app.db"), "MYSQL_HOST=")
		}, webappPath, "serve")
	}
	for i := range n {
		addrs = append(addrs, testkit.RefusingAddr(t))
		processes = append(processes, start(i))
	}
	for _, addr := range addrs {
		testkit.Eventually(t, addr+" is up", func() bool { return ask(http.DefaultClient, "http://"+addr+"/health") == "" })
	}
	return processes, addrs, start
}

// TestKilledServer kills a web server with SIGKILL under load, and starts it again: no request
// fails, and the page, the CSV, the metrics and the log tell the same story.
func TestKilledServer(t *testing.T) {
	webs, addrs, start := webServers(t, 3)
	r := run(t, farm("health_check: {path: /health, inter: 300ms, rise: 2, fall: 2}\n", addrs...), nil)
	status := func() string { return r.column(t, "app", "web2", "status") }
	testkit.Eventually(t, "ready", func() bool { code, _ := r.get(t, "/readyz"); return code == 200 })
	l := startLoad("http://"+r.addr+"/health", 32)
	testkit.Eventually(t, "load", func() bool { return l.requests.Load() > 3000 })

	webs[1].Signal(syscall.SIGKILL)
	testkit.Eventually(t, "web2 is DOWN", func() bool { return status() == "DOWN" })
	testkit.Eventually(t, "the log says why", func() bool {
		return strings.Contains(r.Stderr.String(), "web2 DOWN after 2 failures: connection refused")
	})
	_, page := r.get(t, "/haproxy-stats")
	_, metrics := r.get(t, "/metrics")
	for what, ok := range map[string]bool{
		"page":    strings.Contains(page, "web2") && strings.Contains(page, "DOWN") && strings.Contains(page, "connection refused"),
		"metrics": strings.Contains(metrics, `haproxy_server_status{proxy="app",server="web2",state="DOWN"} 1`),
		"CSV":     r.column(t, "app", "web2", "check_status") == "L4CON" && r.column(t, "app", "web2", "last_chk") == "connection refused",
	} {
		if !ok {
			t.Errorf("the %s does not say that web2 is down", what)
		}
	}
	atDeath := r.column(t, "app", "web2", "stot")
	before := l.requests.Load()
	testkit.Eventually(t, "load goes on", func() bool { return l.requests.Load() > before+3000 })
	if now := r.column(t, "app", "web2", "stot"); now != atDeath {
		t.Errorf("a server that is down got requests: %s, then %s", atDeath, now)
	}

	start(1)
	testkit.Eventually(t, "web2 is UP", func() bool { return status() == "UP" })
	testkit.Eventually(t, "web2 gets requests", func() bool { return r.column(t, "app", "web2", "stot") != atDeath })
	l.end(t)
	if log := r.Stderr.String(); strings.Count(log, "web2 DOWN") != 1 || strings.Count(log, "web2 UP") != 1 {
		t.Errorf("each transition is to be logged once:\n%s", log)
	}
	t.Logf("%d requests", l.requests.Load())
}

// TestStoppedServer freezes a web server: what waits for it goes elsewhere once it is down.
func TestStoppedServer(t *testing.T) {
	webs, addrs, _ := webServers(t, 3)
	r := run(t, farm("health_check: {path: /health, inter: 200ms, timeout: 200ms, fall: 2}\n", addrs...), nil)
	l := startLoad("http://"+r.addr+"/health", 16)
	testkit.Eventually(t, "load", func() bool { return l.requests.Load() > 1000 })
	webs[0].Signal(syscall.SIGSTOP)
	testkit.Eventually(t, "web1 is DOWN", func() bool { return r.column(t, "app", "web1", "status") == "DOWN" })
	webs[0].Signal(syscall.SIGCONT)
	testkit.Eventually(t, "web1 is UP", func() bool { return r.column(t, "app", "web1", "status") == "UP" })
	l.end(t)
}

// TestIdleClose has servers that close, or reset, idle connections after 1 s without announcing
// it, behind a relay that adds 20 ms each way, and POSTs about 1 s apart on 24 connections: the
// close and the next request cross each other. RELAIS_IDLE_CLOSE sets for how long (issue: 2m).
func TestIdleClose(t *testing.T) {
	lasting := 8 * time.Second
	if s := os.Getenv("RELAIS_IDLE_CLOSE"); s != "" {
		lasting, _ = time.ParseDuration(s)
	}
	for name, reset := range map[string]bool{"close": false, "reset": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := testkit.Relay(t, idleClosingServer(t, reset), 20*time.Millisecond)
			r := run(t, farm("", relay, relay, relay), nil)
			var sent, failed atomic.Int64
			var clients sync.WaitGroup
			end := time.Now().Add(lasting)
			for i := range 24 {
				clients.Go(func() {
					postSeldom(testkit.Dial(t, r.addr), end, i, &sent, &failed)
				})
			}
			clients.Wait()
			if failed.Load() > 0 {
				t.Errorf("%d of %d POSTs failed", failed.Load(), sent.Load())
			}
			t.Logf("%d POSTs, %s connections opened, %s reused", sent.Load(),
				r.column(t, "app", "BACKEND", "connect"), r.column(t, "app", "BACKEND", "reuse"))
		})
	}
}

// postSeldom sends POSTs from 0.9 to 1.1 s apart, around the moment when the server's close is
// under way.
func postSeldom(c *testkit.Conn, end time.Time, seed int, sent, failed *atomic.Int64) {
	for n := 0; time.Now().Before(end); n++ {
		_ = c.SetDeadline(time.Now().Add(testkit.Patience))
		c.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
		head := c.Head()
		c.Body(2)
		sent.Add(1)
		if !strings.HasPrefix(head, "HTTP/1.1 200") {
			failed.Add(1)
			return
		}
		<-time.After(900*time.Millisecond + time.Duration((seed*37+n*53)%200)*time.Millisecond)
	}
}

// idleClosingServer answers, and gives a connection up when nothing comes for 1 s.
func idleClosingServer(t *testing.T, reset bool) string {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		if reset {
			c.Reset()
		}
		for {
			_ = c.SetReadDeadline(time.Now().Add(time.Second))
			if c.Head() == "" || len(c.Body(2)) < 2 {
				return
			}
			c.Answer(200, "ok")
		}
	})
	return s.Addr
}

// TestLargeBodies sends and fetches 2 GiB each: identical bytes, and the balancer's memory stays
// below 64 MiB.
func TestLargeBodies(t *testing.T) {
	const size = 2 << 30
	var uploaded atomic.Uint32
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			h, n := checksum(r.Body)
			uploaded.Store(h)
			fmt.Fprint(w, n)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = io.Copy(w, pattern(size))
	})
	r := run(t, farm("", testkit.Address(s)), nil)
	want, _ := checksum(pattern(size))

	answer, err := http.Get("http://" + r.addr)
	if err != nil {
		t.Fatal(err)
	}
	got, n := checksum(answer.Body)
	answer.Body.Close()
	if got != want || n != size {
		t.Errorf("the download has %d bytes and sum %x, want %x", n, got, want)
	}
	for name, length := range map[string]int64{"with a length": size, "in chunks": -1} {
		request, _ := http.NewRequest(http.MethodPost, "http://"+r.addr, pattern(size))
		request.ContentLength = length
		answer, err = http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(answer.Body)
		if string(b) != strconv.Itoa(size) || uploaded.Load() != want {
			t.Errorf("the upload %s has %s bytes and sum %x, want %x", name, b, uploaded.Load(), want)
		}
	}
	_, peak := testkit.Memory(t, r.Process.Process.Pid)
	t.Logf("peak memory of the balancer: %d MiB", peak>>20)
	if peak >= 64<<20 {
		t.Errorf("the balancer took %d MiB", peak>>20)
	}
}

// pattern yields n bytes that do not repeat in step with any buffer.
func pattern(n int64) io.Reader {
	block := make([]byte, 1_000_003)
	rand.NewChaCha8([32]byte{}).Read(block)
	return io.LimitReader(&repeating{block: block}, n)
}

type repeating struct {
	block []byte
	at    int
}

func (r *repeating) Read(p []byte) (int, error) {
	n := copy(p, r.block[r.at:])
	r.at = (r.at + n) % len(r.block)
	return n, nil
}

func checksum(r io.Reader) (sum uint32, n int64) {
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	n, _ = io.CopyBuffer(h, struct{ io.Reader }{r}, make([]byte, 256<<10))
	return h.Sum32(), n
}
