package balancer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"relais/balancer"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

// newTLSFarm is a farm behind TLS.
func newTLSFarm(t *testing.T, change func(*config.Config), addrs ...string) *farm {
	t.Helper()
	f := newFarm(t, change, addrs...)
	settings := listen.ServerTLS([]tls.Certificate{testkit.NewAuthority(t).Pair(t, "a.example")})
	f.serveOn(listen.Bind{Address: "127.0.0.1:0", TLS: settings})
	return f
}

// serveOn opens another bind of the farm's frontend, which is the one that is dialled from now on.
func (f *farm) serveOn(b listen.Bind) {
	f.t.Helper()
	var ln *listen.Listener
	gate := f.proxy.Table().Frontends[0].Gate
	ln, err := listen.Open(b, listen.NewSlots(1000), func(c net.Conn) net.Conn {
		client := gate.Wrap(c)
		client.OnClose = func() { ln.Release(client) }
		return client
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.addr = ln.Addr().String()
	server := &fasthttp.Server{Handler: f.proxy.Handler(func() *balancer.Frontend { return f.proxy.Table().Frontends[0] }), NoDefaultDate: true}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(ln)
	}()
	f.t.Cleanup(func() {
		ln.Close()
		ln.CloseConns()
		_ = server.Shutdown()
		<-done
	})
}

// dialTLS returns a client that speaks TLS.
func (f *farm) dialTLS() *testkit.Conn {
	f.t.Helper()
	c := f.dial()
	return testkit.NewConn(f.t, tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true}))
}

// httpsClient never verifies and never speaks HTTP/2.
func httpsClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
}

func TestTLSRequests(t *testing.T) {
	heads := make(chan string, 9)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		for head := c.Head(); head != ""; head = c.Head() {
			heads <- head
			body := ""
			if strings.HasPrefix(head, "POST") {
				body = c.Body(3)
			}
			c.Answer(200, strings.Fields(head)[1]+body)
		}
	})
	f := newTLSFarm(t, nil, s.Addr)
	c := f.dialTLS()
	for range 3 { // kept alive
		c.Send("GET /0 HTTP/1.1\r\nHost: h\r\n\r\n")
		if head := c.Head(); status(head) != "200" {
			t.Fatalf("got %q", head)
		}
		if got := c.Body(2); got != "/0" {
			t.Errorf("got %q", got)
		}
		if head := <-heads; !strings.Contains(head, "\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n") {
			t.Errorf("the server got %q", head)
		}
	}
	c.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" +
		"GET /3 HTTP/1.1\r\nHost : h\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n")
	for _, want := range []string{"/1", "/2abc"} { // in order, and the refusal in its turn
		c.Head()
		if got := c.Body(len(want)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if head := c.Head(); status(head) != "400" {
		t.Errorf("got %q", head)
	}
	if rest, err := c.Rest(); err != io.EOF || strings.Contains(rest, "/4") {
		t.Errorf("the connection ended with %q, %v", rest, err)
	}
}

// A head that arrives a byte at a time, in as many records, is one request.
func TestTLSHeadInPieces(t *testing.T) {
	s := testkit.RawServer(t, ok)
	f := newTLSFarm(t, nil, s.Addr)
	c := f.dialTLS()
	for _, b := range get {
		c.Send(string(b))
	}
	if head := c.Head(); status(head) != "200" {
		t.Errorf("got %q", head)
	}
}

func TestTLSLargeBodies(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789abcdef"), 2<<20) // 32 MiB
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		_, _ = w.Write(got)
	})
	f := newTLSFarm(t, nil, testkit.Address(s))
	for name, body := range map[string]io.Reader{"length": bytes.NewReader(payload), "chunked": io.MultiReader(bytes.NewReader(payload))} {
		answer, err := httpsClient().Post("https://"+f.addr+"/", "text/plain", body)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		n, err := io.Copy(h, answer.Body)
		answer.Body.Close()
		if want := sha256.Sum256(payload); n != int64(len(payload)) || err != nil || !bytes.Equal(h.Sum(nil), want[:]) {
			t.Errorf("%s: got %d bytes, %v", name, n, err)
		}
	}
}

func TestTLSEarlyAnswer(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Answer(413, "too much")
		c.Head()
	})
	f := newTLSFarm(t, nil, s.Addr)
	c := f.dialTLS()
	c.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n" + strings.Repeat("x", 100000))
	if head := c.Head(); status(head) != "413" || !strings.Contains(head, "Connection: close") {
		t.Errorf("got %q", head)
	}
	if body := c.Body(8); body != "too much" {
		t.Errorf("got %q", body)
	}
}

// The handshake, a head, and the wait for the next one are bounded as without TLS.
func TestTLSTimeouts(t *testing.T) {
	const limit = 200 * time.Millisecond
	s := testkit.RawServer(t, ok)
	f := newTLSFarm(t, func(c *config.Config) {
		c.Frontends[0].Timeout.HTTPRequest, c.Frontends[0].Timeout.HTTPKeepAlive = limit, 2*limit
	}, s.Addr)
	for _, test := range []struct {
		name   string
		open   func() *testkit.Conn
		answer string
		limit  time.Duration
	}{
		{"silence", f.dial, "", limit},
		{"half a hello", func() *testkit.Conn { c := f.dial(); c.Send("\x16\x03\x01\x02\x00\x01"); return c }, "", limit},
		{"half a head", func() *testkit.Conn { c := f.dialTLS(); c.Send(get[:20]); return c }, "408", limit},
		{"idle", func() *testkit.Conn { c := f.dialTLS(); c.Send(get); c.Head(); c.Body(2); return c }, "", 2 * limit},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := test.open()
			start := time.Now()
			if head := c.Head(); head != "" && status(head) != test.answer || head == "" && test.answer != "" {
				t.Errorf("got %q", head)
			}
			_, _ = c.Rest()
			if took := time.Since(start); took < test.limit*8/10 || took > 10*limit {
				t.Errorf("it ended after %v, want %v", took, test.limit)
			}
		})
	}
}

// A client behind TLS that leaves ends what is done for it, too.
func TestTLSClientThatLeaves(t *testing.T) {
	for _, streaming := range []bool{false, true} {
		reached, gone := make(chan struct{}, 1), make(chan struct{})
		s := testkit.RawServer(t, func(c *testkit.Conn) {
			c.Head()
			if streaming {
				c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
			}
			reached <- struct{}{}
			c.Head() // until the proxy hangs up
			close(gone)
		})
		f := newTLSFarm(t, nil, s.Addr)
		c := f.dialTLS()
		c.Send(post)
		<-reached
		want := "CH-- 499"
		if streaming {
			c.Head()
			want = "CD-- 200"
		}
		c.Conn.Close()
		<-gone
		if l := f.line(0); fmt.Sprint(l.Termination, " ", l.Status) != want || l.Reason != "the client left" {
			t.Errorf("the log says %d %s %q, want %s", l.Status, l.Termination, l.Reason, want)
		}
		if k := &f.server(0).Counters; k.ResponseErrors.Load() != 0 || k.ServerAborts.Load() != 0 {
			t.Error("the server was blamed")
		}
	}
}

// An answer that only ends with the connection is seen to be cut: there is no farewell of TLS.
func TestTLSTruncatedAnswer(t *testing.T) {
	for _, whole := range []bool{true, false} {
		s := testkit.RawServer(t, func(c *testkit.Conn) {
			c.Head()
			c.Send("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 1<<20))
			if !whole {
				c.Reset()
			}
		})
		f := newTLSFarm(t, retries(0), s.Addr)
		c := f.dialTLS()
		c.Send(get)
		c.Head()
		_, err := c.Rest()
		if (err == io.EOF) != whole {
			t.Errorf("whole answer: %v; the client sees %v", whole, err)
		}
	}
}

// A client that reads slowly is served to the end, one that does not read is given up.
func TestTLSSlowReaders(t *testing.T) {
	big := strings.Repeat("x", 16<<20)
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, big) })
	f := newTLSFarm(t, func(c *config.Config) { c.Frontends[0].Timeout.Client = 500 * time.Millisecond }, testkit.Address(s))
	f.dialTLS().Send(get)
	if l := f.line(0); l.Termination != "cD--" || l.Status != 200 {
		t.Errorf("the log says %+v", l)
	}
	slow := f.dialTLS()
	slow.Send(get)
	slow.Head()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	got := 0
	for range 60 { // 1.2 s in all, more than twice the time-out
		<-tick.C
		n, err := io.ReadFull(slow.R, make([]byte, 64<<10))
		if got += n; err != nil {
			t.Fatalf("cut off after %d bytes: %v", got, err)
		}
	}
}

func TestTLSTunnel(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: custom\r\n\r\nhello")
		rest, _ := c.Rest() // the client's end is seen here, and the answer still gets through
		c.Send("rest " + rest)
	})
	f := newTLSFarm(t, nil, s.Addr)
	c := f.dialTLS()
	c.Send(upgrade)
	c.Head()
	if got := c.Body(5); got != "hello" {
		t.Errorf("got %q", got)
	}
	c.Send("last")
	_ = c.Conn.(*tls.Conn).CloseWrite()
	if rest, err := c.Rest(); rest != "rest last" || err != io.EOF {
		t.Errorf("got %q, %v", rest, err)
	}
}

// An idle connection behind TLS costs memory for TLS, not for a request that may never come.
func TestTLSIdleMemory(t *testing.T) {
	const n = 200
	s := testkit.RawServer(t, ok)
	f := newTLSFarm(t, func(c *config.Config) { c.Limits.MaxHeaderSize = 1 << 20 }, s.Addr)
	before := heap()
	for range n {
		c := f.dialTLS()
		c.Send(get)
		c.Head()
		c.Body(2)
	}
	if grown := heap() - before; grown > n<<20/2 {
		t.Errorf("%d idle connections with room for 1 MiB heads hold %d MiB", n, grown>>20)
	}
}

// heap is what is in use, without what is pooled.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what is pooled goes with the second one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestTLSUnderLoad(t *testing.T) {
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	f := newTLSFarm(t, nil, testkit.Address(s))
	client := httpsClient()
	client.Transport.(*http.Transport).DisableKeepAlives = false
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	errs := make(chan error, 8)
	for i := range cap(errs) {
		go func() {
			for j := range 200 {
				path := fmt.Sprintf("/%d/%d", i, j)
				r, _ := http.NewRequestWithContext(ctx, "GET", "https://"+f.addr+path, nil)
				answer, err := client.Do(r)
				if err != nil {
					errs <- err
					return
				}
				body, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || string(body) != path {
					errs <- errors.Join(err, fmt.Errorf("%s answered %q", path, body))
					return
				}
			}
			errs <- nil
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
