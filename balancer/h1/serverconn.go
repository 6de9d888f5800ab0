package h1

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"relais/internal/steady"
)

// The ways in which an exchange with a server fails.
var (
	ErrStale     = errors.New("idle connection had been closed by the server")
	ErrDirty     = errors.New("server sent bytes on an idle connection")
	ErrCancelled = errors.New("attempt was called off")
)

// ServerConn is a connection to a server. Its methods belong to the goroutine that has the
// connection, except Cancel, Abandon, and Send as it says.
type ServerConn struct {
	net.Conn
	raw   syscall.RawConn
	below *steady.Conn          // below TLS; nil: there is none
	step  func(fd uintptr) bool // bound once, for it escapes
	rd    deadline
	wd    deadline // behind TLS only cut is used, see Send

	fd        int
	watch     uint32 // number with the watcher
	pool      *Pool
	idleSince time.Time
	gone      bool // the server hung up during an exchange; guarded by the pool

	uploading atomic.Bool  // another goroutine is sending the request's body
	active    atomic.Int64 // unix nanoseconds of the end of that

	waiting atomic.Int32 // for the first byte of an answer: notWaiting, isWaiting or calledOff

	out, in []byte // of the exchange under way
	phase   phase
	written int
	read    int
	err     error

	sent   atomic.Uint64 // bytes accepted by our kernel since the connection was opened
	before uint64        // accepted when the exchange began
	reset  bool          // that is how the exchange ended
}

const (
	notWaiting = iota
	isWaiting
	calledOff
)

// phase is how far an exchange has come.
type phase uint8

const (
	probing phase = iota // an idle connection must have nothing to read
	sending
	awaiting
)

// NewServerConn takes over a connection that has just been opened: one of TCP or of a unix
// socket, or a *tls.Conn on a steady.Conn whose handshake is done.
func NewServerConn(conn net.Conn) (*ServerConn, error) {
	c := &ServerConn{Conn: conn}
	c.rd.set, c.wd.set = conn.SetReadDeadline, conn.SetWriteDeadline
	socket, ok := conn.(syscall.Conn)
	if !ok {
		if c.below = belowTLS(conn); c.below == nil {
			return nil, fmt.Errorf("take over %T: it has no descriptor", conn)
		}
		socket = c.below
		c.wd.set = func(time.Time) error { c.below.Cut(); return nil }
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	c.raw, c.step = raw, c.advance
	return c, raw.Control(func(fd uintptr) { c.fd = int(fd) })
}

// Exchange sends out and waits for the first bytes of an answer, which it reads into in. An
// idle connection is probed in the same breath: if the server has closed it or has sent
// something unasked, nothing is sent and the error is ErrStale or ErrDirty.
//
// The wait for readability is prepared before the probe, so that the runtime's poller cannot
// miss the answer, and the probe takes the place of the read that would find nothing after the
// write: the check costs no system call.
func (c *ServerConn) Exchange(out, in []byte, idle bool, patience time.Duration) (int, error) {
	c.phase = sending
	if idle {
		c.phase = probing
	}
	c.before, c.written = c.accepted(), 0
	c.waiting.Store(isWaiting)
	return c.finish(out, in, patience)
}

// Begin sends the first part of a request, whose rest goes through Send, after the same probe
// as Exchange. Await then waits for the answer.
func (c *ServerConn) Begin(out []byte, idle bool, patience time.Duration) error {
	c.before, c.written = c.accepted(), 0
	c.waiting.Store(isWaiting) // so that a Cancel before Await is not lost
	need := time.Now().Add(patience)
	if idle {
		if err := c.probeAlone(need); err != nil {
			return c.beginFailure(err)
		}
	}
	c.uploading.Store(true)
	n, err := c.send(out, need)
	c.written = n
	c.sent.Add(uint64(n))
	return c.beginFailure(err)
}

// beginFailure is why Begin failed, if it did.
func (c *ServerConn) beginFailure(err error) error {
	c.reset = errors.Is(err, syscall.ECONNRESET)
	if err != nil && c.waiting.Load() == calledOff {
		return ErrCancelled
	}
	return err
}

// probeAlone probes an idle connection outside of an Exchange. It does not wait, but the runtime
// refuses to read at all when an earlier deadline has passed meanwhile.
func (c *ServerConn) probeAlone(need time.Time) error {
	if err := c.rd.arm(time.Now(), need); err != nil {
		return err
	}
	var one [1]byte
	c.in, c.err = one[:], nil
	if c.below != nil {
		return c.probeTLS()
	}
	for {
		err := c.raw.Read(func(fd uintptr) bool { c.probe(fd); return true })
		if err == nil {
			return c.err
		}
		if !c.rd.again(err, need) {
			return c.rd.cause(err)
		}
	}
}

// Await waits for the first bytes of the answer to a request begun with Begin.
func (c *ServerConn) Await(in []byte, patience time.Duration) (int, error) {
	c.phase = awaiting
	return c.finish(nil, in, patience)
}

func (c *ServerConn) finish(out, in []byte, patience time.Duration) (int, error) {
	c.out, c.in, c.read, c.err = out, in, 0, nil
	err := c.await(time.Now(), patience)
	c.reset = errors.Is(err, syscall.ECONNRESET)
	if len(out) > 0 {
		c.sent.Add(uint64(c.written))
	}
	c.out, c.in = nil, nil
	if !c.waiting.CompareAndSwap(isWaiting, notWaiting) {
		return c.read, ErrCancelled
	}
	return c.read, c.rd.cause(err)
}

func (c *ServerConn) await(now time.Time, patience time.Duration) error {
	need := now.Add(patience)
	if err := c.rd.arm(now, need); err != nil {
		return err
	}
	if c.below != nil {
		return c.awaitTLS(need, patience)
	}
	for {
		err := c.raw.Read(c.step)
		if err == nil && c.phase != awaiting && c.err == nil {
			err = c.sendRest(need)
			if err == nil {
				continue
			}
		}
		if err == nil {
			return c.err
		}
		if !c.rd.again(err, c.extend(need, patience)) {
			return err
		}
	}
}

// extend moves the end of the wait for an answer: the server's time runs from the moment it has
// the whole request.
func (c *ServerConn) extend(need time.Time, patience time.Duration) time.Time {
	if c.uploading.Load() {
		return time.Now().Add(patience)
	}
	if sent := time.Unix(0, c.active.Load()).Add(patience); sent.After(need) {
		return sent
	}
	return need
}

// advance does what can be done without waiting and tells whether the exchange is over.
func (c *ServerConn) advance(fd uintptr) bool {
	if c.phase == probing && !c.probe(fd) {
		return true
	}
	if c.phase == sending {
		n, errno := rawWrite(fd, c.out[c.written:])
		c.written += max(n, 0)
		if errno != 0 && errno != syscall.EAGAIN {
			c.err = errno
			return true
		}
		if c.written < len(c.out) {
			return true // await sends the rest
		}
		c.phase = awaiting
		return false
	}
	n, errno := rawRead(fd, c.in)
	switch {
	case n > 0:
		c.read = n
	case errno == syscall.EAGAIN:
		return false
	case errno == 0:
		c.err = io.EOF
	default:
		c.err = errno
	}
	return true
}

// probe finds out whether an idle connection can be used.
func (c *ServerConn) probe(fd uintptr) bool {
	n, errno := rawRead(fd, c.in[:1])
	switch {
	case errno == syscall.EAGAIN:
		c.phase = sending
		return true
	case n > 0:
		c.err = ErrDirty
	default:
		c.err = ErrStale
	}
	return false
}

// sendRest sends what did not fit into the socket at once.
func (c *ServerConn) sendRest(need time.Time) error {
	n, err := c.send(c.out[c.written:], need)
	c.written += n
	if err == nil {
		c.phase = awaiting
	}
	return err
}

func (c *ServerConn) send(p []byte, need time.Time) (int, error) {
	if c.below != nil {
		return c.sendTLS(p, time.Until(need))
	}
	written := 0
	if err := c.wd.arm(time.Now(), need); err != nil {
		return 0, err
	}
	for {
		n, err := c.Conn.Write(p[written:])
		written += n
		if err == nil || !c.wd.again(err, need) {
			return written, c.wd.cause(err)
		}
	}
}

// UploadDone says that a request begun with Begin has been sent whole.
func (c *ServerConn) UploadDone() {
	c.active.Store(time.Now().UnixNano())
	c.uploading.Store(false)
}

// Send sends a further part of a request body, as long as the server takes some of it every
// patience. It may run beside Await and Receive in another goroutine.
func (c *ServerConn) Send(p []byte, patience time.Duration) error {
	for len(p) > 0 {
		n, err := c.send(p, time.Now().Add(patience))
		c.sent.Add(uint64(n))
		p = p[n:]
		if err != nil && n == 0 {
			return err
		}
	}
	return nil
}

// Receive reads a further part of an answer, waiting at most patience.
func (c *ServerConn) Receive(p []byte, patience time.Duration) (int, error) {
	now := time.Now()
	need := now.Add(patience)
	if err := c.rd.arm(now, need); err != nil {
		return 0, err
	}
	for {
		n, err := c.Conn.Read(p)
		if n > 0 {
			return n, nil
		}
		if !c.rd.again(err, need) {
			return 0, c.rd.cause(err)
		}
	}
}

// Cancel ends an Exchange that sends or waits for an answer, which then fails with ErrCancelled. One that
// already has its answer goes on. It may be called by any goroutine.
func (c *ServerConn) Cancel() {
	if c.waiting.CompareAndSwap(isWaiting, calledOff) {
		c.rd.cut()
		c.wd.cut()
	}
}

// Abandon makes whatever waits for the server fail, now and later: the client has left. It may be
// called by any goroutine.
func (c *ServerConn) Abandon() {
	c.rd.cut()
	c.wd.cut()
}

// Unprocessed tells, after a failed exchange, whether the server certainly saw nothing of the
// request: its kernel has acknowledged no byte of it, nor of what came before it and is not
// counted, such as a PROXY header. A unix socket acknowledges nothing. A reset says nothing: it
// may overtake the acknowledgement of what the server has read, which the end of a stream never
// does.
func (c *ServerConn) Unprocessed() bool {
	if c.written == 0 {
		return true
	}
	if c.reset {
		return false
	}
	var acked uint64
	err := c.raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			acked = ^uint64(0)
			return
		}
		acked = info.Bytes_acked
	})
	return err == nil && acked <= c.before+1 // Linux counts the SYN as one byte
}
