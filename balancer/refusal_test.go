package balancer_test

import (
	"maps"
	"net/netip"
	"strings"
	"testing"

	"relais/internal/config"
	"relais/internal/testkit"
)

const start = "GET / HTTP/1.1\r\nHost: h\r\n"

// A refusal is counted by reason, told in the log with what stood there, and kept; the client's
// page says no more than it has to.
func TestRefusalsAreTold(t *testing.T) {
	s := testkit.RawServer(t, ok)
	f := newFarm(t, nil, s.Addr)
	fe := f.proxy.Table().Frontends[0]
	if _, any := fe.LastRefusal(); any {
		t.Error("a refusal before any request")
	}
	for i, test := range []struct{ request, reason, words, kept string }{
		{start + "Cookie: a=b\r\nX-Id: a\x01b\r\n\r\nbody", "field_value", `a control character in a header field, at byte 45: "X-Id: a\x01b"`, start + "Cookie:****\r\nX-Id: a\x01b\r\n\r\n"},
		{start + "Authorization : Basic c2VjcmV0\r\n\r\n", "field_name", `a bad header field name, at byte 38: "Authorization :"`, start + "Authorization :" + strings.Repeat("*", 15) + "\r\n\r\n"},
		{"GET / HTTP/1.1\r\n\r\n", "no_host", "no Host", "GET / HTTP/1.1\r\n\r\n"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx", "chunk", "a bad chunk", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"GET /" + strings.Repeat("a", 20<<10), "request_line_too_long", "the request line is longer than max_header_size", "GET /" + strings.Repeat("a", 1<<10-5)},
	} {
		c := f.dial()
		c.Send(test.request)
		head := c.Head()
		page, _ := c.Rest()
		if !strings.HasPrefix(head, "HTTP/1.1 4") || strings.Contains(page, "byte") || strings.Contains(page, "X-Id") {
			t.Errorf("%.60q: the client got %s%s", test.request, head, page)
		}
		if l := f.line(i); l.Reason != test.words {
			t.Errorf("%.60q: the log says %s, want %s", test.request, l.Reason, test.words)
		}
		if n := fe.Counters.Refused.Load()[test.reason]; n != 1 {
			t.Errorf("%.60q: %s is counted %d times", test.request, test.reason, n)
		}
		last, any := fe.LastRefusal()
		if !any || last.Reason != test.reason || string(last.Head) != test.kept || last.Peer.Addr() != netip.MustParseAddr("127.0.0.1") || last.Time.IsZero() {
			t.Errorf("%.60q: kept is %+v, want\n%.100q", test.request, last, test.kept)
		}
		if located := strings.Contains(test.words, "at byte"); located != (last.At >= 0) {
			t.Errorf("%.60q: it is kept as at byte %d", test.request, last.At)
		}
	}
	if got := fe.Counters.Reported.Load(); got != nil {
		t.Errorf("reported are %v", got)
	}
}

// With syntax: report a harmless fault reaches the server as it is, and is counted.
func TestHarmlessFaultsAreReported(t *testing.T) {
	got := make(chan string, 1)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		for head := c.Head(); head != ""; head = c.Head() {
			got <- head
			c.Answer(200, "ok")
		}
	})
	f := newFarm(t, func(c *config.Config) { c.Frontends[0].Syntax = "report" }, s.Addr)
	fe := f.proxy.Table().Frontends[0]
	c := f.dial()
	for range 2 {
		const request = "GET /\xe9 HTTP/1.1\r\nHost: h\r\nA[1]: b\x1bc\r\nB[1]: d\r\n"
		c.Send(request + "\r\n")
		if head := c.Head(); status(head) != "200" {
			t.Fatalf("the client got %s", head)
		}
		c.Body(2)
		if head := <-got; !strings.HasPrefix(head, request) {
			t.Errorf("the server got %q", head)
		}
	}
	if n := fe.Counters.Reported.Load(); !maps.Equal(n, map[string]uint64{"target": 2, "field_value": 2, "field_name": 2}) {
		t.Errorf("reported are %v", n)
	}
	c.Send(start + "A[1]: b\r\nContent[]-Length: 5\r\n\r\n")
	if head := c.Head(); status(head) != "400" {
		t.Errorf("a name that looks like Content-Length got %s", head)
	}
	if n := fe.Counters.Refused.Load(); !maps.Equal(n, map[string]uint64{"field_name": 1}) {
		t.Errorf("refused are %v", n)
	}
	if n := fe.Counters.Reported.Load()["field_name"]; n != 2 {
		t.Errorf("a refused request is counted as reported")
	}
}

// A bad answer is counted with its reason, and told in the log.
func TestBadAnswersAreTold(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\x01\r\nContent-Length: 0\r\n\r\n")
	})
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send(get)
	if head := c.Head(); status(head) != "502" {
		t.Errorf("the client got %s", head)
	}
	if l := f.line(0); l.Reason != `s1: a control character in a header field, at byte 32: "Set-Cookie:"` {
		t.Errorf("the log says %s", l.Reason)
	}
	if n := f.proxy.Table().Backends[0].Counters.Refused.Load(); !maps.Equal(n, map[string]uint64{"field_value": 1}) {
		t.Errorf("refused are %v", n)
	}
}
