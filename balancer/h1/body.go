package h1

import (
	"errors"
	"io"
	"syscall"
	"time"
)

// BodyDone tells whether the whole body of the current request has been read.
func (c *ClientConn) BodyDone() bool {
	return c.fault == nil && c.left == 0 && (!c.chunked || c.decoder.Done())
}

// Trailer returns the trailer fields of a chunked body that is done.
func (c *ClientConn) Trailer() []byte { return c.decoder.Trailer() }

// Arrived is how many bytes have arrived behind the head, framing included.
func (c *ClientConn) Arrived() int { return c.in.w - c.in.r }

// ReadArrived reads the part of the body that has already arrived into p, without waiting.
func (c *ClientConn) ReadArrived(p []byte) (int, error) {
	in := c.in
	if c.chunked {
		n, used, err := c.decoder.Decode(in.buf[in.r:min(in.w, in.r+len(p))])
		copy(p, in.buf[in.r:in.r+n])
		in.r += used
		return n, err
	}
	n := copy(p, in.buf[in.r:min(int64(in.w), int64(in.r)+c.left)])
	in.r += n
	c.left -= int64(n)
	return n, nil
}

// ReadBody reads some of the body into p, waiting for the client at most ClientTimeout. At the
// end of the body it returns io.EOF, for a body that was cut short io.ErrUnexpectedEOF.
func (c *ClientConn) ReadBody(p []byte) (int, error) {
	for !c.BodyDone() {
		n, err := c.readSome(p)
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.EOF
}

func (c *ClientConn) readSome(p []byte) (int, error) {
	in := c.in
	if in.r < in.w {
		return c.ReadArrived(p)
	}
	need := time.Now().Add(c.gate.ClientTimeout)
	if !c.chunked {
		n, err := c.receive(p[:min(int64(len(p)), c.left)], need)
		c.left -= int64(n)
		return n, cut(err)
	}
	in.r, in.w = in.head.end, in.head.end
	return 0, cut(c.more(need))
}

func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// StopReading makes a ReadBody that waits in another goroutine return with an error, and every
// later one too.
func (c *ClientConn) StopReading() { c.rd.cut() }

// Answer writes a part of the answer to the client, waiting as long as the client takes some of
// it every ClientTimeout. It returns how much was written.
func (c *ClientConn) Answer(p []byte) (int, error) {
	now := time.Now()
	need := now.Add(c.patience)
	if err := c.wd.arm(now, need); err != nil {
		return 0, err
	}
	c.unsent = p
	for {
		before := len(c.unsent)
		err := c.write()
		if err == nil {
			return len(p), nil
		}
		if len(c.unsent) < before {
			need = time.Now().Add(c.patience)
		}
		if c.raw == nil || !c.wd.again(err, need) { // TLS has been patient itself: see Patience
			return len(p) - len(c.unsent), err
		}
	}
}

func (c *ClientConn) write() error {
	if c.raw == nil {
		n, err := c.Conn.Write(c.unsent)
		c.unsent = c.unsent[n:]
		return err
	}
	c.writeErr = nil
	if err := c.raw.Write(c.push); err != nil {
		return err
	}
	return c.writeErr
}

// tryWrite writes as much as can be written without waiting, and tells whether that is all.
func (c *ClientConn) tryWrite(fd uintptr) bool {
	for len(c.unsent) > 0 {
		n, errno := rawWrite(fd, c.unsent)
		if errno == syscall.EAGAIN {
			return false
		}
		if errno != 0 {
			c.writeErr = errno
			return true
		}
		c.unsent = c.unsent[n:]
	}
	return true
}

// Patience changes how long Answer waits for a client that does not read; at first it is
// ClientTimeout. Behind TLS, where a write cannot be tried again, the connection waits itself.
func (c *ClientConn) Patience(limit time.Duration) {
	c.patience = limit
	if patient, ok := c.Conn.(interface{ Patience(time.Duration) }); ok {
		patient.Patience(limit)
	}
}

// CloseWrite tells the client that nothing more will be sent.
func (c *ClientConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Linger says that no more will be sent and reads what the client still sends, bounded in time
// and bytes, so that the client can read the answer: closing at once would reset the
// connection under it (RFC 9112 9.6).
func (c *ClientConn) Linger(limit time.Duration, bytes int64) {
	if c.CloseWrite() != nil || c.Conn.SetReadDeadline(time.Now().Add(limit)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.Conn, bytes)
}

// Abort makes the client see that an answer is not complete, even one that only ends with the
// connection: it is reset.
func (c *ClientConn) Abort() {
	if tcp, ok := c.Conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0)
	}
}
