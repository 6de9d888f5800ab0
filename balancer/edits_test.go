package balancer_test

import (
	"strings"
	"testing"

	"relais/internal/config"
	"relais/internal/testkit"
)

func requestEdits(all ...config.Edit) func(*config.Config) {
	return func(c *config.Config) { c.Frontends[0].Request = all }
}

func responseEdits(all ...config.Edit) func(*config.Config) {
	return func(c *config.Config) { c.Frontends[0].Response = all }
}

func TestRequestEdits(t *testing.T) {
	const id = "X-Request-Id: ID\r\n"
	addr, heads := recorder(t)
	f := newFarm(t, both(backend("api", addr),
		rules(config.Rule{Match: config.Match{PathPrefix: []string{"/api"}}, Backend: "api"}),
		requestEdits(
			config.Edit{If: &config.Match{PathPrefix: []string{"/api"}}, StripPrefix: "/api", SetHost: "{backend}.internal", SetHeader: map[string]string{
				"X-Original": "{method} {scheme}://{host}{path}?{query} of {client_ip} by {frontend}", "X-Tls": "{tls_version}{tls_cipher}-", "X-Forwarded-For": "{client_ip}",
			}},
			config.Edit{DelHeader: []string{"Cookie"}},
		)), addr)
	c := f.dial()
	for _, test := range []struct{ request, want string }{
		{
			"GET /a HTTP/1.1\r\nHost: h\r\nCookie: a\r\ncookie: b\r\nA: b\r\n\r\n",
			"GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n" + id + "\r\n",
		},
		{
			"GET http://h:81/api/v1?x=%0d%0aA:b HTTP/1.1\r\nHost: h:81\r\nX-Original: mine\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n",
			"GET /v1?x=%0d%0aA:b HTTP/1.1\r\nHost: api.internal\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h:81\r\n" + id +
				"X-Forwarded-For: 127.0.0.1\r\nX-Original: GET http://h/api/v1?x=%0d%0aA:b of 127.0.0.1 by web\r\nX-Tls: -\r\n\r\n",
		},
	} {
		c.Send(test.request)
		if head := c.Head(); status(head) != "200" {
			t.Fatalf("got %q", head)
		}
		c.Body(2)
		if got := <-heads; got != test.want {
			t.Errorf("the server got\n%q, want\n%q", got, test.want)
		}
	}
	if l := f.line(1); string(l.Target) != "http://h:81/api/v1?x=%0d%0aA:b" {
		t.Errorf("the log says %+v", l) // what the client has asked for
	}
}

// What a client sends can neither end a line of ours nor make a target or a Host of something else.
func TestEditsAreNoWayIn(t *testing.T) {
	for _, test := range []struct {
		name    string
		edit    config.Edit
		request string
		reason  string
	}{
		{"a path with a query in it", config.Edit{SetPath: "/x/{query}"}, "GET /a?b?c HTTP/1.1\r\nHost: h\r\n\r\n", "of the path cannot be one"},
		{"a path that is gone", config.Edit{ReplacePath: &config.Replace{Regex: "^/a", With: ""}}, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "of the path cannot be one"},
		{"a Host without one", config.Edit{SetHost: "{host}.internal"}, "GET /a HTTP/1.1\r\nHost: a;b\r\n\r\n", "cannot be a Host"},
		{"a Host of a path", config.Edit{SetHost: "{path}"}, "GET /evil HTTP/1.1\r\nHost: h\r\n\r\n", "cannot be a Host"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := testkit.RawServer(t, func(c *testkit.Conn) { t.Errorf("a server got %q", c.Head()) })
			f := newFarm(t, requestEdits(test.edit), s.Addr)
			c := f.dial()
			c.Send(test.request)
			if head := c.Head(); status(head) != "400" || !strings.Contains(head, "Connection: close\r\n") {
				t.Errorf("got %q", head)
			}
			if l := f.line(0); l.Termination != "PR--" || !strings.Contains(l.Reason, test.reason) {
				t.Errorf("the log says %+v", l)
			}
		})
	}
}

func TestResponseEdits(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		for head := c.Head(); head != ""; head = c.Head() {
			switch {
			case strings.Contains(head, "Upgrade: x\r\n"):
				c.Send("HTTP/1.1 101 Switching Protocols\r\nServer: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
				return
			case strings.Contains(head, " /early "):
				c.Send("HTTP/1.1 103 Early Hints\r\nServer: x\r\n\r\n")
			}
			c.Answer(404, "ok", "Server: x", "server: y", "X-A: 1")
		}
	})
	f := newFarm(t, both(rules(config.Rule{Match: on("/denied"), Deny: 403}), responseEdits(
		config.Edit{DelHeader: []string{"Server"}, SetHeader: map[string]string{"X-Served-By": "{backend}/{server} {status}"}},
		config.Edit{If: &config.Match{Path: []string{"/a"}}, AddHeader: map[string]string{"X-A": "{path}"}},
	)), s.Addr)
	c := f.dial()
	c.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
	const want = "HTTP/1.1 404 X\r\nContent-Length: 2\r\nX-A: 1\r\nX-Served-By: app/s1 404\r\nX-A: /a\r\n\r\n"
	if head := c.Head(); head != want || c.Body(2) != "ok" {
		t.Errorf("got %q, want %q", head, want)
	}
	c.Send("GET /early HTTP/1.1\r\nHost: h\r\n\r\n")
	if head := c.Head(); head != "HTTP/1.1 103 Early Hints\r\nServer: x\r\n\r\n" {
		t.Errorf("an interim answer: got %q", head)
	}
	if head := c.Head(); strings.Contains(head, "Server") || strings.Contains(head, "X-A: /") || c.Body(2) != "ok" {
		t.Errorf("got %q", head)
	}
	c.Send("GET /denied HTTP/1.1\r\nHost: h\r\n\r\n") // no server has answered
	head := c.Head()
	if status(head) != "403" || strings.Contains(head, "X-Served-By") {
		t.Errorf("got %q", head)
	}
	c.Body(contentLength(head))
	c.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	if head := c.Head(); head != "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\nX-Served-By: app/s1 101\r\n\r\n" {
		t.Errorf("got %q", head)
	}
}

func TestValuesOfTLS(t *testing.T) {
	addr, heads := recorder(t)
	f := newTLSFarm(t, requestEdits(config.Edit{SetHeader: map[string]string{"X-SSL": "{scheme} {tls_version} {tls_cipher}"}}), addr)
	c := f.dialTLS()
	c.Send(get)
	if head := c.Head(); status(head) != "200" {
		t.Fatalf("got %q", head)
	}
	if head := <-heads; !strings.Contains(head, "\r\nX-SSL: https TLSv1.3 TLS_") {
		t.Errorf("the server got %q", head)
	}
}
