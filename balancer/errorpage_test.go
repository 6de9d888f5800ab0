package balancer_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/testkit"
)

// errorFile makes a file with the given content the page of a status.
func errorFile(t *testing.T, status int, content string) func(*config.Config) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.http")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *config.Config) {
		fe := c.Frontends[0]
		if fe.ErrorFiles == nil {
			fe.ErrorFiles = map[int]config.Path{}
		}
		fe.ErrorFiles[status] = config.NewPath(path)
	}
}

const sorry = "HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n<p>Sorry\n"

func TestErrorFiles(t *testing.T) {
	for _, test := range []struct{ name, file, request, want string }{
		{
			"as HAProxy's own are", sorry, get,
			"HTTP/1.1 503 Service Unavailable\r\nCache-Control: no-store\r\nContent-Type: text/html\r\nContent-Length: 9\r\nX-Request-Id: ID\r\n\r\n<p>Sorry\n",
		},
		{
			"lines that end with LF, another status", "HTTP/1.1 200 Fine\nx-A:  b \nKeep-Alive: timeout=5\nX-a: c\n\nabc\r\n\r\n", get,
			"HTTP/1.1 200 Fine\r\nx-A: b\r\nX-a: c\r\nContent-Length: 7\r\nX-Request-Id: ID\r\n\r\nabc\r\n\r\n",
		},
		{"no reason, no field, no body", "HTTP/1.1 503\n\n", get, "HTTP/1.1 503 \r\nContent-Length: 0\r\nX-Request-Id: ID\r\n\r\n"},
		{"a request id of its own", "HTTP/1.1 503 No\r\nX-Request-ID: none\r\n\r\n", get, "HTTP/1.1 503 No\r\nX-Request-ID: none\r\nContent-Length: 0\r\n\r\n"},
		{
			"HEAD", sorry, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
			"HTTP/1.1 503 Service Unavailable\r\nCache-Control: no-store\r\nContent-Type: text/html\r\nContent-Length: 9\r\nX-Request-Id: ID\r\n\r\n",
		},
		{
			"a client that wants no more", sorry, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 503 Service Unavailable\r\nCache-Control: no-store\r\nContent-Type: text/html\r\nContent-Length: 9\r\nX-Request-Id: ID\r\nConnection: close\r\n\r\n<p>Sorry\n",
		},
		{
			"an HTTP/1.0 client that goes on", "HTTP/1.1 503 No\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
			"HTTP/1.1 503 No\r\nContent-Length: 0\r\nX-Request-Id: ID\r\nConnection: keep-alive\r\n\r\n",
		},
		{
			"JSON for a program", "HTTP/1.1 503 No\r\nContent-Type: Application/Problem+JSON; charset=utf-8\r\n\r\n{}", "GET / HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n",
			"HTTP/1.1 503 No\r\nContent-Type: Application/Problem+JSON; charset=utf-8\r\nContent-Length: 2\r\nX-Request-Id: ID\r\n\r\n{}",
		},
		{
			"a browser gets what is there", "HTTP/1.1 503 No\r\nContent-Type: application/json\r\n\r\n{}", "GET / HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n",
			"HTTP/1.1 503 No\r\nContent-Type: application/json\r\nContent-Length: 2\r\nX-Request-Id: ID\r\n\r\n{}",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFarm(t, errorFile(t, 503, test.file), testkit.RefusingAddr(t))
			f.server(0).SetUp(false)
			c := f.dial()
			c.Send(test.request)
			got := maskID(c.Head())
			if !strings.HasPrefix(test.request, "HEAD") {
				got += c.Body(contentLength(got))
			}
			if got != test.want {
				t.Errorf("the client got\n%q, want\n%q", got, test.want)
			}
			if l := f.line(0); l.Status != 503 || l.Termination != "SC--" || l.Reason != "no server is usable" {
				t.Errorf("the log says %+v", l)
			}
			if strings.Contains(test.want, "Connection: close") {
				if rest, err := c.Rest(); rest != "" || err != io.EOF {
					t.Errorf("the connection ended with %q, %v", rest, err)
				}
				return
			}
			c.Send(get)
			if head := c.Head(); head == "" {
				t.Error("the connection does not go on")
			}
		})
	}
}

// A program gets the page that it can read, if the file is not one.
func TestAnErrorFileIsNotForPrograms(t *testing.T) {
	f := newFarm(t, errorFile(t, 503, sorry), testkit.RefusingAddr(t))
	f.server(0).SetUp(false)
	c := f.dial()
	c.Send("GET / HTTP/1.1\r\nHost: h\r\nAccept: application/json, */*\r\n\r\n")
	if head := c.Head(); !strings.Contains(head, "\r\nContent-Type: application/json\r\n") {
		t.Errorf("got %q", head)
	}
}

// Every status that the balancer answers with can have a file.
func TestErrorFilesOfEveryStatus(t *testing.T) {
	long := strings.Repeat("b", 16<<10)
	for _, test := range []struct {
		status  int
		request string
		server  string // its answer; empty: there is none in time
		change  func(*config.Config)
	}{
		{status: 400, request: "GET / HTTP/1.1\r\n\r\n"},
		{status: 408, request: "GET / HT", change: func(c *config.Config) { c.Frontends[0].Timeout.HTTPRequest = 50 * time.Millisecond }},
		{status: 413, request: "GET / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"},
		{status: 414, request: "GET /" + long + " HTTP/1.1\r\nHost: h\r\n\r\n"},
		{status: 431, request: "GET / HTTP/1.1\r\nHost: h\r\nA: " + long + "\r\n\r\n"},
		{status: 500, request: get, change: func(c *config.Config) { c.Frontends[0].DefaultBackend = "missing" }},
		{status: 501, request: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
		{status: 502, request: get, server: "SSH-2.0\r\n\r\n"},
		{status: 503, request: get, change: func(c *config.Config) { c.Backends[0].Servers[0].Disabled = true }},
		{status: 504, request: get, change: serverTimeout(50 * time.Millisecond)},
	} {
		s := testkit.RawServer(t, func(c *testkit.Conn) {
			c.Head()
			c.Send(test.server)
			if test.server == "" {
				_, _ = c.Rest()
			}
		})
		f := newFarm(t, both(retries(0), errorFile(t, test.status, "HTTP/1.1 299 Mine\r\n\r\nmine"), func(c *config.Config) {
			if test.change != nil {
				test.change(c)
			}
		}), s.Addr)
		c := f.dial()
		c.Send(test.request)
		if head := c.Head(); status(head) != "299" || c.Body(4) != "mine" {
			t.Errorf("%d: got %q", test.status, head)
		}
	}
}

// A redirect is no error, and has no file.
func TestNoErrorFileForARedirect(t *testing.T) {
	c := newFarm(t, both(redirecting(), errorFile(t, 308, "HTTP/1.1 200 OK\r\n\r\n")), testkit.RefusingAddr(t)).dial()
	c.Send(get)
	if head := c.Head(); status(head) != "308" {
		t.Errorf("got %q", head)
	}
}

func TestAMissingErrorFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone.http")
	cfg := farmConfig(func(c *config.Config) {
		c.Frontends[0].ErrorFiles = map[int]config.Path{504: config.NewPath(path), 502: config.NewPath(path)}
	}, nil)
	_, err := balancer.New(cfg, balancer.Options{})
	for _, want := range []string{"frontend web: read error file of status 502: ", path, "no such file or directory"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
