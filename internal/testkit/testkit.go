// Package testkit has the real parts that tests put around the balancer: servers that answer as
// told, clients that send bytes as told. It is imported by tests only.
package testkit

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Patience bounds every wait of a test.
const Patience = 10 * time.Second

// Eventually waits until ok holds.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("still not so after %v: %s", Patience, what)
		}
		<-tick.C
	}
}

// HTTPServer starts a server of Go's own on a free port and returns its address.
func HTTPServer(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// Address returns the HOST:PORT of a test server.
func Address(s *httptest.Server) string { return s.Listener.Addr().String() }

// Server is a TCP server whose behaviour on each connection is a script.
type Server struct {
	Addr  string
	Conns atomic.Int64 // accepted

	listener net.Listener
}

// RawServer starts a server that runs script on each connection, which is closed afterwards.
func RawServer(t testing.TB, script func(*Conn)) *Server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: ln.Addr().String(), listener: ln}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.Conns.Add(1)
			go func() {
				defer conn.Close()
				script(NewConn(t, conn))
			}()
		}
	}()
	return s
}

// Close stops accepting.
func (s *Server) Close() { s.listener.Close() }

// RefusingAddr returns an address that refuses connections, until somebody takes it: whoever asks for
// any free port may get it.
func RefusingAddr(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// ClosedAddr returns an address that refuses connections until the test ends: nobody listens on its
// port, and nobody else gets it.
func ClosedAddr(t testing.TB) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", at.(*syscall.SockaddrInet4).Port)
}

// Conn is a connection that reads and writes HTTP as bytes.
type Conn struct {
	net.Conn
	R *bufio.Reader
	t testing.TB
}

// NewConn wraps a connection and bounds its life.
func NewConn(t testing.TB, conn net.Conn) *Conn {
	_ = conn.SetDeadline(time.Now().Add(2 * Patience))
	return &Conn{Conn: conn, R: bufio.NewReader(conn), t: t}
}

// Dial opens a connection to addr.
func Dial(t testing.TB, addr string) *Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return NewConn(t, conn)
}

// Send writes s as it is.
func (c *Conn) Send(s string) {
	_, _ = io.WriteString(c.Conn, s)
}

// Head reads a message head, up to and with its blank line; "" at the end of the stream.
func (c *Conn) Head() string {
	var b strings.Builder
	for {
		line, err := c.R.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String()
		}
	}
}

// Read reads n bytes of a body; fewer at the end of the stream.
func (c *Conn) Body(n int) string {
	b := make([]byte, n)
	n, _ = io.ReadFull(c.R, b)
	return string(b[:n])
}

// Rest reads until the end of the stream and tells how it ended: io.EOF, or what else.
func (c *Conn) Rest() (string, error) {
	b, err := io.ReadAll(c.R)
	if err == nil {
		err = io.EOF
	}
	return string(b), err
}

// Closed tells whether the peer has closed the connection and sent nothing more.
func (c *Conn) Closed() bool {
	_, err := c.R.ReadByte()
	return err != nil
}

// Answer sends a complete answer with a body.
func (c *Conn) Answer(status int, body string, fields ...string) {
	c.Send(fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s", status, len(body), lines(fields), body))
}

func lines(fields []string) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	return b.String()
}

// Reset makes the coming Close send a reset.
func (c *Conn) Reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}
