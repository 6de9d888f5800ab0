// Package steady holds the connection below TLS. A write that has timed out leaves TLS broken
// for good, TLS hides what it has buffered, and it takes the end of the connection for the end
// of what was to be said: the layer below it knows better in each case.
package steady

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrCut says that the stream ended without the farewell of TLS: what was read last may not be
// all there was to say (RFC 8446 6.1).
var ErrCut = fmt.Errorf("the connection ended without the farewell of TLS: %w", io.ErrUnexpectedEOF)

// Stream is a TCP connection or one of a unix socket.
type Stream interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

// Conn is the connection below TLS. Its reads belong to one goroutine and its writes to one, as
// crypto/tls sees to; Patience, Cut, Sent, Close and the deadlines may be called by any.
type Conn struct {
	Stream

	// Strict makes the end of the stream ErrCut, which crypto/tls passes on. Without it, crypto/tls
	// says io.EOF with or without a farewell. It is set while nobody reads.
	Strict bool

	// NoWait makes reads take what has arrived and fail with os.ErrDeadlineExceeded when there is
	// nothing, whatever the read deadline says. It belongs to the goroutine that reads.
	NoWait bool

	stall   atomic.Int64 // time.Duration without the peer taking anything; 0: for ever
	sent    atomic.Uint64
	at      time.Time   // the write deadline that is set
	cut     atomic.Bool // writes have been ended
	ending  atomic.Bool // the sending side is being closed
	closing atomic.Bool // everything is
}

// New returns the connection to put TLS on.
func New(s Stream) *Conn { return &Conn{Stream: s} }

// Patience sets how long the peer may take nothing of what is written to it; 0: for ever, as it
// is at first. For ever begins now, whatever deadline is set; nobody may write meanwhile then.
func (c *Conn) Patience(limit time.Duration) {
	c.stall.Store(int64(limit))
	if limit == 0 && !c.at.IsZero() {
		c.at = time.Time{}
		_ = c.Stream.SetWriteDeadline(c.at)
	}
}

// Sent is how many bytes the kernel has taken so far.
func (c *Conn) Sent() uint64 { return c.sent.Load() }

// Cut ends the write under way and every later one. In the middle of a record that is the end of
// TLS, too.
func (c *Conn) Cut() {
	c.cut.Store(true)
	_ = c.Stream.SetWriteDeadline(time.Unix(1, 0))
}

// Renew undoes a Cut that no write was under way in. Nobody may cut at the same time.
func (c *Conn) Renew() {
	if c.cut.Load() {
		c.cut.Store(false)
		c.at = time.Time{}
	}
}

// Read reads as Strict and NoWait say.
func (c *Conn) Read(p []byte) (n int, err error) {
	if c.NoWait {
		n, err = c.readArrived(p)
	} else {
		n, err = c.Stream.Read(p)
	}
	if c.Strict && errors.Is(err, io.EOF) {
		err = ErrCut
	}
	return n, err
}

// readArrived asks the descriptor itself: the runtime refuses to read when a deadline has passed.
func (c *Conn) readArrived(p []byte) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for n, failed = syscall.Read(int(fd), p); failed == syscall.EINTR; {
			n, failed = syscall.Read(int(fd), p)
		}
	})
	switch {
	case err != nil:
		return 0, err
	case failed == syscall.EAGAIN:
		return 0, os.ErrDeadlineExceeded // which does not break TLS
	case failed != nil:
		return 0, failed
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write writes all of p, unless the peer takes nothing for the whole of Patience. Its deadline is
// moved as seldom as possible: it may fire early and is armed anew then.
func (c *Conn) Write(p []byte) (sent int, err error) {
	defer func() { c.sent.Add(uint64(sent)) }()
	stall := time.Duration(c.stall.Load())
	switch {
	case c.closing.Load():
		return c.tryWrite(p)
	case stall == 0 || c.ending.Load():
		return c.Stream.Write(p)
	}
	now := time.Now()
	need := now.Add(stall)
	for {
		if err := c.arm(now, need); err != nil {
			return sent, err
		}
		n, err := c.Stream.Write(p[sent:])
		sent += n
		if !errors.Is(err, os.ErrDeadlineExceeded) || c.cut.Load() {
			return sent, err
		}
		if now = time.Now(); n > 0 {
			need = now.Add(stall)
		}
		if !now.Before(need) {
			return sent, err
		}
	}
}

// arm makes the write deadline fire at the latest at need.
func (c *Conn) arm(now, need time.Time) error {
	if !c.at.After(now) || c.at.After(need) {
		c.at = need
		if err := c.Stream.SetWriteDeadline(need); err != nil {
			return err
		}
	}
	if c.cut.Load() { // after setting it, so that a Cut is never overwritten
		return os.ErrDeadlineExceeded
	}
	return nil
}

// SetWriteDeadline is what crypto/tls calls around its farewell, and never else. That is worth
// one try, but no wait for a peer that does not read, unless it is HalfClose that says farewell.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.ending.Load() {
		return c.Stream.SetWriteDeadline(t)
	}
	c.closing.Store(true)
	return nil
}

// HalfClose tells the peer that nothing more will be sent, through the TLS on c and below it. It
// waits for room as long as crypto/tls does, 5 s.
func (c *Conn) HalfClose(above *tls.Conn) error {
	c.ending.Store(true)
	return errors.Join(above.CloseWrite(), c.CloseWrite())
}

func (c *Conn) tryWrite(p []byte) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	if err := c.Stream.SetWriteDeadline(time.Time{}); err != nil {
		return 0, err
	}
	wrote := raw.Write(func(fd uintptr) bool {
		n, err = syscall.Write(int(fd), p)
		return true
	})
	return max(n, 0), errors.Join(err, wrote)
}
