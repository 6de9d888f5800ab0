package balancer_test

import (
	"strings"
	"testing"

	"relais/internal/config"
)

func TestMonitor(t *testing.T) {
	f := newFarm(t, both(rules(config.Rule{Deny: 403}), func(c *config.Config) {
		c.Frontends[0].RedirectHTTPS = true
		c.Frontends[0].Monitor = &config.Monitor{Path: "/lb-health", FailBelow: 2}
	}), named(t, "a"), named(t, "b"))
	c := f.dial()
	ask := func(request, want string) string {
		t.Helper()
		c.Send(request)
		head := c.Head()
		body := ""
		if !strings.HasPrefix(request, "HEAD") {
			body = c.Body(contentLength(head))
		}
		if status(head) != want {
			t.Errorf("%q: got %q, %q, want %s", request, head, body, want)
		}
		return body
	}
	if body := ask("GET /lb-health HTTP/1.1\r\nHost: h\r\n\r\n", "200"); !strings.Contains(body, "The service is ready.") {
		t.Errorf("got %q", body)
	}
	ask("HEAD /lb-health?x HTTP/1.1\r\nHost: h\r\n\r\n", "200")
	ask("GET http://h/lb-health HTTP/1.1\r\nHost: h\r\n\r\n", "200")
	f.server(1).SetUp(false)
	ask("GET /lb-health HTTP/1.1\r\nHost: h\r\n\r\n", "503")
	f.server(1).SetUp(true)
	ask("GET /lb-health HTTP/1.1\r\nHost: h\r\n\r\n", "200")
	fe := f.proxy.Table().Frontends[0].Counters
	if fe.Requests.Load() != 0 || fe.Intercepted.Load() != 5 || fe.BytesIn.Load() != 0 || fe.BytesOut.Load() != 0 || fe.Responses[2].Load()+fe.Responses[5].Load() != 0 {
		t.Errorf("the frontend counted %+v", fe)
	}
	ask("GET /lb-health/ HTTP/1.1\r\nHost: h\r\n\r\n", "308")
	if l := f.line(0); string(l.Target) != "/lb-health/" {
		t.Errorf("the first line of the log is of %s", l.Target)
	}
	f.proxy.Stop() // those in front of us are to go elsewhere
	c.Send("GET /lb-health HTTP/1.1\r\nHost: h\r\n\r\n")
	if head := c.Head(); status(head) != "503" || !strings.Contains(head, "Connection: close\r\n") {
		t.Errorf("while stopping: got %q", head)
	}
}
