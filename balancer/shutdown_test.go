package balancer_test

import (
	"io"
	"testing"

	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

func shutdownSessions(c *config.Config) { c.Backends[0].OnMarkedDown = "shutdown-sessions" }

// When a server goes down, what runs on it ends, if that is wanted.
func TestSessionsEndWithTheirServer(t *testing.T) {
	for _, tc := range []struct {
		name, request, answer string
		change                func(*config.Config)
		ends                  bool
	}{
		{"an answer", get, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab", shutdownSessions, true},
		{"an upgrade", "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n",
			"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nab", shutdownSessions, true},
		{"nobody wants that", get, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab", nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			more := make(chan struct{})
			s := testkit.RawServer(t, func(c *testkit.Conn) {
				c.Head()
				c.Send(tc.answer)
				<-more
				c.Send("cdefghij")
			})
			f := newFarm(t, tc.change, s.Addr)
			c := f.dial()
			c.Send(tc.request)
			c.Head()
			c.Body(2)
			f.server(0).SetUp(false)
			if !tc.ends {
				close(more)
				c.Body(8)
				if l := f.line(0); l.Termination != "----" {
					t.Errorf("the log says %s %q", l.Termination, l.Reason)
				}
				return
			}
			defer close(more)
			if rest, err := c.Rest(); rest != "" {
				t.Errorf("the client got %q, %v", rest, err)
			}
			l := f.line(0)
			if l.Termination != "DD--" || l.Server != "s1" {
				t.Errorf("the log says %s %q of %q", l.Termination, l.Reason, l.Server)
			}
			k := &f.server(0).Counters
			if k.ClientAborts.Load() != 0 || k.ServerAborts.Load() != 0 {
				t.Error("somebody was blamed")
			}
		})
	}
}

func TestTCPSessionsEndWithTheirServer(t *testing.T) {
	f := newTCPFarm(t, shutdownSessions, talker(t))
	f.serveTCP(listen.Bind{Address: "127.0.0.1:0"})
	c := f.dial()
	c.Body(6)
	f.server(0).SetUp(false)
	if _, err := c.Rest(); err == io.EOF {
		t.Error("the client sees the end of a stream, want a reset")
	}
	if l := f.line(0); l.Termination != "DD--" || l.Reason != "s1: went down, and the session was ended" {
		t.Errorf("the log says %s %q", l.Termination, l.Reason)
	}
}
