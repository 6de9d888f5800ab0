package main_test

import (
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	_ "github.com/go-sql-driver/mysql"

	"relais/internal/testkit"
	"relais/internal/testkit/mariadb"
)

// tcpFarm is a configuration of TCP mode. more is put into the backend.
func tcpFarm(more string, addrs ...string) string {
	return "defaults: {mode: tcp}\n" + farm(more, addrs...)
}

// TestMariaDB has clients write through the balancer to two database servers, of which one is
// killed under load and comes back. A client loses the connections that its server had, and
// nothing else: each new one leads to a server that is there, and what was acknowledged is where
// the acknowledgement came from, once.
func TestMariaDB(t *testing.T) {
	servers := []*mariadb.Server{mariadb.New(t), mariadb.New(t)}
	var addrs []string
	for _, s := range servers {
		s.Start()
		s.CreateDatabase("app", "user", "secret")
		s.Exec("CREATE TABLE app.written (id VARCHAR(40) PRIMARY KEY)")
		addrs = append(addrs, fmt.Sprintf("127.0.0.1:%d", s.Port))
	}
	r := run(t, tcpFarm("health_check: {type: tcp, inter: 200ms, fall: 2, rise: 1}\n", addrs...), nil)
	w := &writers{addr: r.addr, acknowledged: map[int][]string{}, stop: make(chan struct{})}
	for i := range 8 {
		w.workers.Go(func() { w.work(t, i) })
	}
	w.proceed(t, 500)
	servers[0].Kill()
	w.killed.Store(true)
	testkit.Eventually(t, "web1 is down", func() bool { return strings.HasPrefix(r.column(t, "app", "web1", "status"), "DOWN") })
	w.proceed(t, 500)
	servers[0].Start()
	testkit.Eventually(t, "web1 is up", func() bool { return r.column(t, "app", "web1", "status") == "UP" })
	w.proceed(t, 500)
	close(w.stop)
	w.workers.Wait()

	for _, s := range servers {
		w.verify(t, s)
	}
	if n := w.refused.Load(); n > 0 {
		t.Errorf("%d connections made after the kill failed, the first with %v", n, *w.firstFailure.Load())
	}
	t.Logf("%d connections, %d writes acknowledged, %d lost with their connection, %s retries", w.connections.Load(), w.written.Load(),
		w.lost.Load(), r.column(t, "app", "BACKEND", "wretr"))
	testkit.Eventually(t, "a line for each connection", func() bool { return strings.Count(r.Stdout.String(), `"mode":"tcp"`) == int(w.connections.Load()) })
}

// writers write rows through new connections, ten on each.
type writers struct {
	addr                                string
	workers                             sync.WaitGroup
	stop                                chan struct{}
	connections, refused, written, lost atomic.Int64
	firstFailure                        atomic.Pointer[error]
	killed                              atomic.Bool

	mu           sync.Mutex
	acknowledged map[int][]string // by the port of the server
}

func (w *writers) proceed(t *testing.T, n int64) {
	t.Helper()
	goal := w.written.Load() + n
	testkit.Eventually(t, "rows are written", func() bool { return w.written.Load() >= goal })
}

func (w *writers) work(t *testing.T, worker int) {
	for round := 0; ; round++ {
		select {
		case <-w.stop:
			return
		default:
		}
		db, err := sql.Open("mysql", "user:secret@tcp("+w.addr+")/app")
		if err != nil {
			t.Error(err)
			return
		}
		db.SetMaxOpenConns(1)
		w.write(t, db, fmt.Sprintf("%d.%d", worker, round))
		db.Close()
	}
}

func (w *writers) write(t *testing.T, db *sql.DB, prefix string) {
	ctx := t.Context()
	w.connections.Add(1)
	killed := w.killed.Load()
	conn, err := db.Conn(ctx)
	switch {
	case err != nil && !killed:
		w.lost.Add(1) // with the server, which had accepted it
		return
	case err != nil:
		w.refused.Add(1)
		w.firstFailure.CompareAndSwap(nil, &err)
		return
	}
	defer conn.Close()
	port := 0
	if conn.QueryRowContext(ctx, "SELECT @@port").Scan(&port) != nil {
		w.lost.Add(1)
		return
	}
	for i := range 10 {
		id := fmt.Sprintf("%s.%d", prefix, i)
		if _, err := conn.ExecContext(ctx, "INSERT INTO written VALUES (?)", id); err != nil {
			w.lost.Add(1)
			return
		}
		w.written.Add(1)
		w.mu.Lock()
		w.acknowledged[port] = append(w.acknowledged[port], id)
		w.mu.Unlock()
	}
}

// verify looks for every row that a server acknowledged.
func (w *writers) verify(t *testing.T, s *mariadb.Server) {
	t.Helper()
	db := s.Root("app")
	defer db.Close()
	rows, err := db.Query("SELECT id FROM written")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		there[id] = true
	}
	missing := 0
	for _, id := range w.acknowledged[s.Port] {
		if !there[id] {
			missing++
		}
	}
	if missing > 0 || len(w.acknowledged[s.Port]) == 0 {
		t.Errorf("of %d acknowledged rows %d are missing", len(w.acknowledged[s.Port]), missing)
	}
}

// TestTenThousandConnections keeps 10,000 connections to echo servers open at once, or in turn as
// many as the open files allow. Each says something of its own, several times, and hears the same.
func TestTenThousandConnections(t *testing.T) {
	const all = 10_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	atOnce := min(all, int(limit.Max-1000)/2) // the balancer has two ends of each
	var addrs []string
	for range 3 {
		addrs = append(addrs, echoProcess(t))
	}
	r := run(t, tcpFarm("", addrs...), nil)
	for left := all; left > 0; left -= atOnce {
		r.echoAll(t, min(atOnce, left))
	}
	for i := range addrs {
		if got := r.column(t, "app", fmt.Sprintf("web%d", i+1), "stot"); got != fmt.Sprint(all/3) && got != fmt.Sprint(all/3+1) {
			t.Errorf("web%d got %s of %d connections", i+1, got, all)
		}
	}
}

// echoAll has n connections open at once.
func (r *running) echoAll(t *testing.T, n int) {
	t.Helper()
	conns := make([]*net.TCPConn, n)
	for i := range conns {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns[i] = c.(*net.TCPConn)
	}
	for round := range 3 {
		say := func(i int) string { return fmt.Sprintf("%06d.%d|%s", i, round, strings.Repeat("x", i%50)) }
		for i, c := range conns {
			if _, err := io.WriteString(c, say(i)); err != nil {
				t.Fatal(err)
			}
		}
		for i, c := range conns {
			got := make([]byte, len(say(i)))
			if _, err := io.ReadFull(c, got); err != nil || string(got) != say(i) {
				t.Fatalf("connection %d, round %d: %q, %v", i, round, got, err)
			}
		}
	}
	if open := r.column(t, "web", "FRONTEND", "scur"); open != fmt.Sprint(n) {
		t.Errorf("%s sessions are open, want %d", open, n)
	}
	memory, _ := testkit.Memory(t, r.Process.Process.Pid)
	t.Logf("%d connections, %d KiB in all, %.1f KiB each", n, memory>>10, float64(memory)/1024/float64(n))
	for i, c := range conns { // each ends its side, and hears the other end
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Fatalf("connection %d ended with %q, %v", i, rest, err)
		}
	}
	testkit.Eventually(t, "all sessions have ended", func() bool { return r.column(t, "web", "FRONTEND", "scur") == "0" })
}

// echoProcess starts a server that says what it hears, as a process with descriptors of its own.
func echoProcess(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := testkit.Start(t, func(c *exec.Cmd) { c.Env = append(os.Environ(), echoVariable+"=1") }, self)
	testkit.Eventually(t, "the echo server tells its address", func() bool { return strings.HasSuffix(p.Stdout.String(), "\n") })
	return strings.TrimSpace(p.Stdout.String())
}

// echoVariable makes the test program an echo server.
const echoVariable = "RELAIS_TEST_ECHO"

func echo() int {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(ln.Addr())
	for {
		c, err := ln.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer c.Close()
			_, _ = io.Copy(c, c)
		}()
	}
}
