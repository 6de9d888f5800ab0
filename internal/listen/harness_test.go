package listen

import (
	"io"
	"net"
	"testing"

	"relais/internal/testkit"
)

// accepting opens a bind and hands over what it accepts.
func accepting(t *testing.T, b Bind) (*Listener, <-chan net.Conn) {
	t.Helper()
	ln, err := Open(b, NewSlots(100), func(c net.Conn) net.Conn { return c })
	if err != nil {
		t.Fatal(err)
	}
	conns, done := make(chan net.Conn, 100), make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conns <- conn
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		ln.CloseConns()
		<-done
	})
	return ln, conns
}

func dial(t *testing.T, network, addr string) *testkit.Conn {
	t.Helper()
	conn, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return testkit.NewConn(t, conn)
}

// text reads n bytes.
func text(t *testing.T, r io.Reader, n int) string {
	t.Helper()
	b := make([]byte, n)
	if n, err := io.ReadFull(r, b); err != nil {
		t.Fatalf("%v after %q", err, b[:n])
	}
	return string(b)
}
