package balancer_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"relais/balancer/accesslog"
	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

// newTCPFarm is a farm in TCP mode.
func newTCPFarm(t *testing.T, change func(*config.Config), addrs ...string) *farm {
	t.Helper()
	return newFarm(t, func(c *config.Config) {
		c.Frontends[0].Mode, c.Backends[0].Mode = "tcp", "tcp"
		if change != nil {
			change(c)
		}
	}, addrs...)
}

// serveTCP opens another bind of the farm's frontend, in TCP mode.
func (f *farm) serveTCP(b listen.Bind) {
	f.t.Helper()
	ln, err := listen.Open(b, nil, func(c net.Conn) net.Conn { return c })
	if err != nil {
		f.t.Fatal(err)
	}
	f.addr = ln.Addr().String()
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() {
				f.proxy.ServeTCP(f.proxy.Table().Frontends[0], conn)
				ln.Release(conn)
			})
		}
	})
	f.t.Cleanup(func() {
		ln.Close()
		ln.CloseConns()
		sessions.Wait()
	})
}

// talker greets, repeats what it hears, and says goodbye when the client has ended its side.
func talker(t *testing.T) string {
	return testkit.RawServer(t, func(c *testkit.Conn) {
		c.Send("hello|")
		_, _ = io.Copy(c, c)
		c.Send("|bye")
	}).Addr
}

func TestTCP(t *testing.T) {
	f := newTCPFarm(t, nil, talker(t))
	f.serveTCP(listen.Bind{Address: "127.0.0.1:0"})
	c := f.dial()
	if got := c.Body(6); got != "hello|" { // the server speaks first
		t.Fatalf("got %q", got)
	}
	c.Send("a\x00\r\n\r\nb")
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Rest(); got != "a\x00\r\n\r\nb|bye" || err != io.EOF {
		t.Errorf("got %q, %v", got, err)
	}
	l := f.line(0)
	want := accesslog.Entry{
		TCP: true, Frontend: "web", Backend: "app", Server: "s1", Termination: "----", BytesIn: 7, BytesOut: 17,
		Time: l.Time, ID: l.ID, Client: l.Client,
		Timers: accesslog.Timers{Request: -1, Connect: l.Timers.Connect, Response: -1, Total: l.Timers.Total},
	}
	if !l.Client.IsValid() || l.Timers.Connect < 0 || l.Timers.Total < l.Timers.Connect || !equal(l, want) {
		t.Errorf("the log says %+v", l)
	}
	s := &f.server(0).Counters
	if now, most := s.Sessions.Load(); now != 0 || most != 1 || s.BytesIn.Load() != 7 || s.BytesOut.Load() != 17 || s.SessionsTotal.Load() != 1 {
		t.Errorf("the server counted %+v", s)
	}
}

func equal(a, b accesslog.Entry) bool {
	a.ID, b.ID, a.Method, a.Target = nil, nil, nil, nil
	return a.Time == b.Time && a.Timers == b.Timers && a.TCP == b.TCP && a.Frontend == b.Frontend && a.Backend == b.Backend &&
		a.Server == b.Server && a.Termination == b.Termination && a.BytesIn == b.BytesIn && a.BytesOut == b.BytesOut && a.Reason == b.Reason
}

// A server that refuses the connection is left for another one, before the client notices.
func TestTCPGoesElsewhere(t *testing.T) {
	f := newTCPFarm(t, nil, testkit.RefusingAddr(t), talker(t))
	f.serveTCP(listen.Bind{Address: "127.0.0.1:0"})
	c := f.dial()
	if got := c.Body(6); got != "hello|" {
		t.Fatalf("got %q", got)
	}
	c.Close()
	l := f.line(0)
	if l.Server != "s2" || l.Retries != 1 || !l.Redispatched || l.Reason != "s1: connection refused; answered by s2" {
		t.Errorf("the log says %+v", l)
	}
}

func TestTCPFailures(t *testing.T) {
	resetting := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Body(1)
		c.Reset()
	})
	silent := testkit.RawServer(t, func(c *testkit.Conn) { _, _ = c.Rest() })
	for _, test := range []struct {
		name, addr, termination, reason string
		change                          func(*config.Config)
	}{
		{"no server", silent.Addr, "SC--", "no server is usable", func(c *config.Config) { c.Backends[0].Servers[0].Disabled = true }},
		{"refused", testkit.RefusingAddr(t), "SC--", "s1: connection refused", retries(0)},
		{"reset", resetting.Addr, "SD--", "s1: reset the connection", nil},
		{
			"silence", silent.Addr, "cD--", "no byte passed for timeout.tunnel",
			func(c *config.Config) { c.Backends[0].Timeout.Tunnel = 50 * time.Millisecond },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newTCPFarm(t, test.change, test.addr)
			f.serveTCP(listen.Bind{Address: "127.0.0.1:0"})
			c := f.dial()
			_, _ = c.Write([]byte("x"))
			if got, _ := c.Rest(); got != "" {
				t.Errorf("the client got %q", got)
			}
			if l := f.line(0); l.Termination != test.termination || l.Reason != test.reason {
				t.Errorf("the log says %q, %q", l.Termination, l.Reason)
			}
		})
	}
}

// Connections beyond the server's maxconn wait for their turn, and no longer than timeout.queue.
func TestTCPQueue(t *testing.T) {
	f := newTCPFarm(t, func(c *config.Config) {
		c.Backends[0].Servers[0].Maxconn = 1
		c.Backends[0].Timeout.Queue = 300 * time.Millisecond
	}, talker(t))
	f.serveTCP(listen.Bind{Address: "127.0.0.1:0"})
	first := f.dial()
	first.Body(6)
	late := f.dial()
	if got, _ := late.Rest(); got != "" {
		t.Errorf("beyond maxconn: %q", got)
	}
	if l := f.line(0); l.Termination != "sQ--" || l.Timers.Queue < 300_000 {
		t.Errorf("the log says %+v", l)
	}
	next := f.dial()
	first.Close()
	if got := next.Body(6); got != "hello|" {
		t.Errorf("after the first has gone: %q", got)
	}
}

// What comes before the application's bytes is read first, and only so long.
func TestTCPBindThatExpectsAHeader(t *testing.T) {
	f := newTCPFarm(t, func(c *config.Config) { c.Frontends[0].Timeout.HTTPRequest = 300 * time.Millisecond }, talker(t))
	f.serveTCP(listen.Bind{Address: "127.0.0.1:0", Proxy: &listen.Proxy{From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	c := f.dial()
	c.Send("PROXY TCP4 192.0.2.1 192.0.2.2 1000 2000\r\nhi")
	if got := c.Body(8); got != "hello|hi" {
		t.Errorf("got %q", got)
	}
	silent := f.dial()
	if got, _ := silent.Rest(); got != "" {
		t.Errorf("without a header: %q", got)
	}
	c.Close()
	if l := f.line(0); l.Client.String() != "192.0.2.1:1000" {
		t.Errorf("the client is %s", l.Client)
	}
}

// A server behind TLS gets what a plain one gets, and the end of the client's stream as such.
func TestTCPToTLS(t *testing.T) {
	authority := testkit.NewAuthority(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{authority.Pair(t, "a.example")}})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c)
		_, _ = io.WriteString(c, "|bye")
	}()
	f := newTCPFarm(t, func(c *config.Config) {
		c.Backends[0].Servers[0].TLS = &config.ServerTLS{SNI: "a.example"}
	}, ln.Addr().String())
	f.serveTCP(listen.Bind{Address: "127.0.0.1:0"})
	c := f.dial()
	c.Send("hello")
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Rest(); got != "hello|bye" || err != io.EOF {
		t.Errorf("got %q, %v", got, err)
	}
}

// The server is told who the client is.
func TestTCPSendsAProxyHeader(t *testing.T) {
	heads := make(chan string, 1)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		line, _ := c.Rest()
		heads <- line
	})
	f := newTCPFarm(t, func(c *config.Config) { c.Backends[0].Servers[0].SendProxy = "v1" }, s.Addr)
	f.serveTCP(listen.Bind{Address: "127.0.0.1:0"})
	c := f.dial()
	c.Send("hello")
	from, to := c.LocalAddr().(*net.TCPAddr), c.RemoteAddr().(*net.TCPAddr)
	c.Close()
	if got, want := <-heads, fmt.Sprintf("PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\nhello", from.Port, to.Port); got != want {
		t.Errorf("the server got %q, want %q", got, want)
	}
}
