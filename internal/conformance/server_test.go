package conformance

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/testkit"
)

// probe is sent behind a case to see whether the connection goes on; servers answer it and tell
// nobody.
const (
	probe       = "GET /probe HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	probeAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nprobe"
)

// scripted is the server of one case.
type scripted struct {
	addr    string
	answers []string

	mu   sync.Mutex
	got  []message
	open int // requests that are still being read
}

func newScripted(t *testing.T, c testCase) *scripted {
	s := &scripted{answers: c.answers}
	if len(s.answers) == 0 {
		s.answers = []string{plain}
	}
	s.addr = listen(t, s.serve)
	return s
}

// apart is an address of this machine that other tests do not use: no health check of theirs may
// come here because a port was theirs before.
const apart = "127.0.0.77:0"

// listen runs script on each connection to the address that it returns.
func listen(t *testing.T, script func(*testkit.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", apart)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				script(testkit.NewConn(t, conn))
			}()
		}
	}()
	return ln.Addr().String()
}

// serve reads requests and answers each as told.
func (s *scripted) serve(c *testkit.Conn) {
	for {
		m := message{}
		if m.readHead(c.R) != nil && m.head == "" {
			return
		}
		if strings.HasPrefix(m.head, "GET /probe ") {
			c.Send(probeAnswer)
			continue
		}
		if !s.exchange(c, m) {
			return
		}
	}
}

// exchange answers one request and tells whether the connection goes on. The request is recorded
// before its answer is sent, so that who has the answer finds it.
func (s *scripted) exchange(c *testkit.Conn, m message) bool {
	script, index := s.begin(m)
	if later, ok := strings.CutPrefix(script, early); ok {
		s.record(index, m)
		return play(c.Conn, later, nil) && m.readBody(c.R, false, false) == nil
	}
	if before, after, ok := strings.Cut(script, body); ok {
		play(c.Conn, before, nil)
		script = after
	}
	if !m.cut {
		_ = m.readBody(c.R, false, false)
	}
	s.record(index, m)
	return !m.cut && play(c.Conn, script, nil)
}

func (s *scripted) begin(m message) (script string, index int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, m)
	s.open++
	index = len(s.got) - 1
	return s.answers[min(index, len(s.answers)-1)], index
}

func (s *scripted) record(index int, m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got[index] = m
	s.open--
}

// requests returns what the server has got, once it has read what it has begun to read.
func (s *scripted) requests(t *testing.T) []message {
	t.Helper()
	var got []message
	testkit.Eventually(t, "the server has read its requests", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		got = append([]message(nil), s.got...)
		return s.open == 0
	})
	return got
}

// pieces is how long a script waits so that two pieces arrive as two.
const pieces = 20 * time.Millisecond

// play sends a script. It stops at an answer mark by calling await, and tells whether the
// connection is still open for sending.
func play(c net.Conn, script string, await func()) bool {
	for script != "" {
		text, rest, marked := strings.Cut(script, "‹")
		if text != "" {
			if _, err := c.Write([]byte(text)); err != nil {
				return false
			}
		}
		if !marked {
			return true
		}
		mark, rest, _ := strings.Cut(rest, "›")
		script = rest
		switch "‹" + mark + "›" {
		case pause:
			timer := time.NewTimer(pieces)
			<-timer.C
		case answer:
			await()
		case half:
			_ = c.(*net.TCPConn).CloseWrite()
		case shut:
			_ = c.Close()
			return false
		case reset:
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
			return false
		case hang:
			_, _ = c.Read(make([]byte, 1))
			return false
		}
	}
	return true
}
