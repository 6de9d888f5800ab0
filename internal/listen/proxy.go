package listen

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// proxyConn is a connection that begins with a PROXY header. Behind it, it is the connection
// itself, read and written through the descriptor as any other.
type proxyConn struct {
	stream
	refuse func(net.Addr, error)

	begun  bool
	err    error
	origin origin
}

// Start reads the header, as the first Read would.
func (c *proxyConn) Start() error { return c.header() }

// Read reads what is behind the header.
func (c *proxyConn) Read(p []byte) (int, error) {
	if err := c.header(); err != nil {
		return 0, err
	}
	return c.stream.Read(p)
}

// header reads the header, once. A connection without a sound one ends.
func (c *proxyConn) header() error {
	if c.begun {
		return c.err
	}
	c.begun = true
	origin, err := readProxyHeader(c.stream)
	if err == nil {
		c.origin = origin
		return nil
	}
	if !errors.Is(err, io.EOF) { // who connects and leaves has done nothing wrong
		c.refuse(c.stream.RemoteAddr(), err)
	}
	c.err = io.EOF
	return c.err
}

// RemoteAddr is the client that the header tells of.
func (c *proxyConn) RemoteAddr() net.Addr {
	if c.origin.client.IsValid() {
		return net.TCPAddrFromAddrPort(c.origin.client)
	}
	return c.stream.RemoteAddr()
}

// LocalAddr is where that client connected to.
func (c *proxyConn) LocalAddr() net.Addr {
	if c.origin.local.IsValid() {
		return net.TCPAddrFromAddrPort(c.origin.local)
	}
	return c.stream.LocalAddr()
}

// SetLinger is that of a TCP connection; others have none.
func (c *proxyConn) SetLinger(seconds int) error { return setLinger(c.stream, seconds) }

// SyscallConn gives access to the descriptor. A Read through it is behind the header too.
func (c *proxyConn) SyscallConn() (syscall.RawConn, error) {
	raw, err := c.stream.SyscallConn()
	return proxyRaw{raw, c}, err
}

type proxyRaw struct {
	syscall.RawConn
	conn *proxyConn
}

// Read implements syscall.RawConn.
func (r proxyRaw) Read(f func(fd uintptr) bool) error {
	if err := r.conn.header(); err != nil {
		return err
	}
	return r.RawConn.Read(f)
}

func setLinger(conn net.Conn, seconds int) error {
	if l, ok := conn.(interface{ SetLinger(int) error }); ok {
		return l.SetLinger(seconds)
	}
	return nil
}
