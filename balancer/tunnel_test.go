package balancer_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
)

const (
	upgrade = "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: custom\r\n\r\n"
	websock = "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: abc\r\n\r\n"
)

func TestTunnel(t *testing.T) {
	seen := make(chan string, 1)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		seen <- c.Head()
		c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: custom\r\nX: y\r\n\r\nhello")
		c.Send(strings.ToUpper(c.Body(4)))
		rest, _ := c.Rest() // the client's end is seen here, and the answer still gets through
		c.Send("rest " + rest)
	})
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send(upgrade + "ping")
	if head := <-seen; !strings.Contains(head, "\r\nUpgrade: custom\r\nConnection: Upgrade\r\n") || strings.Contains(head, "keep-alive") {
		t.Errorf("the server got %q", head)
	}
	want := "HTTP/1.1 101 Switching Protocols\r\nX: y\r\nUpgrade: custom\r\nConnection: Upgrade\r\n\r\n"
	if head := c.Head(); head != want {
		t.Errorf("got %q, want %q", head, want)
	}
	if got := c.Body(9); got != "helloPING" {
		t.Errorf("got %q", got)
	}
	testkit.Eventually(t, "bytes are counted while the tunnel is open", func() bool {
		return f.server(0).Counters.BytesIn.Load() == 4 && f.server(0).Counters.BytesOut.Load() == 9
	})
	c.Send("last")
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	if rest, err := c.Rest(); rest != "rest last" || err != io.EOF {
		t.Errorf("got %q, %v", rest, err)
	}
	if l := f.line(0); l.Status != 101 || l.Termination != "----" || l.BytesOut != uint64(len(want)+18) ||
		string(l.Method) != "GET" || string(l.Target) != "/chat" {
		t.Errorf("the log says %+v", l)
	}
	if cur, _ := f.server(0).Counters.Sessions.Load(); cur != 0 {
		t.Errorf("%d sessions are left", cur)
	}
}

// TestUpgradeRules sends requests for another protocol and answers to them: the server gets an
// Upgrade field or not, the client gets a status.
func TestUpgradeRules(t *testing.T) {
	const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
	for _, test := range []struct {
		name, request, answer string
		asked                 bool
		status                string
	}{
		{"accepted", websock, switching + "Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n", true, "101"},
		{"declined", websock, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", true, "403"},
		{"no accept", websock, switching + "Upgrade: websocket\r\n\r\n", true, "502"},
		{"another protocol", upgrade, switching + "Upgrade: other\r\n\r\n", true, "502"},
		{"no connection token", upgrade, "HTTP/1.1 101 S\r\nUpgrade: custom\r\n\r\n", true, "502"},
		{"not asked", get, switching + "Upgrade: custom\r\n\r\n", false, "502"},
		{"no key", strings.Replace(websock, "Sec-WebSocket-Key", "X", 1), "", false, "400"},
		{"h2c", strings.Replace(upgrade, "custom", "h2c", 1), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "200"},
		{"a list", strings.Replace(upgrade, "custom", "custom, h2c", 1), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "200"},
		{"no token", strings.Replace(upgrade, "keep-alive, Upgrade", "keep-alive", 1), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "200"},
		{"with a body", strings.Replace(upgrade, "Upgrade:", "Content-Length: 2\r\nUpgrade:", 1) + "ab", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "200"},
		{"HTTP/1.0", strings.Replace(upgrade, "HTTP/1.1", "HTTP/1.0", 1), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := make(chan string, 1)
			s := testkit.RawServer(t, func(c *testkit.Conn) {
				seen <- c.Head()
				c.Send(test.answer)
				c.Head()
			})
			f := newFarm(t, retries(0), s.Addr)
			c := f.dial()
			c.Send(test.request)
			if got := status(c.Head()); got != test.status {
				t.Errorf("the client got %s, want %s", got, test.status)
			}
			select {
			case head := <-seen:
				if asked := strings.Contains(head, "Upgrade:"); asked != test.asked {
					t.Errorf("the server got %q", head)
				}
			default:
				if test.status != "400" {
					t.Error("the server got nothing")
				}
			}
		})
	}
}

// A tunnel lives as long as one side speaks, and ends when neither has for timeout.tunnel.
func TestTunnelTimeout(t *testing.T) {
	const timeout = 600 * time.Millisecond
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: custom\r\n\r\n")
		tick := time.NewTicker(timeout / 6)
		defer tick.Stop()
		for range 12 { // two time-outs long only the server speaks
			<-tick.C
			c.Send("x")
		}
		c.Head()
	})
	f := newFarm(t, func(c *config.Config) {
		c.Backends[0].Timeout.Tunnel = timeout
		c.Frontends[0].Timeout.Client = timeout / 2
		c.Backends[0].Timeout.Server = timeout / 2
	}, s.Addr)
	c := f.dial()
	c.Send(upgrade)
	c.Head()
	start := time.Now()
	rest, _ := c.Rest()
	if rest != strings.Repeat("x", 12) {
		t.Errorf("got %q", rest)
	}
	if took := time.Since(start); took < 3*timeout || took > 5*time.Second {
		t.Errorf("it ended after %v", took)
	}
	if l := f.line(0); l.Termination != "cD--" {
		t.Errorf("the log says %+v", l)
	}
}

// Either side that breaks off ends the tunnel for the other one, at once.
func TestTunnelBreaks(t *testing.T) {
	for _, byClient := range []bool{true, false} {
		open, gone := make(chan struct{}), make(chan struct{})
		s := testkit.RawServer(t, func(c *testkit.Conn) {
			defer close(gone)
			c.Head()
			c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: custom\r\n\r\n")
			<-open
			if !byClient {
				c.Reset()
				return
			}
			c.Head()
		})
		f := newFarm(t, nil, s.Addr)
		c := f.dial()
		c.Send(upgrade)
		c.Head()
		if byClient {
			c.Reset()
			c.Conn.Close()
		}
		close(open)
		<-gone
		if !byClient {
			c.Closed()
		}
		want := "SD--"
		if byClient {
			want = "CD--"
		}
		if l := f.line(0); l.Status != 101 || l.Termination != want {
			t.Errorf("by client %v: the log says %+v", byClient, l)
		}
	}
}
