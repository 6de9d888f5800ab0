package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/testkit"
)

// figuresPatience bounds the life of a connection of the comparison of figures.
const figuresPatience = 2 * time.Minute

// figuresSignals are told by servers and awaited by clients, and the other way round.
type figuresSignals struct {
	channels sync.Map
	last     atomic.Int64
}

// key returns a key that has not been used.
func (s *figuresSignals) key() string { return strconv.FormatInt(s.last.Add(1), 10) }

func (s *figuresSignals) of(key string) chan struct{} {
	c, _ := s.channels.LoadOrStore(key, make(chan struct{}, 1))
	return c.(chan struct{})
}

// tell tells whether it is the first time.
func (s *figuresSignals) tell(key string) bool {
	select {
	case s.of(key) <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s *figuresSignals) await(t *testing.T, key string) {
	select {
	case <-s.of(key):
	case <-time.After(figuresPatience):
		t.Errorf("nothing was heard of %s", key)
	}
}

// toldServer is a server that does with a request what its field X-Do says.
type toldServer struct {
	t       *testing.T
	signals *figuresSignals
}

func (s *toldServer) serve(c *testkit.Conn) {
	_ = c.SetDeadline(time.Now().Add(figuresPatience))
	for {
		r, err := http.ReadRequest(c.R)
		if err != nil {
			return
		}
		do := strings.Fields(r.Header.Get("X-Do"))
		if len(do) == 0 { // a health check
			answerSized(c, "200", 2)
			return
		}
		if do[0] == "stall" { // in the middle of the request
			s.signals.tell(do[1])
			_, _ = io.Copy(io.Discard, c.R)
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil || !s.does(c, do, r.Method) {
			return
		}
	}
}

// does answers and tells whether the connection goes on.
func (s *toldServer) does(c *testkit.Conn, do []string, method string) bool {
	size := 0
	if len(do) > 2 {
		size, _ = strconv.Atoi(do[2])
	}
	switch do[0] {
	case "answer":
		if method == "HEAD" {
			c.Send(fmt.Sprintf("HTTP/1.1 %s X\r\nContent-Length: %d\r\n\r\n", do[1], size))
			return true
		}
		answerSized(c, do[1], size)
		return true
	case "chunked":
		c.Send(fmt.Sprintf("HTTP/1.1 %s X\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", do[1], size, filler(size)))
		return true
	case "hints":
		c.Send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
		answerSized(c, "200", 10)
		return true
	case "slow":
		<-time.After(slowAnswer)
		answerSized(c, "200", 10)
		return true
	case "flaky":
		if s.signals.tell(do[1]) {
			return false
		}
		answerSized(c, "200", 10)
		return true
	case "upgrade":
		c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		c.Send(c.Body(4))
	case "junk":
		c.Send("hello\r\n\r\n")
	case "part":
		c.Send("HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n" + filler(500))
		_, _ = io.Copy(io.Discard, c.R)
	case "cut":
		c.Send("HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n" + filler(500))
		s.signals.await(s.t, do[1])
	case "silent":
		s.signals.tell(do[1])
		_, _ = io.Copy(io.Discard, c.R)
	}
	return false
}

const slowAnswer = 20 * time.Millisecond // of "slow"

func answerSized(c *testkit.Conn, status string, size int) {
	if status == "204" || status == "304" {
		c.Send("HTTP/1.1 " + status + " X\r\n\r\n")
		return
	}
	c.Send(fmt.Sprintf("HTTP/1.1 %s X\r\nContent-Length: %d\r\n\r\n%s", status, size, filler(size)))
}

const mebibyte = 1 << 20

var fillerText = strings.Repeat("x", mebibyte)

func filler(n int) string { return fillerText[:n] }

// figuresClient asks a balancer, one request after the other.
type figuresClient struct {
	t       *testing.T
	side    *figuresSide
	addr    string
	signals *figuresSignals
	conn    *testkit.Conn // nil: none
}

// ask sends a request and reads the whole answer; do is the server's X-Do.
func (c *figuresClient) ask(method, path, do, body string, fields ...string) *http.Response {
	c.t.Helper()
	if method != "GET" && method != "HEAD" {
		fields = append(fields, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return c.exchange(method, headOf(method, path, do, fields...)+body)
}

// get is ask for a path of no matter.
func (c *figuresClient) get(do string, fields ...string) *http.Response {
	c.t.Helper()
	return c.ask("GET", "/", do, "", fields...)
}

// once is get over a connection of its own.
func (c *figuresClient) once(do string, fields ...string) *http.Response {
	c.t.Helper()
	c.hangUp()
	defer c.hangUp()
	return c.get(do, append(fields, "Connection: close")...)
}

func headOf(method, path, do string, fields ...string) string {
	head := method + " " + path + " HTTP/1.1\r\nHost: h\r\n"
	if do != "" {
		head += "X-Do: " + do + "\r\n"
	}
	for _, f := range fields {
		head += f + "\r\n"
	}
	return head + "\r\n"
}

// exchange sends text as it is and reads an answer; nil if there is none.
func (c *figuresClient) exchange(method, text string) *http.Response {
	c.t.Helper()
	c.dial().Send(text)
	for {
		answer, err := http.ReadResponse(c.conn.R, &http.Request{Method: method})
		if err != nil {
			c.hangUp()
			return nil
		}
		if answer.StatusCode < 200 && answer.StatusCode != 101 {
			continue
		}
		if answer.StatusCode != 101 {
			_, err = io.Copy(io.Discard, answer.Body)
		}
		if answer.Close || err != nil {
			c.hangUp()
		}
		return answer
	}
}

func (c *figuresClient) dial() *testkit.Conn {
	c.t.Helper()
	if c.conn == nil {
		c.conn = testkit.Dial(c.t, c.addr)
		c.conn.R = bufio.NewReaderSize(c.conn.Conn, 64<<10)
		_ = c.conn.SetDeadline(time.Now().Add(figuresPatience))
	}
	return c.conn
}

func (c *figuresClient) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// cut reads the part of an answer that comes, and then lets the server break it off.
func (c *figuresClient) cut() {
	c.t.Helper()
	key := c.signals.key()
	c.dial().Send(headOf("GET", "/", "cut "+key, "Connection: close"))
	c.conn.Head()
	c.conn.Body(500)
	c.signals.tell(key)
	_, _ = c.conn.Rest()
	c.hangUp()
}

// abort reads the part of an answer that comes, and leaves.
func (c *figuresClient) abort() {
	c.t.Helper()
	c.dial().Send(headOf("GET", "/", "part"))
	c.conn.Head()
	c.conn.Body(500)
	c.hangUp()
}

// leave leaves as soon as a server has the request, or what there is of it.
func (c *figuresClient) leave(method, do, body string, fields ...string) {
	c.t.Helper()
	key := c.signals.key()
	c.dial().Send(headOf(method, "/", do+" "+key, fields...) + body)
	c.signals.await(c.t, key)
	c.conn.Reset()
	c.hangUp()
}
