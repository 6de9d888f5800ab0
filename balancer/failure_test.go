package balancer_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
)

// ok answers every request on a connection.
func ok(c *testkit.Conn) {
	for c.Head() != "" {
		c.Answer(200, "ok")
	}
}

const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"

func status(head string) string {
	if len(head) < 12 {
		return head
	}
	return head[9:12]
}

func TestARefusedConnectionGoesToAnotherServer(t *testing.T) {
	for _, request := range []string{get, post} {
		s := testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); c.Answer(200, "ok") })
		f := newFarm(t, nil, testkit.RefusingAddr(t), s.Addr)
		c := f.dial()
		c.Send(request)
		if got := status(c.Head()); got != "200" {
			t.Errorf("got %s, want 200", got)
		}
		if l := f.line(0); l.Server != "s2" || l.Retries != 1 || !l.Redispatched ||
			l.Reason != "s1: connection refused; answered by s2" {
			t.Errorf("the log says %+v", l)
		}
	}
}

// A server that closes without an answer may have acted on the request: one that is idempotent
// is repeated elsewhere, another one is not.
func TestAnEmptyAnswer(t *testing.T) {
	for _, test := range []struct {
		name, request, want string
		reset               bool
		bad, good           int64
	}{
		{"GET", get, "200", false, 1, 1},
		{"GET reset", get, "200", true, 1, 1},
		{"POST", post, "502", false, 1, 0},
		{"POST reset", post, "502", true, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var bad, good atomic.Int64
			s1 := testkit.RawServer(t, func(c *testkit.Conn) {
				c.Head()
				bad.Add(1)
				if test.reset {
					c.Reset()
				}
			})
			s2 := testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); good.Add(1); c.Answer(200, "ok") })
			f := newFarm(t, nil, s1.Addr, s2.Addr)
			c := f.dial()
			c.Send(test.request)
			if got := status(c.Head()); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if bad.Load() != test.bad || good.Load() != test.good {
				t.Errorf("the servers saw %d and %d requests, want %d and %d", bad.Load(), good.Load(), test.bad, test.good)
			}
			if l := f.line(0); test.want == "502" && (l.Termination != "SH--" || !strings.Contains(l.Reason, "closed the connection")) {
				t.Errorf("the log says %+v", l)
			}
		})
	}
}

// A server that closes or resets without reading: a POST that its kernel has refused was certainly
// not processed and goes elsewhere; one that its kernel took may have been, and the log says so.
func TestServersThatCloseWithoutReading(t *testing.T) {
	for name, reset := range map[string]bool{"close": false, "reset": true} {
		t.Run(name, func(t *testing.T) {
			var good atomic.Int64
			s1 := testkit.RawServer(t, func(c *testkit.Conn) {
				if reset {
					c.Reset()
				}
			})
			s2 := testkit.RawServer(t, func(c *testkit.Conn) {
				for c.Head() != "" {
					c.Body(2)
					good.Add(1)
					c.Answer(200, "ok")
				}
			})
			f := newFarm(t, nil, s1.Addr, s2.Addr)
			var answered, refused int64
			for i := range 100 {
				c := f.dial()
				c.Send(post)
				got := status(c.Head())
				l := f.line(i) // one request after the other, so that the lines are in order
				switch got {
				case "200":
					answered++
				case "502":
					refused++
					if l.Termination != "SH--" || !strings.HasPrefix(l.Reason, "s1: the server closed the connection before it answered") {
						t.Fatalf("the log says %+v", l)
					}
				default:
					t.Fatalf("got %s", got)
				}
				c.Close()
			}
			if good.Load() != answered {
				t.Errorf("%d POSTs were answered, and processed %d times", answered, good.Load())
			}
			t.Logf("%d of 100 POSTs answered, %d of them after a retry, %d refused as ambiguous", answered,
				f.server(0).Counters.Retries.Load(), refused)
		})
	}
}

func TestFailuresWithoutRetry(t *testing.T) {
	for _, test := range []struct {
		name, status, termination string
		script                    func(*testkit.Conn)
	}{
		{"silent", "504", "sH--", func(c *testkit.Conn) { c.Head(); c.Head() }},
		{"garbage", "502", "PH--", func(c *testkit.Conn) { c.Head(); c.Send("hello\r\n\r\n") }},
		{"two framings", "502", "PH--", func(c *testkit.Conn) {
			c.Head()
			c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
		}},
		{"bad chunk at once", "502", "PH--", func(c *testkit.Conn) {
			c.Head()
			c.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnothing\r\n")
		}},
		{"huge header", "502", "PH--", func(c *testkit.Conn) {
			c.Head()
			c.Send("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 64<<10))
		}},
		{"switching unasked", "502", "PH--", func(c *testkit.Conn) {
			c.Head()
			c.Send("HTTP/1.1 101 Switching Protocols\r\n\r\n")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := testkit.RawServer(t, test.script)
			f := newFarm(t, serverTimeout(200*time.Millisecond), s.Addr)
			c := f.dial()
			c.Send(get)
			head := c.Head()
			if status(head) != test.status {
				t.Errorf("got %q, want %s", head, test.status)
			}
			l := f.line(0)
			if l.Termination != test.termination || l.Server != "s1" {
				t.Errorf("the log says %+v", l)
			}
			if !strings.Contains(head, "X-Request-Id: "+string(l.ID)) {
				t.Errorf("the page does not carry the request id %s: %q", l.ID, head)
			}
			if s.Conns.Load() != 1 {
				t.Errorf("the server was asked %d times", s.Conns.Load())
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	f := newFarm(t, nil, testkit.RefusingAddr(t))
	f.server(0).SetUp(false)
	c := f.dial()
	c.Send(get + get)
	for range 2 { // the connection goes on
		head := c.Head()
		if status(head) != "503" || strings.Contains(head, "Connection: close") {
			t.Errorf("got %q", head)
		}
		n := 0
		for _, line := range strings.Split(head, "\r\n") {
			if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
				for _, d := range v {
					n = n*10 + int(d-'0')
				}
			}
		}
		if page := c.Body(n); !strings.Contains(page, "Request id") {
			t.Errorf("the page is %q", page)
		}
	}
	if l := f.line(1); l.Reason != "no server is usable" || l.Termination != "SC--" || l.Server != "" {
		t.Errorf("the log says %+v", l)
	}
}

// Programs that ask for JSON get the page as JSON; browsers, which ask for everything, do not.
func TestPagesForPrograms(t *testing.T) {
	for accept, want := range map[string]string{
		"application/json":                        "application/json",
		"application/json, text/plain;q=0.5, */*": "application/json",
		"text/html, application/json":             "text/html; charset=utf-8",
		"*/*":                                     "text/html; charset=utf-8",
	} {
		f := newFarm(t, nil, testkit.RefusingAddr(t))
		f.server(0).SetUp(false)
		r, _ := http.NewRequest(http.MethodGet, "http://"+f.addr, nil)
		r.Header.Set("Accept", accept)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if got := answer.Header.Get("Content-Type"); got != want {
			t.Errorf("%s: got %s", accept, got)
		}
		var v struct {
			Status  int
			Message string
			ID      string `json:"request_id"`
		}
		if want == "application/json" && (json.Unmarshal(body, &v) != nil || v.Status != 503 || v.ID != answer.Header.Get("X-Request-Id")) {
			t.Errorf("got %s", body)
		}
	}
}

// An answer that was cut short reaches the client as one that was cut short.
func TestTruncatedAnswers(t *testing.T) {
	for _, test := range []struct{ name, answer, want string }{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc", "abc"},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\n", "3\r\nabc\r\n"},
		{"chunked in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", "3\r\nabc\r\n"},
		{"bad chunk later", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n|x\r\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); c.Send(test.answer) })
			f := newFarm(t, nil, s.Addr)
			c := f.dial()
			c.Send(get)
			head := c.Head()
			if test.want == "" {
				if status(head) != "502" {
					t.Errorf("got %q", head)
				}
				return
			}
			body, err := c.Rest()
			if body != test.want || strings.HasSuffix(body, "0\r\n\r\n") {
				t.Errorf("the client got %q and then %v", body, err)
			}
			if l := f.line(0); l.Termination != "SD--" || l.Status != 200 {
				t.Errorf("the log says %+v", l)
			}
		})
	}
}

// A short answer that is cut before the client got any of it is no answer: the request goes
// elsewhere if it may be repeated.
func TestAShortAnswerThatIsCut(t *testing.T) {
	for request, want := range map[string]string{get: "200", post: "502"} {
		s1 := testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") })
		s2 := testkit.RawServer(t, ok)
		f := newFarm(t, nil, s1.Addr, s2.Addr)
		c := f.dial()
		c.Send(request)
		if got := status(c.Head()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if l := f.line(0); want == "502" && l.Termination != "SD--" {
			t.Errorf("the log says %+v", l)
		}
	}
}

// Without a length only a reset tells that an answer is not complete.
func TestATruncatedAnswerWithoutLength(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 200 OK\r\n\r\nabc")
		c.Head() // until the client has its first bytes
		c.Reset()
	})
	f := newFarm(t, serverTimeout(300*time.Millisecond), s.Addr)
	c := f.dial()
	c.Send(get)
	c.Head()
	c.Body(3)
	if _, err := c.Rest(); err == io.EOF {
		t.Error("the client saw a proper end")
	}
}

func TestAServerThatGoesDownWhileItIsAsked(t *testing.T) {
	for _, test := range []struct{ request, want string }{{get, "200"}, {post, "502"}} {
		asked := make(chan struct{})
		s1 := testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); close(asked); c.Head(); c.Head() })
		s2 := testkit.RawServer(t, ok)
		f := newFarm(t, nil, s1.Addr, s2.Addr)
		c := f.dial()
		c.Send(test.request)
		<-asked
		start := time.Now()
		f.server(0).SetUp(false)
		if got := status(c.Head()); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	}
}

// A server that goes down while it sends an answer may finish it.
func TestAServerThatGoesDownWhileItAnswers(t *testing.T) {
	down := make(chan struct{})
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
		<-down
		c.Send("cd")
	})
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send(get)
	c.Head()
	first := c.Body(2)
	f.server(0).SetUp(false)
	close(down)
	if got := first + c.Body(2); got != "abcd" {
		t.Errorf("got %q", got)
	}
}

func TestSlowHead(t *testing.T) {
	f := newFarm(t, func(c *config.Config) {
		c.Frontends[0].Timeout.HTTPRequest = 100 * time.Millisecond
		c.Frontends[0].Timeout.HTTPKeepAlive = 100 * time.Millisecond
	}, testkit.RefusingAddr(t))
	c := f.dial()
	c.Send("GET / HTTP/1.1\r\nHo")
	if got := status(c.Head()); got != "408" {
		t.Errorf("got %s, want 408", got)
	}
	if l := f.line(0); l.Termination != "cR--" || l.BytesIn != 18 || string(l.Proto) != "HTTP/1.1" {
		t.Errorf("the log says %+v", l)
	}
	c = f.dial()
	c.Send("GET / HT")
	c.Head()
	if l := f.line(1); l.BytesIn != 8 || len(l.Proto) > 0 {
		t.Errorf("of half a request line the log says %+v", l)
	}
	silent := f.dial()
	if rest, err := silent.Rest(); rest != "" || err != io.EOF {
		t.Errorf("a client that says nothing got %q and %v, want a quiet end", rest, err)
	}
}

func TestAPanicIsA500(t *testing.T) {
	// No configuration that was validated names a backend that is not there.
	f := newFarm(t, func(c *config.Config) { c.Frontends[0].DefaultBackend = "missing" })
	c := f.dial()
	c.Send(get)
	if got := status(c.Head()); got != "500" {
		t.Errorf("got %s, want 500", got)
	}
	if n := f.proxy.Table().Frontends[0].Counters.Internal.Load(); n != 1 {
		t.Errorf("counted %d", n)
	}
}

func TestRoundRobinOnSockets(t *testing.T) {
	var hits [3]atomic.Int64
	var addrs []string
	for i := range hits {
		s := testkit.HTTPServer(t, func(http.ResponseWriter, *http.Request) { hits[i].Add(1) })
		addrs = append(addrs, testkit.Address(s))
	}
	f := newFarm(t, nil, addrs...)
	c := f.dial()
	for range 30 {
		c.Send(get)
		c.Head()
	}
	for i := range hits {
		if n := hits[i].Load(); n != 10 {
			t.Errorf("server %d got %d of 30 requests", i+1, n)
		}
	}
}
