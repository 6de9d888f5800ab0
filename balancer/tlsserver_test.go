package balancer_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
)

// secured are the settings of TLS to servers and the certificate that they then want.
func secured(t *testing.T) (*config.ServerTLS, *tls.Config) {
	t.Helper()
	a := testkit.NewAuthority(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	testkit.WriteFile(t, ca, a.CertPEM)
	return &config.ServerTLS{Verify: true, CA: config.NewPath(ca), SNI: "a.example"},
		&tls.Config{Certificates: []tls.Certificate{a.Pair(t, "a.example")}}
}

// overTLS has every server spoken to over TLS, and changes more.
func overTLS(settings *config.ServerTLS, more func(*config.Config)) func(*config.Config) {
	return func(c *config.Config) {
		for _, s := range c.Backends[0].Servers {
			s.TLS = settings
		}
		if more != nil {
			more(c)
		}
	}
}

// tlsServer is a RawServer behind TLS. What a script does not close is closed with a farewell.
func tlsServer(t *testing.T, settings *tls.Config, script func(*testkit.Conn)) *testkit.Server {
	t.Helper()
	return testkit.RawServer(t, func(c *testkit.Conn) {
		above := tls.Server(c.Conn, settings)
		defer above.Close()
		script(testkit.NewConn(t, above))
	})
}

// below is the connection below the TLS of a script's.
func below(c *testkit.Conn) *net.TCPConn { return c.Conn.(*tls.Conn).NetConn().(*net.TCPConn) }

// newHTTPSFarm is a farm in front of one HTTPS server of Go's own.
func newHTTPSFarm(t *testing.T, h http.HandlerFunc, change func(*http.Server)) *farm {
	t.Helper()
	settings, served := secured(t)
	s := httptest.NewUnstartedServer(h)
	s.TLS = served
	if change != nil {
		change(s.Config)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return newFarm(t, overTLS(settings, nil), s.Listener.Addr().String())
}

func TestHTTPSServer(t *testing.T) {
	f := newHTTPSFarm(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Host, r.Header.Get("X-Forwarded-Proto"), body)
	}, nil)
	c := f.dial()
	for range 3 {
		c.Send(get)
		if head := c.Head(); status(head) != "200" {
			t.Fatalf("got %q", head)
		}
		if got := c.Body(11); got != "GET h http " {
			t.Errorf("got %q", got)
		}
		c.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
		if head := c.Head(); status(head) != "200" {
			t.Fatalf("got %q", head)
		}
		if got := c.Body(14); got != "POST h http ab" {
			t.Errorf("got %q", got)
		}
	}
	if k := &f.server(0).Counters; k.Connects.Load() != 1 || k.Reuses.Load() != 5 {
		t.Errorf("%d connections, %d times reused", k.Connects.Load(), k.Reuses.Load())
	}
}

func TestHTTPSServerLargeBodies(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB
	want := sha256.Sum256(payload)
	f := newHTTPSFarm(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		_, _ = w.Write(got)
	}, nil)
	for name, body := range map[string]io.Reader{"length": bytes.NewReader(payload), "chunked": io.MultiReader(bytes.NewReader(payload))} {
		answer, err := http.Post("http://"+f.addr+"/", "text/plain", body)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		n, err := io.Copy(h, answer.Body)
		answer.Body.Close()
		if n != int64(len(payload)) || err != nil || !bytes.Equal(h.Sum(nil), want[:]) {
			t.Errorf("%s: got %d bytes, %v", name, n, err)
		}
	}
}

// A server that keeps connections for less time than its clients makes no request fail, POSTs
// included.
func TestHTTPSServerThatClosesIdleConnections(t *testing.T) {
	const idle = 30 * time.Millisecond
	f := newHTTPSFarm(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) },
		func(s *http.Server) { s.IdleTimeout = idle })
	const clients, requests = 4, 60
	failed := make(chan string, clients*requests)
	done := make(chan struct{})
	for range clients {
		go func() {
			defer func() { done <- struct{}{} }()
			c := f.dial()
			for range requests {
				timer := time.NewTimer(rand.N(2 * idle))
				<-timer.C
				request, want := get, ""
				if rand.N(2) == 0 {
					request, want = post, post[len(post)-2:]
				}
				c.Send(request)
				head := c.Head()
				if body := c.Body(len(want)); status(head) != "200" || body != want {
					failed <- head + body
				}
			}
		}()
	}
	for range clients {
		<-done
	}
	if n := len(failed); n > 0 {
		t.Errorf("%d of %d requests failed, the first with %q", n, clients*requests, <-failed)
	}
	k := &f.server(0).Counters
	t.Logf("%d connections, %d times reused, %d races avoided", k.Connects.Load(), k.Reuses.Load(), k.RacesAvoided.Load())
	if k.Connects.Load() < 5 || k.Reuses.Load() == 0 {
		t.Error("the server closed nothing, or nothing was reused")
	}
}

// Each piece of an answer, and of a request, is passed on when it is there.
func TestHTTPSServerStreams(t *testing.T) {
	settings, served := secured(t)
	s := tlsServer(t, served, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 3 {
			piece := c.Body(6) // a chunk of the request
			c.Send(piece)
		}
		c.Send("0\r\n\r\n")
		c.Body(5)
	})
	f := newFarm(t, overTLS(settings, nil), s.Addr)
	c := f.dial()
	c.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
	c.Head()
	for _, piece := range []string{"1\r\na\r\n", "1\r\nb\r\n", "1\r\nc\r\n"} {
		c.Send(piece)
		if got := c.Body(6); got != piece {
			t.Errorf("got %q, want %q", got, piece)
		}
	}
	c.Send("0\r\n\r\n")
	if got := c.Body(5); got != "0\r\n\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestHTTPSServerTunnel(t *testing.T) {
	settings, served := secured(t)
	s := tlsServer(t, served, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: custom\r\n\r\nhello")
		rest, err := c.Rest() // the client's end is seen here, and the answer still gets through
		c.Send(fmt.Sprint("rest ", rest, " ", err))
	})
	f := newFarm(t, overTLS(settings, nil), s.Addr)
	c := f.dial()
	c.Send(upgrade)
	c.Head()
	if got := c.Body(5); got != "hello" {
		t.Errorf("got %q", got)
	}
	c.Send("last")
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	if rest, err := c.Rest(); rest != "rest last EOF" || err != io.EOF {
		t.Errorf("got %q, %v", rest, err)
	}
}

// An answer that ends with the connection is whole if TLS says farewell, and only then.
func TestHTTPSServerTruncatedAnswer(t *testing.T) {
	settings, served := secured(t)
	for _, farewell := range []bool{true, false} {
		s := tlsServer(t, served, func(c *testkit.Conn) {
			c.Head()
			c.Send("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 100000))
			if !farewell {
				_ = below(c).CloseWrite() // a plain end
				c.Head()
			}
		})
		f := newFarm(t, overTLS(settings, retries(0)), s.Addr)
		c := f.dial()
		c.Send(get)
		c.Head()
		_, err := c.Rest()
		if (err == io.EOF) != farewell {
			t.Errorf("farewell %v: the client sees %v", farewell, err)
		}
		want := "---- "
		if !farewell {
			want = "SD-- s1: the server closed the connection in the middle of its answer"
		}
		if l := f.line(0); l.Termination+" "+l.Reason != want {
			t.Errorf("farewell %v: the log says %s %q", farewell, l.Termination, l.Reason)
		}
	}
}

// A client that leaves ends what an HTTPS server does for it.
func TestHTTPSServerClientThatLeaves(t *testing.T) {
	settings, served := secured(t)
	reached, gone := make(chan struct{}), make(chan struct{})
	s := tlsServer(t, served, func(c *testkit.Conn) {
		c.Head()
		close(reached)
		c.Head() // until the proxy hangs up
		close(gone)
	})
	f := newFarm(t, overTLS(settings, nil), s.Addr)
	c := f.dial()
	c.Send(get)
	<-reached
	c.Close()
	<-gone
	if l := f.line(0); l.Status != 499 || l.Termination != "CH--" {
		t.Errorf("the log says %d %s %q", l.Status, l.Termination, l.Reason)
	}
}

// A handshake that fails is a failed connection: another server is asked, or the client told.
func TestHTTPSServerHandshakeFails(t *testing.T) {
	settings, served := secured(t)
	_, foreign := secured(t)
	bad, good := tlsServer(t, foreign, ok), tlsServer(t, served, ok)
	f := newFarm(t, overTLS(settings, nil), bad.Addr, good.Addr)
	c := f.dial()
	c.Send(post)
	if head := c.Head(); status(head) != "200" {
		t.Errorf("got %q", head)
	}
	const reason = "s1: TLS handshake: certificate signed by unknown authority; set tls.ca to its file"
	if l := f.line(0); l.Reason != reason+"; answered by s2" || f.server(0).Counters.ConnectErrors.Load() != 1 {
		t.Errorf("the log says %q", l.Reason)
	}

	f = newFarm(t, overTLS(settings, retries(0)), bad.Addr)
	c = f.dial()
	c.Send(get)
	if head := c.Head(); status(head) != "503" {
		t.Errorf("got %q", head)
	}
	if l := f.line(0); l.Reason != reason || l.Termination != "SC--" {
		t.Errorf("the log says %s %q", l.Termination, l.Reason)
	}

	trusting := *settings
	trusting.Verify = false
	f = newFarm(t, overTLS(&trusting, nil), bad.Addr)
	c = f.dial()
	c.Send(get)
	if head := c.Head(); status(head) != "200" {
		t.Errorf("got %q from a server that is not verified", head)
	}
}

// A server that does not answer the handshake has no longer than timeout.connect.
func TestHTTPSServerThatIsSilent(t *testing.T) {
	settings, _ := secured(t)
	s := testkit.RawServer(t, func(c *testkit.Conn) { _, _ = c.Rest() })
	f := newFarm(t, overTLS(settings, func(c *config.Config) {
		c.Backends[0].Retries, c.Backends[0].Timeout.Connect = 0, 200*time.Millisecond
	}), s.Addr)
	c := f.dial()
	c.Send(get)
	if head := c.Head(); status(head) != "503" {
		t.Errorf("got %q", head)
	}
	if l := f.line(0); l.Termination != "sC--" || l.Reason != "s1: TLS handshake: the server did not answer in time" {
		t.Errorf("the log says %s %q", l.Termination, l.Reason)
	}
}

// A server on a unix socket is like any other.
func TestUnixServer(t *testing.T) {
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })}
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Close() })
	f := newFarm(t, nil, "unix@"+ln.Addr().String())
	c := f.dial()
	for range 3 {
		c.Send(post)
		if head := c.Head(); status(head) != "200" {
			t.Fatalf("got %q", head)
		}
		if got := c.Body(2); got != post[len(post)-2:] {
			t.Errorf("got %q", got)
		}
	}
	if k := &f.server(0).Counters; k.Connects.Load() != 1 || k.Reuses.Load() != 2 {
		t.Errorf("%d connections, %d times reused", k.Connects.Load(), k.Reuses.Load())
	}
}

// A connection with a PROXY header is the client's own, and of one request.
func TestSendProxy(t *testing.T) {
	headers := make(chan string, 9)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		line, _ := c.R.ReadString('\n')
		headers <- line
		ok(c)
	})
	f := newFarm(t, func(c *config.Config) { c.Backends[0].Servers[0].SendProxy = "v1" }, s.Addr)
	for range 2 {
		c := f.dial()
		me := c.LocalAddr().(*net.TCPAddr)
		to := c.RemoteAddr().(*net.TCPAddr)
		want := fmt.Sprintf("PROXY TCP4 %s %s %d %d\r\n", me.IP, to.IP, me.Port, to.Port)
		for range 2 {
			c.Send(get)
			if head := c.Head(); status(head) != "200" {
				t.Fatalf("got %q", head)
			}
			c.Body(2)
			select {
			case got := <-headers:
				if got != want {
					t.Errorf("the server got %q, want %q", got, want)
				}
			case <-time.After(testkit.Patience):
				t.Fatal("the request came over a connection of an earlier one")
			}
		}
	}
	testkit.Eventually(t, "no connection is kept", func() bool { idle, used := f.server(0).Conns(); return idle+used == 0 })
	if k := &f.server(0).Counters; k.Connects.Load() != 4 || k.Reuses.Load() != 0 {
		t.Errorf("%d connections, %d times reused", k.Connects.Load(), k.Reuses.Load())
	}
}
