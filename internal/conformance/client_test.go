package conformance

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// seen is what came of a case.
type seen struct {
	server []message
	client []message
	end    string
	took   time.Duration // from the last byte of the script to the end
}

// client plays the script of a case.
type client struct {
	*testkit.Conn
	methods []string
	seen    seen
	final   int // answers that are not interim
	ended   error
}

var requestLine = regexp.MustCompile(`([A-Z]+) [^ \r\n]+ HTTP/1\.[01]\r\n`)

// run plays a case against addr and tells what became of it.
func run(t *testing.T, c testCase, addr string, s *scripted) seen {
	t.Helper()
	cl := &client{Conn: testkit.Dial(t, addr)}
	_ = cl.SetDeadline(time.Now().Add(testkit.Patience))
	for _, m := range requestLine.FindAllStringSubmatch(c.send, -1) {
		cl.methods = append(cl.methods, m[1])
	}
	script, hung := strings.CutSuffix(c.send, hang)
	open := play(cl.Conn.Conn, script, cl.await)
	sent := time.Now()
	for len(cl.seen.client) < len(c.want) && cl.ended == nil {
		cl.await()
	}
	if open && !hung && cl.ended == nil && !cl.closing() && !strings.Contains(c.send, half) {
		cl.Send(probe)
		cl.methods = append(cl.methods[:min(len(cl.methods), cl.final)], "GET")
	}
	for cl.ended == nil {
		cl.await()
	}
	cl.seen.took = time.Since(sent)
	cl.finish()
	cl.seen.server = s.requests(t)
	return cl.seen
}

// await reads one answer.
func (c *client) await() {
	if c.ended != nil {
		return
	}
	m := message{}
	err := m.readHead(c.R)
	if err == nil {
		toHead := c.final < len(c.methods) && c.methods[c.final] == "HEAD"
		err = m.readBody(c.R, true, toHead)
		if m.status() >= 200 {
			c.final++
		}
		if err == nil && !m.cut && endless(m, toHead) {
			err = io.EOF
		}
	}
	if m.raw != "" {
		c.seen.client = append(c.seen.client, m)
	}
	c.ended = err
}

// endless tells whether only the end of the connection ended an answer.
func endless(m message, toHead bool) bool {
	s := m.status()
	return !toHead && s >= 200 && s != 204 && s != 304 && m.field("content-length") == "" && m.field("transfer-encoding") == ""
}

// closing tells whether the last answer announced the end.
func (c *client) closing() bool {
	n := len(c.seen.client)
	return n > 0 && strings.EqualFold(c.seen.client[n-1].field("connection"), "close")
}

// finish names the end. The answer to the probe is not part of what was seen.
func (c *client) finish() {
	n := len(c.seen.client)
	switch {
	case n > 0 && c.seen.client[n-1].body == "probe":
		c.seen.end, c.seen.client = kept, c.seen.client[:n-1]
	case errors.Is(c.ended, syscall.ECONNRESET):
		c.seen.end = broken
	case errors.Is(c.ended, io.EOF), errors.Is(c.ended, io.ErrUnexpectedEOF), errors.Is(c.ended, syscall.EPIPE):
		c.seen.end = closed
	default:
		c.seen.end = "open: " + c.ended.Error()
	}
}
