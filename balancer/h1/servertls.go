package h1

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"

	"relais/internal/steady"
)

// Behind TLS the bytes of the descriptor are not those of the messages, so that an exchange is
// written and read through crypto/tls, one step after the other.

// belowTLS is what is below the TLS of conn; nil: conn is nothing that an exchange can use.
func belowTLS(conn net.Conn) *steady.Conn {
	if above, ok := conn.(*tls.Conn); ok {
		below, _ := above.NetConn().(*steady.Conn)
		return below
	}
	return nil
}

// accepted is how many bytes our kernel has taken, behind TLS with handshake and framing.
func (c *ServerConn) accepted() uint64 {
	if c.below != nil {
		return c.below.Sent()
	}
	return c.sent.Load()
}

// awaitTLS is await behind TLS.
func (c *ServerConn) awaitTLS(need time.Time, patience time.Duration) error {
	if c.phase == probing {
		if err := c.probeTLS(); err != nil {
			return err
		}
		c.phase = sending
	}
	if c.phase == sending {
		n, err := c.sendTLS(c.out, patience)
		c.written = n
		if err != nil {
			return err
		}
		need = time.Now().Add(patience)
		c.phase = awaiting
	}
	for {
		n, err := c.Conn.Read(c.in)
		if n > 0 {
			c.read = n
			return nil
		}
		if !c.rd.again(err, c.extend(need, patience)) {
			return err
		}
	}
}

// probeTLS finds out whether an idle connection can be used. crypto/tls may hold a farewell or
// bytes that nobody asked for while the kernel has nothing any more, and the kernel may have
// session tickets, which mean nothing; so it is crypto/tls that reads, without waiting.
func (c *ServerConn) probeTLS() error {
	c.below.NoWait = true
	n, err := c.Conn.Read(c.in[:1])
	c.below.NoWait = false
	switch {
	case n > 0:
		return ErrDirty
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	}
	return ErrStale
}

// sendTLS writes p as long as the server takes some of it every patience. What it has written is
// whole records: of less, the server can make out nothing.
func (c *ServerConn) sendTLS(p []byte, patience time.Duration) (int, error) {
	c.below.Patience(max(patience, time.Millisecond))
	n, err := c.Conn.Write(p)
	return n, c.wd.cause(err)
}
