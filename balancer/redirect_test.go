package balancer_test

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

// redirecting makes the frontend, whose binds with TLS have the given addresses, redirect to https.
func redirecting(tlsBinds ...string) func(*config.Config) {
	return func(c *config.Config) {
		c.Frontends[0].RedirectHTTPS = true
		c.Frontends[0].Bind = []config.Bind{{Address: ":8080"}}
		for _, addr := range tlsBinds {
			c.Frontends[0].Bind = append(c.Frontends[0].Bind, config.Bind{Address: addr, TLS: config.NewTLS()})
		}
	}
}

func both(changes ...func(*config.Config)) func(*config.Config) {
	return func(c *config.Config) {
		for _, change := range changes {
			change(c)
		}
	}
}

// location is the URL to which a head redirects.
func location(head string) string {
	_, rest, _ := strings.Cut(head, "\r\nLocation: ")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

func TestRedirectHTTPS(t *testing.T) {
	for _, test := range []struct{ name, request, want string }{
		{"a path", "GET /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\n\r\n", "https://example.com:8443/a?b=c"},
		{"IPv6", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "https://[2001:db8::1]:8443/"},
		{"absolute form", "GET http://example.com/a HTTP/1.1\r\nHost: example.com\r\n\r\n", "https://example.com:8443/a"},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "https://h:8443"},
		{"what looks like another host", "GET //evil.example/%2e%2e HTTP/1.1\r\nHost: h\r\n\r\n", "https://h:8443//evil.example/%2e%2e"},
		{"what looks like another line", "GET /%0d%0aSet-Cookie:a HTTP/1.1\r\nHost: h\r\n\r\n", "https://h:8443/%0d%0aSet-Cookie:a"},
		{"a client that wants another protocol", "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n", "https://h:8443/ws"},
		{"a proxy that nobody trusts", "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n\r\n", "https://h:8443/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := testkit.RawServer(t, func(c *testkit.Conn) { t.Errorf("a server got %q", c.Head()) })
			f := newFarm(t, redirecting("0.0.0.0:8443", ":9443"), s.Addr)
			c := f.dial()
			for range 2 { // the connection goes on
				c.Send(test.request)
				head := c.Head()
				if status(head) != "308" || location(head) != test.want || !strings.Contains(head, "X-Request-Id: ") || strings.Contains(head, "Connection:") {
					t.Fatalf("got %q, want a redirect to %s", head, test.want)
				}
				if page := c.Body(contentLength(head)); !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.Contains(page, "308 Permanent Redirect") {
					t.Errorf("the page is %q", page)
				}
			}
		})
	}
}

func contentLength(head string) int {
	_, rest, _ := strings.Cut(head, "Content-Length: ")
	n := 0
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func TestThePortOfARedirect(t *testing.T) {
	for _, test := range []struct {
		binds []string
		want  string
	}{
		{nil, "https://h/"},
		{[]string{":443", ":8443"}, "https://h/"},
		{[]string{"unix@/run/web.sock", "fd@3", "127.0.0.1:0", "[::1]:8443", ":9443"}, "https://h:8443/"},
	} {
		c := newFarm(t, redirecting(test.binds...), testkit.RefusingAddr(t)).dial()
		c.Send(get)
		if head := c.Head(); location(head) != test.want {
			t.Errorf("with TLS on %q: got %q, want %s", test.binds, head, test.want)
		}
	}
}

func TestARedirectAsAProgramWantsIt(t *testing.T) {
	c := newFarm(t, redirecting(), testkit.RefusingAddr(t)).dial()
	c.Send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
	if head := c.Head(); status(head) != "308" || contentLength(head) == 0 {
		t.Errorf("got %q", head)
	}
	c.Send("GET / HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n") // a body of the HEAD would be in the way
	head := c.Head()
	var page struct{ Status int }
	if body := c.Body(contentLength(head)); json.Unmarshal([]byte(body), &page) != nil || page.Status != 308 {
		t.Errorf("got %q, %q", head, body)
	}
	c.Send("POST / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc") // not read: the end
	if head := c.Head(); status(head) != "308" || !strings.Contains(head, "Connection: close\r\n") {
		t.Errorf("got %q", head)
	}
	if _, err := c.Rest(); err != io.EOF {
		t.Errorf("the connection ended with %v", err)
	}
}

func TestNowhereToRedirectTo(t *testing.T) {
	for _, request := range []string{"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"} {
		f := newFarm(t, redirecting(), testkit.RefusingAddr(t))
		c := f.dial()
		c.Send(request)
		if head := c.Head(); status(head) != "400" || !strings.Contains(head, "Connection: close\r\n") {
			t.Errorf("%q: got %q", request, head)
		}
		if l := f.line(0); l.Termination != "PR--" || l.Backend != "" || !strings.Contains(l.Reason, "no Host") {
			t.Errorf("%q: the log says %+v", request, l)
		}
	}
}

// Nobody who is on https already is sent there again.
func TestNoRedirectOfWhatIsSecure(t *testing.T) {
	addr, heads := recorder(t)
	f := newFarm(t, both(redirecting(":8443"), trust("127.0.0.0/8")), addr)
	c := f.dial()
	for _, proto := range []string{"https", "HTTPS", "https, http"} {
		c.Send("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: " + proto + "\r\n\r\n")
		if head := c.Head(); status(head) != "200" {
			t.Fatalf("%s: got %q", proto, head)
		}
		c.Body(2)
		if head := <-heads; !strings.Contains(head, "\r\nX-Forwarded-Proto: "+proto+"\r\n") {
			t.Errorf("the server got %q", head)
		}
	}
	for _, said := range []string{"X-Forwarded-Proto: http", "X-Forwarded-Proto:", "X_Forwarded_Proto: https", "X-Forwarded-Proto: http, https", "A: b"} {
		c.Send("GET / HTTP/1.1\r\nHost: h\r\n" + said + "\r\n\r\n")
		head := c.Head()
		if status(head) != "308" {
			t.Errorf("%s: got %q", said, head)
		}
		c.Body(contentLength(head))
	}
	f.serveOn(listen.Bind{Address: "127.0.0.1:0", TLS: listen.ServerTLS([]tls.Certificate{testkit.NewAuthority(t).Pair(t, "a.example")})})
	secure := f.dialTLS()
	secure.Send(get)
	if head := secure.Head(); status(head) != "200" {
		t.Errorf("behind TLS: got %q", head)
	}
}

// A redirect is what HAProxy counts and logs it as: the frontend's own business.
func TestARedirectIsCountedAtTheFrontend(t *testing.T) {
	f := newFarm(t, redirecting(), testkit.RefusingAddr(t))
	c := f.dial()
	c.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
	head := c.Head()
	l := f.line(0)
	if l.Termination != "LR--" || l.Status != 308 || l.Backend != "" || l.Server != "" || l.Reason != "" ||
		string(l.Method) != "GET" || string(l.Target) != "/a" || l.BytesOut != uint64(len(head)+contentLength(head)) {
		t.Errorf("the log says %+v", l)
	}
	table := f.proxy.Table()
	fe, be := table.Frontends[0].Counters, table.Backends[0].Counters
	if fe.Requests.Load() != 1 || fe.Intercepted.Load() != 1 || fe.RequestErrors.Load() != 0 || fe.Responses[3].Load() != 1 {
		t.Errorf("the frontend counted %+v", fe)
	}
	if be.SessionsTotal.Load() != 0 || be.Responses[3].Load() != 0 {
		t.Errorf("the backend counted %+v", be)
	}
}
