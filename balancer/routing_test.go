package balancer_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/testkit"
)

// rules gives the frontend rules.
func rules(all ...config.Rule) func(*config.Config) {
	return func(c *config.Config) { c.Frontends[0].Rules = all }
}

// backend adds a backend with one server.
func backend(name, addr string) func(*config.Config) {
	return func(c *config.Config) {
		b, s := config.NewBackend(), config.NewServer()
		b.Name, s.Name, s.Address = name, "x1", addr
		b.Servers = []*config.Server{s}
		c.Backends = append(c.Backends, b)
	}
}

// saying starts a server that answers every request with its name.
func saying(t *testing.T, name string) string {
	return testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) }))
}

func on(path string) config.Match { return config.Match{Path: []string{path}} }

func TestRulesChooseTheBackend(t *testing.T) {
	f := newFarm(t, both(backend("api", saying(t, "api")), rules(
		config.Rule{Match: config.Match{Host: []string{"*.example.com"}, PathPrefix: []string{"/v1/"}}, Backend: "api"},
		config.Rule{Match: on("/canary"), Split: []config.Split{{Backend: "app", Weight: 1}, {Backend: "api", Weight: 1}}},
	)), saying(t, "app"))
	c := f.dial()
	for i, test := range []struct{ target, host, want string }{
		{"/v1/x", "A.Example.com:8080", "api"},
		{"/v1/x", "example.com", "app"},
		{"/", "a.example.com", "app"},
		{"http://a.example.com/v1/", "a.example.com", "api"},
		{"/%76%31/x", "a.example.com", "app"},
		{"/canary", "h", "app"},
		{"/canary", "h", "api"},
	} {
		c.Send("GET " + test.target + " HTTP/1.1\r\nHost: " + test.host + "\r\n\r\n")
		head := c.Head()
		if body := c.Body(contentLength(head)); body != test.want {
			t.Errorf("%s of %s: got %q, want %s", test.target, test.host, body, test.want)
		}
		if l := f.line(i); l.Backend != test.want || l.Termination != "----" {
			t.Errorf("%s of %s: the log says %+v", test.target, test.host, l)
		}
	}
	if n := f.proxy.Table().Backend("api").Counters.SessionsTotal.Load(); n != 3 {
		t.Errorf("the backend counted %d requests", n)
	}
}

func TestDeny(t *testing.T) {
	const forbidden = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<p>No\n"
	f := newFarm(t, both(errorFile(t, 403, forbidden), rules(
		config.Rule{Match: on("/file"), Deny: 403}, config.Rule{Match: on("/gone"), Deny: 410},
	)), testkit.RefusingAddr(t))
	c := f.dial()
	for i, test := range []struct{ request, status, body, reason string }{
		{"GET /file HTTP/1.1\r\nHost: h\r\n\r\n", "403", "<p>No\n", "rule 1: denied"},
		{"GET /file HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n", "403", `"message":"This request is not allowed."`, "rule 1: denied"},
		{"GET /gone HTTP/1.1\r\nHost: h\r\n\r\n", "410", "410 Gone", "rule 2: denied"},
	} {
		c.Send(test.request)
		head := c.Head()
		if body := c.Body(contentLength(head)); status(head) != test.status || !strings.Contains(body, test.body) || strings.Contains(head, "Connection:") {
			t.Errorf("%q: got %q, %q", test.request, head, body)
		}
		l := f.line(i)
		if l.Termination != "PR--" || l.Backend != "" || l.Reason != test.reason || fmt.Sprint(l.Status) != test.status {
			t.Errorf("%q: the log says %+v", test.request, l)
		}
	}
	c.Send("POST /gone HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n") // its body is not waited for
	if head := c.Head(); status(head) != "410" || !strings.Contains(head, "Connection: close\r\n") {
		t.Errorf("got %q", head)
	}
	fe := f.proxy.Table().Frontends[0].Counters
	f.line(3)
	if fe.Denied.Load() != 4 || fe.Intercepted.Load() != 0 || fe.RequestErrors.Load() != 0 || fe.Requests.Load() != 4 || fe.Responses[4].Load() != 4 {
		t.Errorf("the frontend counted %+v", fe)
	}
}

func TestRedirectAndReturn(t *testing.T) {
	page := filepath.Join(t.TempDir(), "robots.txt")
	if err := os.WriteFile(page, []byte("User-agent: *\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFarm(t, rules(
		config.Rule{Match: on("/robots.txt"), Return: &config.Return{Status: 200, ContentType: "text/plain", File: config.NewPath(page)}},
		config.Rule{Match: on("/empty"), Return: &config.Return{Status: 204, ContentType: "text/plain"}},
		config.Rule{Match: config.Match{PathPrefix: []string{"/old"}}, Redirect: &config.Redirect{Prefix: "https://new.example", Code: 301}},
		config.Rule{Redirect: &config.Redirect{Location: "https://{host}{path}?ip={client_ip}&{query}", Code: 307}},
	), testkit.RefusingAddr(t))
	c := f.dial()
	for i, test := range []struct{ method, target, status, location, body string }{
		{"GET", "/robots.txt?x", "200", "", "User-agent: *\n"},
		{"HEAD", "/robots.txt", "200", "", ""},
		{"GET", "/empty", "204", "", ""},
		{"GET", "/old?a=b", "301", "https://new.example/old?a=b", ""},
		{"GET", "/old//evil.example/%0d%0aSet-Cookie:a", "301", "https://new.example/old//evil.example/%0d%0aSet-Cookie:a", ""},
		{"GET", "//evil.example/?a", "307", "https://H.example//evil.example/?ip=127.0.0.1&a", ""},
		{"GET", "http://h.example:81/a", "307", "https://h.example/a?ip=127.0.0.1&", ""},
	} {
		c.Send(test.method + " " + test.target + " HTTP/1.1\r\nHost: H.example:81\r\n\r\n")
		head := c.Head()
		if status(head) != test.status || location(head) != test.location || strings.Contains(head, "\r\nSet-Cookie") {
			t.Fatalf("%s: got %q", test.target, head)
		}
		if test.status == "204" && (strings.Contains(head, "Content-") || !strings.Contains(head, "X-Request-Id: ")) {
			t.Errorf("%s: got %q", test.target, head)
		}
		if test.method != "HEAD" {
			if body := c.Body(contentLength(head)); test.body != "" && body != test.body {
				t.Errorf("%s: got %q", test.target, body)
			}
		}
		if l := f.line(i); l.Termination != "LR--" || l.Backend != "" || fmt.Sprint(l.Status) != test.status {
			t.Errorf("%s: the log says %+v", test.target, l)
		}
	}
	fe := f.proxy.Table().Frontends[0].Counters
	if fe.Intercepted.Load() != 7 || fe.Denied.Load() != 0 {
		t.Errorf("the frontend counted %+v", fe)
	}
	c.Send("GET / HTTP/1.1\r\nHost: a;b\r\n\r\n") // no name that a URL could hold
	if head := c.Head(); status(head) != "400" {
		t.Errorf("got %q", head)
	}
	if l := f.line(7); l.Termination != "PR--" || !strings.Contains(l.Reason, "redirect") || fe.Refused.Load()["redirect_location"] != 1 {
		t.Errorf("the log says %+v", l)
	}
}

func TestRateLimitAnswers(t *testing.T) {
	limit := config.Rule{Match: config.Match{PathPrefix: []string{"/api"}}, RateLimit: &config.RateLimit{Requests: 2, Per: time.Hour, Header: "X-Key"}}
	f := newFarm(t, rules(limit), saying(t, "app"))
	asked := 0
	ask := func(target, key string) string {
		c := f.dial()
		defer c.Close()
		defer func() { f.line(asked); asked++ }() // in this order
		c.Send("GET " + target + " HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\nX-Key: " + key + "\r\n\r\n")
		head := c.Head()
		if body := c.Body(contentLength(head)); status(head) == "429" && (!json.Valid([]byte(body)) || !strings.Contains(head, "\r\nRetry-After: 1800\r\n")) {
			t.Errorf("got %q, %q", head, body)
		}
		return status(head)
	}
	got := ask("/api", "a") + ask("/api", "a") + ask("/api", "a") + ask("/api", "b") + ask("/", "a")
	if got != "200200429200200" {
		t.Errorf("got %s", got)
	}
	l := f.line(2)
	if l.Termination != "PR--" || l.Reason != "rule 1: more than 2 requests in 1h0m0s with this X-Key" || l.Backend != "" {
		t.Errorf("the log says %+v", l)
	}
	if n := f.proxy.Table().Frontends[0].Counters.Denied.Load(); n != 1 {
		t.Errorf("%d requests denied", n)
	}
	table, err := f.proxy.Compile(farmConfig(rules(config.Rule{Match: on("/x"), Deny: 403}, limit), []string{saying(t, "app")}))
	if err != nil {
		t.Fatal(err)
	}
	f.proxy.Publish(table)
	f.serve(table.Frontends[0])
	if got := ask("/api", "a"); got != "429" {
		t.Errorf("after a reload: %s", got)
	}
}

// A slot is free again whatever becomes of the request that had it.
func TestConcurrencySlotsNeverLeak(t *testing.T) {
	hanging := make(chan struct{}, 9)
	addr := testkit.RawServer(t, func(c *testkit.Conn) {
		for head := c.Head(); head != ""; head = c.Head() {
			switch {
			case strings.HasPrefix(head, "GET /reset "):
				c.Reset()
				return
			case strings.HasPrefix(head, "GET /cut "):
				c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
				return
			case strings.HasPrefix(head, "GET /ws "):
				c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
				fallthrough
			case strings.HasPrefix(head, "GET /hang "):
				hanging <- struct{}{}
				_, _ = c.Rest() // until the balancer closes
				return
			}
			c.Answer(200, "ok")
		}
	}).Addr
	f := newFarm(t, both(retries(1), backend("broken", addr), rules(
		config.Rule{Concurrency: &config.Concurrency{Requests: 1}},
		config.Rule{Match: on("/denied"), Deny: 403},
		config.Rule{Match: on("/panic"), Backend: "broken"},
	)), addr, testkit.RefusingAddr(t))
	f.proxy.Table().Frontends[0].Mislead()
	ask := func(target, fields string) *testkit.Conn {
		c := f.dial()
		c.Send("GET " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n")
		return c
	}
	line := 0
	for _, test := range []struct{ target, status string }{
		{"/", "200"}, {"/", "200"}, // one of them by way of the server that refuses
		{"/reset", "50"}, {"/cut", "50"}, {"/denied", "403"}, {"/panic", "500"}, {"/", "200"},
	} {
		c := ask(test.target, "")
		if head := c.Head(); !strings.HasPrefix(status(head), test.status) {
			t.Errorf("%s: got %q", test.target, head)
		}
		f.line(line) // it has ended
		line++
		c.Close()
	}
	for _, target := range []string{"/hang", "/ws", "/hang"} {
		c := ask(target, "Connection: Upgrade\r\nUpgrade: x\r\n")
		<-hanging
		if head := ask("/", "").Head(); status(head) != "503" {
			t.Errorf("one more than %s: got %q", target, head)
		}
		if l := f.line(line); l.Termination != "PR--" || l.Reason != "rule 1: 1 requests at once are running already" {
			t.Errorf("the log says %+v", l)
		}
		c.Reset()
		c.Conn.Close()
		f.line(line + 1)
		line += 2
	}
	if head := ask("/", "").Head(); status(head) != "200" {
		t.Errorf("a slot has leaked: got %q", head)
	}
}

func TestRulesThatCannotBe(t *testing.T) {
	tcp := func(c *config.Config) { c.Backends[len(c.Backends)-1].Mode = "tcp" }
	for _, test := range []struct {
		change func(*config.Config)
		want   string
	}{
		{rules(config.Rule{Backend: "nowhere"}), `frontend web: rules: there is no backend "nowhere" in mode http`},
		{rules(config.Rule{Split: []config.Split{{Backend: "app", Weight: 1}, {Backend: "nowhere"}}}), `there is no backend "nowhere"`},
		{both(backend("db", ":1"), tcp, rules(config.Rule{Backend: "db"})), `there is no backend "db" in mode http`},
		{rules(config.Rule{}), "frontend web: rules: rule 1: has no action"},
		{func(c *config.Config) { c.Frontends[0].Request = []config.Edit{{DelHeader: []string{"Host"}}} }, "request: edit 1: del_header: Host is changed by set_host"},
		{func(c *config.Config) { c.Frontends[0].Response = []config.Edit{{SetHost: "h"}} }, "response: edit 1: an answer has neither"},
		{both(rules(config.Rule{Backend: "app"}), func(c *config.Config) { c.Frontends[0].Mode = "tcp" }), "no requests for rules"},
	} {
		_, err := balancer.New(farmConfig(test.change, []string{":1"}), balancer.Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}
