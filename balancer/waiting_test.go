package balancer_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

const patch = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"

// TestWaiting has a server stop in the middle of an exchange: whoever waits for it is seen to wait
// longer and longer, and nobody else.
func TestWaiting(t *testing.T) {
	answers := func(said string) func(*testkit.Conn) {
		return func(c *testkit.Conn) { c.Head(); c.Send(said); c.Head() }
	}
	for _, test := range []struct {
		name   string
		sent   []string // by the client, the second part once the server has got the first
		server func(*testkit.Conn)
		waits  bool
	}{
		{"for an answer", []string{get}, answers(""), true},
		{"behind an interim answer", []string{get}, answers("HTTP/1.1 103 Early Hints\r\n\r\n"), true},
		{"in the middle of the head", []string{get}, answers("HTTP/1.1 200 OK\r\nContent-"), true},
		{"for more of an answer", []string{get}, answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), false},
		{"in a tunnel", []string{"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"},
			answers("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), false},
		{"for more of the request", []string{patch}, answers(""), false},
		{"once the request is whole", []string{patch, "cde"}, answers(""), true},
		{"until more of the request is taken", []string{strings.Replace(patch, "5", "99999999", 1), strings.Repeat("x", 32<<20)}, func(c *testkit.Conn) { c.Head() }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, end := make(chan struct{}, 1), make(chan struct{})
			stop := sync.OnceFunc(func() { close(end) })
			defer stop()
			s := testkit.RawServer(t, func(c *testkit.Conn) { got <- struct{}{}; test.server(c); <-end })
			f := newFarm(t, retries(0), s.Addr)
			c := f.dial()
			c.Send(test.sent[0])
			<-got
			for _, more := range test.sent[1:] {
				go c.Write([]byte(more)) // which may never be taken
			}
			if test.waits {
				testkit.Eventually(t, "it waits", func() bool { return f.waiting(0) > 100*time.Millisecond })
				first := f.waiting(0)
				testkit.Eventually(t, "it waits on", func() bool { return f.waiting(0) > first+100*time.Millisecond })
			} else {
				testkit.Eventually(t, "nobody waits", func() bool { return f.waiting(0) == 0 })
			}
			c.Close()
			stop()
			testkit.Eventually(t, "nobody waits in the end", func() bool { return f.waiting(0) == 0 })
		})
	}
}

// waiting is for how long a request has been waiting for a server.
func (f *farm) waiting(i int) time.Duration {
	return f.proxy.Table().Backends[0].Waiting(time.Now()).Servers[i]
}

// TestWaitingInTCPMode: as soon as there is a connection, it is anybody's turn.
func TestWaitingInTCPMode(t *testing.T) {
	f := newTCPFarm(t, nil, testkit.RawServer(t, func(c *testkit.Conn) { c.Send("hello"); c.Head() }).Addr)
	f.serveTCP(listen.Bind{Address: "127.0.0.1:0"})
	if got := f.dial().Body(5); got != "hello" {
		t.Fatal(got)
	}
	if w := f.waiting(0); w != 0 {
		t.Errorf("somebody waits for %v", w)
	}
}

// TestCauses has servers fail in all ways, and counts why.
func TestCauses(t *testing.T) {
	good := testkit.RawServer(t, ok).Addr
	serve := func(script func(*testkit.Conn)) string {
		return testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); script(c) }).Addr
	}
	for _, test := range []struct {
		name, addr string
		change     func(*config.Config)
		cause      string
	}{
		{"refused", testkit.RefusingAddr(t), nil, "connection refused"},
		{"closed", serve(func(*testkit.Conn) {}), nil, "the server closed the connection before it answered"},
		{"reset", serve(func(c *testkit.Conn) { c.Reset() }), nil, "the server reset the connection before it answered"},
		{"silent", serve(func(c *testkit.Conn) { c.Head() }), serverTimeout(50 * time.Millisecond), "the server did not answer in time"},
		{"garbage", serve(func(c *testkit.Conn) { c.Send("hello\r\n\r\n") }), nil, "the server's answer is not valid HTTP/1.1"},
		{"status", serve(func(c *testkit.Conn) { c.Answer(503, "") }), nil, "the server answered with a status of retry_on"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFarm(t, func(c *config.Config) {
				c.Backends[0].RetryOn = []string{"conn-failure", "empty-response", "response-timeout", "junk-response", "503"}
				if test.change != nil {
					test.change(c)
				}
			}, test.addr, good)
			c := f.dial()
			c.Send(get)
			if got := status(c.Head()); got != "200" {
				t.Fatalf("got %s", got)
			}
			for what, counts := range map[string]map[string]uint64{"failures": f.server(0).Counters.Failures.Load(), "retries": f.server(0).Counters.RetryCauses.Load()} {
				if len(counts) != 1 || counts[test.cause] != 1 {
					t.Errorf("%s: %v", what, counts)
				}
			}
			if n := f.server(1).Counters.Failures.Load(); n != nil {
				t.Errorf("the other server has failed: %v", n)
			}
			f.server(0).Counters.Clear(true)
			if f.server(0).Counters.Failures.Load() != nil || f.server(0).Counters.RetryCauses.Load() != nil {
				t.Error("they cannot be cleared")
			}
		})
	}
}

// TestCausesWithoutServer: what no server has a part in is the backend's.
func TestCausesWithoutServer(t *testing.T) {
	f := newFarm(t, nil, testkit.RawServer(t, ok).Addr)
	f.server(0).SetUp(false)
	c := f.dial()
	c.Send(get)
	if got := status(c.Head()); got != "503" {
		t.Fatalf("got %s", got)
	}
	counters := f.proxy.Table().Backends[0].Counters
	if n := counters.Failures.Load(); len(n) != 1 || n["no server is usable"] != 1 {
		t.Errorf("the backend's failures are %v", n)
	}
	if n := f.server(0).Counters.Failures.Load(); n != nil {
		t.Errorf("the server's failures are %v", n)
	}
	counters.Clear(true)
	if counters.Failures.Load() != nil {
		t.Error("they cannot be cleared")
	}
}
