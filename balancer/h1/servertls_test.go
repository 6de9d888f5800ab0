package h1

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"relais/internal/steady"
	"relais/internal/testkit"
)

// batch holds back what is written until it is flushed, so that several records arrive at once.
type batch struct {
	net.Conn
	held *bytes.Buffer // nil: nothing is held back
}

func (b *batch) Write(p []byte) (int, error) {
	if b.held != nil {
		return b.held.Write(p)
	}
	return b.Conn.Write(p)
}

func (b *batch) flush() {
	_ = b.SetWriteDeadline(time.Time{}) // crypto/tls has set one that has passed
	_, _ = b.Conn.Write(b.held.Bytes())
	b.held = nil
}

// tlsPair is pair behind TLS of a version. below is under the server's end.
func tlsPair(t *testing.T, p *Pool, version uint16) (c *ServerConn, peer *tls.Conn, below *batch) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	below = &batch{Conn: accepted}
	peer = tls.Server(below, &tls.Config{
		Certificates: []tls.Certificate{testkit.NewAuthority(t).Pair(t, "a.example")}, MaxVersion: version,
		ClientAuth: tls.RequestClientCert, // makes it send its tickets behind the handshake, as others do
	})
	shaken := make(chan error, 1)
	go func() { shaken <- peer.Handshake() }()
	layer := steady.New(conn.(steady.Stream))
	above := tls.Client(layer, &tls.Config{InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(1)})
	if err := errors.Join(above.Handshake(), <-shaken); err != nil {
		t.Fatal(err)
	}
	layer.Strict = true
	if c, err = NewServerConn(above); err != nil {
		t.Fatal(err)
	}
	p.Add(c)
	t.Cleanup(func() { accepted.Close(); c.Close() })
	return c, peer, below
}

func echoOnce(peer io.ReadWriter) {
	b := make([]byte, 100)
	n, _ := peer.Read(b)
	_, _ = peer.Write(b[:n])
}

func versions(t *testing.T, test func(*testing.T, uint16)) {
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) { test(t, version) })
	}
}

// An idle connection carries one request after the other. The session tickets that a server
// sends behind its handshake are nothing to worry about.
func TestTLSExchange(t *testing.T) {
	versions(t, func(t *testing.T, version uint16) {
		p := newPool(t)
		c, peer, _ := tlsPair(t, p, version)
		if version == tls.VersionTLS13 {
			waitReadable(t, c)
		}
		for range 3 {
			go echoOnce(peer)
			in := make([]byte, 10)
			if n, err := c.Exchange([]byte("word"), in, true, testkit.Patience); string(in[:n]) != "word" || err != nil {
				t.Fatalf("got %q, %v", in[:n], err)
			}
			if c.Unprocessed() {
				t.Error("an answered request counts as not processed")
			}
			p.Put(c, time.Now())
			p.Get(true)
		}
	})
}

func TestTLSProbe(t *testing.T) {
	for _, test := range []struct {
		name string
		peer func(*tls.Conn, *batch)
		want error
	}{
		{"farewell", func(c *tls.Conn, _ *batch) { _ = c.CloseWrite() }, ErrStale},
		{"farewell and end", func(c *tls.Conn, _ *batch) { _ = c.Close() }, ErrStale},
		{"end", func(_ *tls.Conn, b *batch) { _ = b.Conn.Close() }, ErrStale},
		{"reset", func(_ *tls.Conn, b *batch) { _ = b.Conn.(*net.TCPConn).SetLinger(0); b.Conn.Close() }, ErrStale},
		{"dirty", func(c *tls.Conn, _ *batch) { _, _ = c.Write([]byte("x")) }, ErrDirty},
	} {
		for _, held := range []bool{false, true} { // together with the answer, so that the kernel has nothing any more
			t.Run(test.name, func(t *testing.T) {
				versions(t, func(t *testing.T, version uint16) {
					if held && test.name != "farewell" && test.name != "dirty" {
						return
					}
					c, peer, below := tlsPair(t, newPool(t), version)
					go func() {
						if held {
							below.held = &bytes.Buffer{}
						}
						echoOnce(peer)
						if held {
							test.peer(peer, below)
							below.flush()
						}
					}()
					if n, err := c.Exchange([]byte("word"), make([]byte, 4), false, testkit.Patience); n != 4 || err != nil {
						t.Fatalf("got %d bytes, %v", n, err)
					}
					if !held {
						test.peer(peer, below)
						waitReadable(t, c)
					}
					if _, err := c.Exchange([]byte("more"), make([]byte, 10), true, testkit.Patience); !errors.Is(err, test.want) {
						t.Errorf("got %v, want %v", err, test.want)
					}
					if !c.Unprocessed() {
						t.Error("something was sent")
					}
				})
			})
		}
	}
}

// A request that the server's kernel has refused can be told from one that it has taken, though
// the kernel has seen a handshake before.
func TestTLSUnprocessed(t *testing.T) {
	versions(t, func(t *testing.T, version uint16) {
		c, peer, below := tlsPair(t, newPool(t), version)
		go echoOnce(peer)
		if _, err := c.Exchange([]byte("first"), make([]byte, 10), false, testkit.Patience); err != nil {
			t.Fatal(err)
		}
		below.Conn.Close()
		waitReadable(t, c)
		if _, err := c.Exchange([]byte("second"), make([]byte, 10), false, testkit.Patience); err == nil {
			t.Fatal("no error from a closed connection")
		}
		if !c.Unprocessed() {
			t.Error("a request that was refused counts as processed")
		}
	})
}

// What the server's kernel has taken may have been processed, whatever came of it.
func TestTLSProcessed(t *testing.T) {
	c, peer, below := tlsPair(t, newPool(t), tls.VersionTLS13)
	go func() {
		_, _ = peer.Read(make([]byte, 100))
		_ = below.Conn.(*net.TCPConn).SetLinger(0)
		below.Conn.Close()
	}()
	if _, err := c.Exchange([]byte("first"), make([]byte, 10), false, testkit.Patience); err == nil {
		t.Fatal("no error from a closed connection")
	}
	if c.Unprocessed() {
		t.Error("a request that was read counts as not processed")
	}
}

// Waits are ended at once from elsewhere, also those of a server that takes nothing.
func TestTLSWaitsAreEnded(t *testing.T) {
	big := make([]byte, 64<<20)
	waits := map[string]func(*ServerConn) error{
		"answer": func(c *ServerConn) error {
			_, err := c.Exchange([]byte("x"), make([]byte, 9), false, time.Minute)
			return err
		},
		"request": func(c *ServerConn) error {
			_, err := c.Exchange(big, make([]byte, 9), false, time.Minute)
			return err
		},
		"begin": func(c *ServerConn) error { return c.Begin(big, false, time.Minute) },
	}
	for name, wait := range waits {
		for _, end := range []struct {
			call func(*ServerConn)
			want error
		}{{(*ServerConn).Cancel, ErrCancelled}, {(*ServerConn).Abandon, ErrAbandoned}} {
			t.Run(name, func(t *testing.T) {
				c, peer, _ := tlsPair(t, newPool(t), tls.VersionTLS13)
				go func() {
					_, _ = peer.Read(make([]byte, 1))
					end.call(c)
				}()
				start := time.Now()
				if err := wait(c); !errors.Is(err, end.want) {
					t.Errorf("got %v, want %v", err, end.want)
				}
				if took := time.Since(start); took > testkit.Patience {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
}

func TestTLSAbandonedConnectionIsGivenBackWhole(t *testing.T) {
	p := newPool(t)
	c, peer, _ := tlsPair(t, p, tls.VersionTLS13)
	c.Abandon()
	p.Put(c, time.Now())
	go echoOnce(peer)
	if n, err := p.Get(true).Exchange([]byte("x"), make([]byte, 10), true, testkit.Patience); n != 1 || err != nil {
		t.Errorf("got %d bytes, %v", n, err)
	}
}

// A read that timed out does no harm to TLS, a lazy deadline of an earlier wait none either.
func TestTLSTimesOut(t *testing.T) {
	c, peer, _ := tlsPair(t, newPool(t), tls.VersionTLS13)
	start := time.Now()
	_, err := c.Exchange([]byte("x"), make([]byte, 10), false, 50*time.Millisecond)
	if took := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || took < 50*time.Millisecond || took > testkit.Patience {
		t.Errorf("got %v after %v", err, took)
	}
	go echoOnce(peer)
	if n, err := c.Exchange([]byte("y"), make([]byte, 10), false, testkit.Patience); n != 1 || err != nil {
		t.Errorf("got %d bytes, %v after a time-out", n, err)
	}
}

// Send is patient as long as the server takes something, and no longer.
func TestTLSSend(t *testing.T) {
	const patience = 300 * time.Millisecond
	body := make([]byte, 4<<20)
	c, peer, below := tlsPair(t, newPool(t), tls.VersionTLS13)
	_ = c.below.Stream.(*net.TCPConn).SetWriteBuffer(128 << 10)
	_ = below.Conn.(*net.TCPConn).SetReadBuffer(128 << 10)
	read := make(chan int, 1)
	go func() {
		tick := time.NewTicker(patience / 5)
		defer tick.Stop()
		sum := 0
		for n, err := 0, error(nil); err == nil && sum < len(body); sum += n {
			<-tick.C
			n, err = io.ReadAtLeast(peer, make([]byte, 512<<10), 256<<10)
		}
		read <- sum
	}()
	start := time.Now()
	if err := c.Begin(body[:1], false, patience); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(body[1:], patience); err != nil {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
	if took := time.Since(start); took < patience {
		t.Errorf("it took no longer than %v", took)
	}
	c.UploadDone()
	start = time.Now()
	if err := c.Send(make([]byte, 64<<20), patience); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v from a server that takes nothing", err)
	}
	if took := time.Since(start); took > testkit.Patience {
		t.Errorf("it took %v", took)
	}
}

// Both the farewell of TLS and the end of the stream reach the server, which can still answer.
func TestTLSCloseWrite(t *testing.T) {
	c, peer, below := tlsPair(t, newPool(t), tls.VersionTLS13)
	ended := make(chan error, 2)
	go func() {
		_, err := io.ReadAll(peer)
		ended <- err
		_, err = io.Copy(io.Discard, below.Conn)
		ended <- err
		_, _ = peer.Write([]byte("last"))
		_ = below.Conn.Close() // without a farewell
	}()
	if err := c.below.HalfClose(c.Conn.(*tls.Conn)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	b := make([]byte, 10)
	if n, err := c.Receive(b, testkit.Patience); string(b[:n]) != "last" || err != nil {
		t.Errorf("got %q, %v", b[:n], err)
	}
	if _, err := c.Receive(b, testkit.Patience); !errors.Is(err, steady.ErrCut) || errors.Is(err, io.EOF) {
		t.Errorf("the end without a farewell is %v", err)
	}
}

func TestNewServerConnWantsADescriptor(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, err := NewServerConn(tls.Client(a, &tls.Config{})); err == nil {
		t.Error("a connection without a descriptor was taken")
	}
}
