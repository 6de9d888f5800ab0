package main_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"relais/internal/testkit"
)

const asks = "GET /some/path?q=1 HTTP/1.1\r\nHost: h\r\n\r\n"

// answers is a server that answers every request.
func replies(status int, fields ...string) logServer {
	return logServer{script: func(c *testkit.Conn) {
		for c.Head() != "" {
			c.Answer(status, "hello", fields...)
		}
	}}
}

// does is a server that does something with the first request of each connection.
func does(then func(c *testkit.Conn)) logServer {
	return logServer{script: func(c *testkit.Conn) {
		if c.Head() != "" {
			then(c)
		}
	}}
}

// silent is a server that does not answer.
func silent() logServer { return does(func(c *testkit.Conn) { _, _ = c.Rest() }) }

// refusing is a server that refuses connections.
func refusing() logServer { return logServer{} }

func (s logServer) with(haproxy, relais string) logServer {
	s.haproxy, s.relais = haproxy, relais
	return s
}

// says is a client that says something, reads until the end of the answer and leaves.
func says(text string) func(*logVisit) {
	return func(v *logVisit) {
		c := v.dial()
		c.Send(text)
		head := c.Head()
		if strings.Contains(head, "Content-Length: 5") || strings.Contains(head, "content-length: 5") {
			c.Body(5)
			c.Close()
			return
		}
		_, _ = c.Rest()
	}
}

func logCases(t *testing.T) []*logCase {
	t.Helper()
	closing := strings.Replace(asks, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)
	seen := make(chan struct{}, 1)
	cases := []*logCase{
		{name: "ok", servers: []logServer{replies(200)}, visit: says(asks)},
		{name: "HEAD", servers: []logServer{does(func(c *testkit.Conn) { c.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n") })}, visit: says(strings.Replace(closing, "GET", "HEAD", 1))},
		{name: "404", servers: []logServer{replies(404)}, visit: says(asks)},
		{name: "500 of a server", servers: []logServer{replies(500)}, visit: says(asks)},
		{name: "HTTP/1.0", servers: []logServer{replies(200)}, visit: says("GET /old HTTP/1.0\r\n\r\n")},
		{name: "second request", lines: 2, servers: []logServer{replies(200)}, visit: func(v *logVisit) {
			c := v.dial()
			for range 2 {
				c.Send(asks)
				c.Head()
				c.Body(5)
			}
			c.Close()
		}},
		{name: "TLS", tls: true, servers: []logServer{replies(200)}, visit: func(v *logVisit) {
			c := v.dial()
			secure := testkit.NewConn(v.t, tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true}))
			secure.Send(asks)
			secure.Head()
			secure.Body(5)
			secure.Close()
		}},
		{name: "quoted", servers: []logServer{replies(200)}, visit: says(strings.Replace(asks, "/some", `/"a{b}|c'`, 1))},
		{name: "fragment", servers: []logServer{replies(200)}, visit: says(strings.Replace(asks, "/some", `/a#b`, 1)), theirs: " 400 0 ", ours: " 400 B "},
		{name: "eight bits", servers: []logServer{replies(200)}, visit: says(strings.Replace(asks, "/some", "/caf\xc3\xa9", 1)), theirs: " 400 0 ", ours: " 400 B "},
		{name: "long", servers: []logServer{replies(200)}, visit: says(strings.Replace(asks, "/some", "/"+strings.Repeat("a", 2000), 1))},
		{name: "just fits", servers: []logServer{replies(200)}, visit: says("GET /" + strings.Repeat("a", 1023-4-1-9) + " HTTP/1.1\r\nHost: h\r\n\r\n")},
		{name: "one too long", servers: []logServer{replies(200)}, visit: says("GET /" + strings.Repeat("a", 1023-4-1-8) + " HTTP/1.1\r\nHost: h\r\n\r\n")},
		{name: "absolute", servers: []logServer{replies(200)}, visit: says("GET http://h/some HTTP/1.1\r\nHost: h\r\n\r\n")},
		{name: "redirect", haproxy: " http-request redirect location /x code 302\n", frontend: "rules: [{path_prefix: /, redirect: /x}]", servers: []logServer{replies(200)}, visit: says(closing)},
		{name: "denied", haproxy: " http-request deny\n", frontend: "rules: [{path_prefix: /, deny: 403}]", servers: []logServer{replies(200)}, visit: says(closing)},
		{name: "fixed answer", haproxy: " http-request return status 200 content-type text/plain string hi\n", frontend: "rules: [{path_prefix: /, return: {body: hi}}]", servers: []logServer{replies(200)}, visit: says(closing)},
		{name: "bad request line", servers: []logServer{replies(200)}, visit: says("GET /\r\n\r\nHost: h\r\n\r\n"), theirs: " 400 0 ", ours: " 400 B "},
		{name: "bad field", servers: []logServer{replies(200)}, visit: says("GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n"), theirs: " 400 0 ", ours: " 400 B "},
		{name: "slow head", haproxy: " timeout http-request 200ms\n", frontend: "timeout: {http_request: 200ms}", servers: []logServer{replies(200)}, visit: says("GET / HTTP/1.1\r\nHost:"), theirs: " 408 0 ", ours: " 408 B "},
		{name: "cut head", servers: []logServer{replies(200)}, visit: func(v *logVisit) {
			c := v.dial()
			c.Send("GET / HTTP/1.1\r\nHost:")
			c.Close()
		}, theirs: " 400 0 ", ours: " 400 B "},
		{name: "refused", servers: []logServer{refusing()}, visit: says(closing)},
		{name: "refused, redispatched", haproxy: "backend\n retries 1\n option redispatch 1\n", backend: "retries: 1", servers: []logServer{refusing(), replies(200)}, visit: says(asks)},
		{name: "refused twice", haproxy: "backend\n retries 1\n option redispatch 1\n", backend: "retries: 1", servers: []logServer{refusing(), refusing()}, visit: says(closing)},
		{name: "closed, repeated", haproxy: "backend\n retries 1\n retry-on empty-response\n", backend: "retries: 1\nretry_on: [empty-response]", servers: []logServer{does(closeFirst())}, visit: says(asks)},
		{name: "no server", servers: []logServer{replies(200).with("disabled", "disabled: true")}, visit: says(closing)},
		{name: "closed", servers: []logServer{does(func(*testkit.Conn) {})}, visit: says(closing)},
		{name: "no HTTP", servers: []logServer{does(func(c *testkit.Conn) { c.Send("hello\r\n\r\n") })}, visit: says(closing)},
		{name: "no answer in time", haproxy: "backend\n timeout server 200ms\n", backend: "timeout: {server: 200ms}", servers: []logServer{silent()}, visit: says(closing)},
		{name: "cut answer", servers: []logServer{does(func(c *testkit.Conn) { c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello") })}, visit: says(closing), theirs: " 200 ", ours: " 502 "},
		{name: "cut answer, seen by the client", servers: []logServer{does(func(c *testkit.Conn) { c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"); <-seen })}, visit: func(v *logVisit) {
			c := v.dial()
			c.Send(asks)
			c.Head()
			c.Body(5)
			seen <- struct{}{}
			_, _ = c.Rest()
		}},
		{name: "stalled answer", haproxy: "backend\n timeout server 200ms\n", backend: "timeout: {server: 200ms}", servers: []logServer{does(func(c *testkit.Conn) { c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"); c.Closed() })}, visit: says(closing)},
		{name: "upgrade", servers: []logServer{does(func(c *testkit.Conn) {
			c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			c.Send(c.Body(4))
		})}, visit: func(v *logVisit) {
			c := v.dial()
			c.Send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			c.Head()
			c.Send("ping")
			c.Body(4)
			c.Close()
		}},
		{name: "post", servers: []logServer{does(func(c *testkit.Conn) { c.Body(4); c.Answer(200, "hello") })}, visit: says("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd")},
		{name: "slow body", haproxy: " timeout client 200ms\nbackend\n timeout server 500ms\n", frontend: "timeout: {client: 200ms}", servers: []logServer{silent()}, visit: says("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab"), theirs: " 504 B - - sH-- ", ours: " 408 B - - cD-- "},
	}
	for _, mode := range []struct{ name, cookie string }{{"no cookie", ""}, {"valid", "w1"}, {"unknown", "w9"}, {"of a server in maintenance", "w2"}} {
		head := closing
		if mode.cookie != "" {
			head = strings.Replace(closing, "\r\n\r\n", "\r\nCookie: SRV="+mode.cookie+"\r\n\r\n", 1)
		}
		cases = append(cases, &logCase{
			name: "cookie: " + mode.name, haproxy: "backend\n cookie SRV insert indirect nocache\n", backend: "cookie: {name: SRV}",
			servers: []logServer{replies(200).with("cookie w1", "cookie: w1"), replies(200).with("cookie w2 disabled", "cookie: w2, disabled: true")}, visit: says(head),
		})
	}
	cases = append(cases, leavingCases(t, closing)...)
	cases = append(cases, tcpLogCases()...)
	for _, c := range cases {
		for i := range c.servers {
			s := &c.servers[i]
			switch {
			case s.addr != "":
			case s.script == nil:
				s.addr = testkit.RefusingAddr(t)
			default:
				s.addr = testkit.RawServer(t, s.script).Addr
			}
		}
	}
	return cases
}

// closeFirst closes every other connection without an answer.
func closeFirst() func(c *testkit.Conn) {
	turn := make(chan bool, 1)
	turn <- true
	return func(c *testkit.Conn) {
		first := <-turn
		turn <- !first
		if !first {
			c.Answer(200, "hello")
		}
	}
}

// tcpLogCases are those of TCP mode.
func tcpLogCases() []*logCase {
	echo := logServer{script: func(c *testkit.Conn) { c.Send(c.Body(4)); c.Closed() }}
	speak := func(v *logVisit) {
		c := v.dial()
		c.Send("ping")
		c.Body(4)
		c.Close()
	}
	return []*logCase{
		{name: "tcp: ok", tcp: true, servers: []logServer{echo}, visit: speak},
		{name: "tcp: refused", tcp: true, servers: []logServer{refusing()}, visit: speak},
		{name: "tcp: no server", tcp: true, servers: []logServer{echo.with("disabled", "disabled: true")}, visit: speak},
		{name: "tcp: redispatched", tcp: true, haproxy: "backend\n retries 1\n option redispatch 1\n", backend: "retries: 1", servers: []logServer{refusing(), echo}, visit: speak},
		{name: "tcp: server resets", tcp: true, servers: []logServer{{script: func(c *testkit.Conn) { c.Send(c.Body(4)); c.Body(1); c.Reset() }}}, visit: func(v *logVisit) {
			c := v.dial()
			c.Send("ping")
			c.Body(4)
			c.Send("x")
			_, _ = c.Rest()
		}},
		{name: "tcp: client resets", tcp: true, servers: []logServer{echo}, visit: func(v *logVisit) {
			c := v.dial()
			c.Send("ping")
			c.Body(4)
			c.Reset()
			c.Close()
		}},
	}
}
