package balancer_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
)

func TestConnectionsAreKeptOnBothSides(t *testing.T) {
	s := testkit.RawServer(t, ok)
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	for range 5 {
		c.Send(get)
		if head := c.Head(); status(head) != "200" || strings.Contains(head, "Connection:") {
			t.Fatalf("got %q", head)
		}
		c.Body(2)
	}
	if n := s.Conns.Load(); n != 1 {
		t.Errorf("%d server connections for 5 requests in turn", n)
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		for head := c.Head(); head != ""; head = c.Head() {
			path := strings.Fields(head)[1]
			body := ""
			if strings.HasPrefix(head, "POST") {
				body = c.Body(3)
			}
			c.Answer(200, path+body)
		}
	})
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" +
		"GET /3 HTTP/1.1\r\nHost: h\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	for _, want := range []string{"/1", "/2abc", "/3", "/4"} {
		c.Head()
		if got := c.Body(len(want)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !c.Closed() {
		t.Error("the connection goes on")
	}
}

// Nothing behind a refused request is served, and its refusal does not overtake an answer.
func TestARefusalWaitsForItsTurn(t *testing.T) {
	s := testkit.RawServer(t, ok)
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send(get + "GET / HTTP/1.1\r\nHost : h\r\n\r\n" + get)
	first := c.Head()
	c.Body(2)
	second := c.Head()
	if status(first) != "200" || status(second) != "400" {
		t.Errorf("got %q, %q", first, second)
	}
	f.line(1)
	if n := f.server(0).Counters.SessionsTotal.Load(); n != 1 {
		t.Errorf("the server got %d requests", n)
	}
}

// A connection that the server has closed while it was idle is never given to a request,
// whatever the method.
func TestAnIdleConnectionThatWasClosed(t *testing.T) {
	for _, request := range []string{get, post} {
		closed := make(chan struct{}, 9)
		s := testkit.RawServer(t, func(c *testkit.Conn) {
			if c.Head() == "" {
				return
			}
			c.Answer(200, "ok")
			c.Conn.Close()
			closed <- struct{}{}
		})
		f := newFarm(t, retries(0), s.Addr)
		c := f.dial()
		for range 20 {
			c.Send(request)
			if head := c.Head(); status(head) != "200" {
				t.Fatalf("got %q", head)
			}
			c.Body(2)
			<-closed
		}
	}
}

// Bytes that a server sends unasked never become somebody's answer.
func TestAPoisonedConnection(t *testing.T) {
	const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
	sent := make(chan struct{}, 9)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Answer(200, "ok")
		f := c.Head // the second request, if any, comes on another connection
		c.Send(poison)
		sent <- struct{}{}
		f()
	})
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	for range 5 {
		c.Send(get)
		c.Head()
		if got := c.Body(2); got != "ok" {
			t.Fatalf("got %q", got)
		}
		<-sent
	}
	// With the answer or behind it, poison may arrive either way; never on a reused connection.
	if n := s.Conns.Load(); n != 5 {
		t.Errorf("%d connections for 5 requests", n)
	}
}

func TestUploads(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789abcdef"), 40<<10) // 640 KiB
	want := fmt.Sprintf("%x", sha256.Sum256(payload))
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, _ := io.Copy(h, r.Body)
		fmt.Fprintf(w, "%d %x %v %s", n, h.Sum(nil), r.TransferEncoding, r.Trailer.Get("T"))
	})
	f := newFarm(t, nil, testkit.Address(s))
	for _, test := range []struct {
		name, want string
		body       io.Reader
		length     int64
	}{
		{"length", "655360 " + want + " [] ", bytes.NewReader(payload), int64(len(payload))},
		{"chunked", "655360 " + want + " [chunked] ", io.MultiReader(bytes.NewReader(payload)), -1},
		{"slow pieces", "655360 " + want + " [chunked] ", slowly(payload), -1},
		{"nothing", "0 " + fmt.Sprintf("%x", sha256.Sum256(nil)) + " [] ", http.NoBody, 0},
		{"little", "2 " + fmt.Sprintf("%x", sha256.Sum256([]byte("ab"))) + " [chunked] ", io.MultiReader(strings.NewReader("ab")), -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, _ := http.NewRequest("POST", "http://"+f.addr+"/", test.body)
			r.ContentLength = test.length
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if got, _ := io.ReadAll(answer.Body); string(got) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// slowly yields b in pieces of odd sizes.
func slowly(b []byte) io.Reader {
	r, w := io.Pipe()
	go func() {
		for n := 1; len(b) > 0; n = n*3 + 1 {
			n = min(n%50000+1, len(b))
			_, _ = w.Write(b[:n])
			b = b[n:]
		}
		w.Close()
	}()
	return r
}

func TestChunkedUploadKeepsItsTrailer(t *testing.T) {
	got := make(chan string, 1)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		body := c.Head() // ends with the blank line behind the trailer
		got <- body
		c.Answer(200, "ok")
	})
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nA: b\r\nHost: evil\r\nX-Forwarded-For: 9\r\n\r\n")
	if body, want := <-got, "3\r\nabc\r\n0\r\nA: b\r\n\r\n"; body != want {
		t.Errorf("the server got %q, want %q", body, want)
	}
}

// An answer that comes while the request is still being sent reaches the client.
func TestAnEarlyAnswer(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Answer(413, "too much")
		c.Head()
	})
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n" + strings.Repeat("x", 100000))
	head := c.Head()
	if status(head) != "413" || !strings.Contains(head, "Connection: close") {
		t.Errorf("got %q", head)
	}
	if body := c.Body(8); body != "too much" {
		t.Errorf("got %q", body)
	}
}

func TestExpectContinue(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 100 Continue\r\n\r\n")
		c.Answer(200, c.Body(2))
	})
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	if head := c.Head(); status(head) != "100" {
		t.Fatalf("got %q", head)
	}
	c.Send("ab")
	if head := c.Head(); status(head) != "200" {
		t.Fatalf("got %q", head)
	}
	if got := c.Body(2); got != "ab" {
		t.Errorf("got %q", got)
	}
}

// Each piece of an answer reaches the client at once, not when a buffer is full.
func TestADrippingAnswer(t *testing.T) {
	for _, chunked := range []bool{true, false} {
		next := make(chan struct{})
		s := testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
			if !chunked {
				w.Header().Set("Content-Length", "5")
			}
			for range 5 {
				fmt.Fprint(w, "x")
				w.(http.Flusher).Flush()
				<-next
			}
		})
		f := newFarm(t, nil, testkit.Address(s))
		answer, err := http.Get("http://" + f.addr)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if _, err := io.ReadFull(answer.Body, make([]byte, 1)); err != nil {
				t.Fatalf("piece %d: %v", i, err)
			}
			next <- struct{}{}
		}
		answer.Body.Close()
	}
}

// A client that stops sending, or leaves, in the middle of its body is why the request fails;
// the server must see a body that is cut short, and is not blamed.
func TestAClientThatFailsInItsBody(t *testing.T) {
	for _, test := range []struct {
		name, status, termination string
		leave                     bool
	}{
		{"leaves", "499", "CD--", true},
		{"falls silent", "408", "cD--", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var complete atomic.Bool
			asked := make(chan struct{}, 1)
			s := testkit.RawServer(t, func(c *testkit.Conn) {
				c.Head()
				asked <- struct{}{}
				complete.Store(len(c.Body(10)) == 10)
			})
			f := newFarm(t, func(c *config.Config) { c.Frontends[0].Timeout.Client = 100 * time.Millisecond }, s.Addr)
			c := f.dial()
			c.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
			<-asked
			if test.leave {
				c.Conn.Close()
			}
			l := f.line(0)
			if fmt.Sprint(l.Status) != test.status || l.Termination != test.termination {
				t.Errorf("the log says %+v", l)
			}
			if complete.Load() {
				t.Error("the server got a whole body")
			}
			k := &f.server(0).Counters
			if k.ResponseErrors.Load() != 0 || k.ConnectErrors.Load() != 0 || k.ClientAborts.Load() != 1 {
				t.Error("the server was blamed")
			}
		})
	}
}

// A request whose body turns out to be malformed later is refused like one that is so at once.
func TestABadChunkLater(t *testing.T) {
	asked, gone := make(chan struct{}), make(chan string, 1)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		close(asked)
		body, _ := c.Rest()
		gone <- body
	})
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
	<-asked
	c.Send("2\r\nab\r\nx\r\n")
	if head := c.Head(); status(head) != "400" || !strings.Contains(head, "Connection: close") {
		t.Errorf("got %q", head)
	}
	if body := <-gone; strings.Contains(body, "0\r\n\r\n") {
		t.Errorf("the server got a whole body: %q", body)
	}
	if l := f.line(0); l.Status != 400 || l.Reason != "a bad chunk" {
		t.Errorf("the log says %d %q", l.Status, l.Reason)
	}
}

// An old deadline of a connection is no reason to fail: an upload over a connection that is idle
// for as long as timeout.server is not a timeout.
func TestAnUploadOverAConnectionWithAnOldDeadline(t *testing.T) {
	const timeout = 200 * time.Millisecond
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		for head := c.Head(); head != ""; head = c.Head() {
			if strings.HasPrefix(head, "PUT") {
				c.Body(2)
			}
			c.Answer(200, "ok")
		}
	})
	f := newFarm(t, serverTimeout(timeout), s.Addr)
	c := f.dial()
	c.Send(get)
	c.Head()
	c.Body(2)
	<-time.After(timeout + 50*time.Millisecond)
	c.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n")
	testkit.Eventually(t, "the upload has begun", func() bool { return f.server(0).Counters.SessionsTotal.Load() == 2 })
	c.Send("ab")
	if head := c.Head(); status(head) != "200" {
		t.Errorf("got %q", head)
	}
}

// A client that has left gets nothing, least of all what fasthttp would say.
func TestNothingIsAnsweredToWhoHasLeft(t *testing.T) {
	asked := make(chan struct{})
	s := testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); close(asked); c.Head() })
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send(get)
	<-asked
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	if rest, _ := c.Rest(); rest != "" {
		t.Errorf("got %q", rest)
	}
}

// A client that does not read its answer is given up after timeout.client, one that reads slowly
// is not.
func TestSlowReaders(t *testing.T) {
	big := strings.Repeat("x", 32<<20)
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, big) })
	f := newFarm(t, func(c *config.Config) { c.Frontends[0].Timeout.Client = time.Second }, testkit.Address(s))
	c := f.dial()
	c.Send(get)
	if l := f.line(0); l.Termination != "cD--" || l.Status != 200 {
		t.Errorf("the log says %+v", l)
	}
	slow := f.dial()
	slow.Send(get)
	slow.Head()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	got := 0
	for range 100 { // 2 s in all, twice the time-out
		<-tick.C
		n, err := io.ReadFull(slow.R, make([]byte, 128<<10))
		if got += n; err != nil {
			t.Fatalf("cut off after %d bytes: %v", got, err)
		}
	}
}

func TestStopEndsConnections(t *testing.T) {
	s := testkit.RawServer(t, ok)
	f := newFarm(t, nil, s.Addr)
	c := f.dial()
	c.Send(get)
	c.Head()
	c.Body(2)
	f.proxy.Stop()
	c.Send(get)
	if head := c.Head(); !strings.Contains(head, "Connection: close") {
		t.Errorf("got %q", head)
	}
}

// A client that leaves, or closes its sending side, ends what is done for it, wherever that is.
// No server is blamed.
func TestAClientThatLeaves(t *testing.T) {
	leave := map[string]func(*testkit.Conn){
		"close":      func(c *testkit.Conn) { c.Conn.Close() },
		"half-close": func(c *testkit.Conn) { _ = c.Conn.(*net.TCPConn).CloseWrite() },
		"reset":      func(c *testkit.Conn) { c.Reset(); c.Conn.Close() },
	}
	for _, test := range []struct {
		phase, termination string
		status             int
		script             func(c *testkit.Conn, reached chan<- struct{})
	}{
		{"waiting", "CH--", 499, func(c *testkit.Conn, reached chan<- struct{}) {
			c.Head()
			reached <- struct{}{}
		}},
		{"streaming", "CD--", 200, func(c *testkit.Conn, reached chan<- struct{}) {
			c.Head()
			c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
			reached <- struct{}{}
		}},
	} {
		for how, leave := range leave {
			t.Run(test.phase+", "+how, func(t *testing.T) {
				reached, gone := make(chan struct{}, 1), make(chan struct{})
				s := testkit.RawServer(t, func(c *testkit.Conn) {
					test.script(c, reached)
					c.Head() // until the proxy hangs up
					close(gone)
				})
				f := newFarm(t, nil, s.Addr)
				c := f.dial()
				c.Send(post)
				<-reached
				if test.status == 200 {
					c.Head()
				}
				leave(c)
				<-gone
				l := f.line(0)
				if l.Status != test.status || l.Termination != test.termination || l.Reason != "the client left" {
					t.Errorf("the log says %d %s %q", l.Status, l.Termination, l.Reason)
				}
				k := &f.server(0).Counters
				if k.ResponseErrors.Load() != 0 || k.ServerAborts.Load() != 0 || k.ClientAborts.Load() != 1 {
					t.Error("the server was blamed")
				}
			})
		}
	}
}

// A connection that served a client who left is not harmed for the next client, nor is a client
// who leaves between two requests an error.
func TestAClientThatLeavesBetweenRequests(t *testing.T) {
	s := testkit.RawServer(t, ok)
	f := newFarm(t, nil, s.Addr)
	for range 50 {
		c := f.dial()
		c.Send(get)
		c.Head()
		c.Body(2)
		c.Conn.Close()
	}
	for i := range 50 {
		if l := f.line(i); l.Status != 200 || l.Termination != "----" {
			t.Errorf("request %d: %+v", i, l)
		}
	}
	if n := s.Conns.Load(); n > 10 { // a client may come before the one before it has been settled
		t.Errorf("%d server connections for 50 clients in turn", n)
	}
}
