package h1

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// bodyRoom is the room of an inbox behind the largest head.
const bodyRoom = 4 << 10

// Gate holds what the client connections of one frontend share: limits, timeouts and buffers.
type Gate struct {
	MaxHeaderSize int  // bytes of a request head
	MaxHeaders    int  // fields of a request head
	Tolerant      bool // harmless faults do not matter: see Head.Tolerated

	RequestTimeout   time.Duration // from the first byte of a head to its last
	KeepAliveTimeout time.Duration // wait for the next request
	ClientTimeout    time.Duration // silence in a body, or not reading an answer

	Watcher *Watcher // tells when a client leaves; nil: nobody does

	inboxes sync.Pool
}

// Same tells whether connections behind g and o are treated alike.
func (g *Gate) Same(o *Gate) bool {
	return g.MaxHeaderSize == o.MaxHeaderSize && g.MaxHeaders == o.MaxHeaders &&
		g.RequestTimeout == o.RequestTimeout && g.KeepAliveTimeout == o.KeepAliveTimeout &&
		g.ClientTimeout == o.ClientTimeout && g.Tolerant == o.Tolerant
}

// inbox is what has arrived of a request and not been passed on. A connection has one from the
// first byte of a request to its end, none while it is idle.
type inbox struct {
	buf  []byte
	r, w int // buf[r:w] has arrived and not been taken
	head Head
}

func (g *Gate) acquire() *inbox {
	if in, ok := g.inboxes.Get().(*inbox); ok {
		in.r, in.w = 0, 0
		return in
	}
	return &inbox{
		buf:  make([]byte, g.MaxHeaderSize+bodyRoom),
		head: Head{fields: make([]field, 0, min(g.MaxHeaders, 32))},
	}
}

// ClientConn is a connection of a client behind the gate. To fasthttp's server it is a net.Conn
// that yields one fixed, harmless request per request of the client, whatever that one looks
// like, and swallows what fasthttp answers to it: the real head, body and answer pass through
// the methods of ClientConn, in the handler. So no byte reaches fasthttp's parser, none beyond
// the end of the current message is read before its answer is complete, and a refusal never
// overtakes an answer.
//
// Its methods belong to the goroutine that serves the connection, except ReadBody, which one
// other goroutine may call instead, and Close.
type ClientConn struct {
	net.Conn
	OnClose func() // called once, when the connection has been closed
	Data    any    // of the owner

	gate   *Gate
	secure bool                  // behind TLS
	raw    syscall.RawConn       // nil: the bytes of the descriptor are not those of the messages
	peek   func(fd uintptr) bool // tryRead, bound once, for it escapes
	push   func(fd uintptr) bool // tryWrite
	first  [1]byte               // what a connection without raw waits with, so that it needs no inbox
	rd     deadline
	wd     deadline

	in       *inbox
	fault    *Fault
	began    time.Time // first byte of the head
	complete time.Time // last byte of the head
	requests int
	readErr  error  // of peek
	unsent   []byte // of push
	writeErr error
	detached bool          // in is none of the gate's
	handed   bool          // a stand-in: from then on what fasthttp writes is swallowed
	patience time.Duration // of Answer

	closed atomic.Bool
	watch  uint32 // number with the watcher
	leave  leave

	left    int64 // of a body with a stated length
	chunked bool
	decoder Decoder
}

// standIn is the request that fasthttp sees.
const standIn = "GET / HTTP/1.1\r\nHost: relais\r\n\r\n"

// Wrap puts the gate in front of a connection that has just been accepted.
func (g *Gate) Wrap(conn net.Conn) *ClientConn {
	c := &ClientConn{Conn: conn, gate: g}
	c.Patience(g.ClientTimeout)
	c.rd.set, c.wd.set = conn.SetReadDeadline, conn.SetWriteDeadline
	raw := descriptor(conn)
	_, c.secure = conn.(interface{ ConnectionState() tls.ConnectionState })
	if !c.secure && raw != nil {
		c.raw, c.peek, c.push = raw, c.tryRead, c.tryWrite
	}
	if raw != nil && g.Watcher != nil {
		_ = raw.Control(func(fd uintptr) { c.watch = g.Watcher.add(c, int(fd)) })
	}
	return c
}

// descriptor is the access to the descriptor of a connection, or of the one below TLS; nil if
// there is none.
func descriptor(conn net.Conn) syscall.RawConn {
	if above, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = above.NetConn()
	}
	if sc, ok := conn.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// Scheme is https behind TLS, else http.
func (c *ClientConn) Scheme() string {
	if c.secure {
		return "https"
	}
	return "http"
}

// Read waits for the head of the next request and yields the stand-in for it. It is called by
// fasthttp only.
func (c *ClientConn) Read(p []byte) (int, error) {
	if !c.BodyDone() {
		return 0, io.EOF
	}
	if err := c.nextHead(); err != nil {
		c.End()
		return 0, err
	}
	c.handed = true
	return copy(p, standIn), nil
}

// Write swallows fasthttp's answer to the stand-in. What fasthttp says for itself, before there
// is a request, passes.
func (c *ClientConn) Write(p []byte) (int, error) {
	if c.handed {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// Close closes the connection. It may be called by any goroutine, and more than once.
func (c *ClientConn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	if c.watch != 0 {
		c.gate.Watcher.remove(c.watch)
	}
	err := c.Conn.Close()
	if c.OnClose != nil {
		c.OnClose()
	}
	return err
}

// Cut ends the connection from any goroutine, as if its client had left: what waits for bytes or
// for a server ends. Close is still to be called.
func (c *ClientConn) Cut() {
	c.hungUp()
	if raw := descriptor(c.Conn); raw != nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) })
	}
}

// Head is the head of the current request, valid until End.
func (c *ClientConn) Head() *Head { return &c.in.head }

// Fault is what is wrong with the current request, nil if nothing is. The head of a faulty
// request is read as far as it is sound, and its body is not read at all.
func (c *ClientConn) Fault() *Fault { return c.fault }

// Times returns when the first and the last byte of the current head were read.
func (c *ClientConn) Times() (began, complete time.Time) { return c.began, c.complete }

// nextHead reads the head of the next request. The only error is the end of the connection.
func (c *ClientConn) nextHead() error {
	c.fault = nil
	c.left, c.chunked = 0, false
	if err := c.firstByte(); err != nil {
		return err
	}
	c.requests++
	c.began = time.Now()
	c.complete = c.began
	head := &c.in.head
	head.reset(c.gate.MaxHeaders, false)
	head.tolerant = c.gate.Tolerant
	err := c.readHead()
	if err == nil {
		err = head.finishRequest()
	}
	if errors.As(err, &c.fault) {
		return nil
	}
	if err != nil {
		return err
	}
	c.in.r = head.end
	c.left, c.chunked = head.Length, head.Length == Chunked
	if c.chunked {
		c.left, c.decoder = 0, Decoder{trailer: c.decoder.trailer[:0]}
	}
	return nil
}

// firstByte waits until there is something of a request. A connection that ends or stays silent
// before that ends quietly: io.EOF.
func (c *ClientConn) firstByte() error {
	if in := c.in; in != nil {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
		if in.w > 0 {
			return nil
		}
		c.End()
	}
	limit := c.gate.KeepAliveTimeout
	if c.requests == 0 {
		limit = c.gate.RequestTimeout
	}
	now := time.Now()
	need := now.Add(limit)
	if err := c.rd.arm(now, need); err != nil {
		return io.EOF
	}
	for {
		err := c.awaitFirst()
		if err == nil {
			return nil
		}
		if !c.rd.again(err, need) {
			return io.EOF
		}
	}
}

// awaitFirst takes an inbox only when there is something to put into it.
func (c *ClientConn) awaitFirst() error {
	if c.raw == nil {
		n, err := c.Conn.Read(c.first[:])
		if n == 0 {
			return err
		}
		c.in = c.gate.acquire()
		c.in.w = copy(c.in.buf, c.first[:])
		return nil
	}
	if err := c.raw.Read(c.peek); err != nil {
		return err
	}
	return c.readErr
}

// tryRead is one attempt to read without waiting.
func (c *ClientConn) tryRead(fd uintptr) bool {
	in := c.gate.acquire()
	n, errno := rawRead(fd, in.buf)
	if n > 0 {
		in.w, c.in, c.readErr = n, in, nil
		return true
	}
	c.gate.inboxes.Put(in)
	if errno == syscall.EAGAIN {
		return false
	}
	c.readErr = io.EOF
	return true
}

// readHead reads until the head is complete.
func (c *ClientConn) readHead() error {
	in := c.in
	for {
		done, err := in.head.next(in.buf[:min(in.w, c.gate.MaxHeaderSize)])
		if done || err != nil {
			return err
		}
		if in.w >= c.gate.MaxHeaderSize {
			return in.head.tooLarge()
		}
		if err := c.more(c.began.Add(c.gate.RequestTimeout)); err != nil {
			return headError(err)
		}
		c.complete = time.Now()
	}
}

func headError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrSlowHead
	}
	return ErrCutHead
}

// more reads what there is behind what has arrived, waiting for it until need.
func (c *ClientConn) more(need time.Time) error {
	n, err := c.receive(c.in.buf[c.in.w:], need)
	c.in.w += n
	return err
}

// receive reads from the connection, waiting until need. It returns bytes or an error.
func (c *ClientConn) receive(p []byte, need time.Time) (int, error) {
	if err := c.rd.arm(time.Now(), need); err != nil {
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

// End ends the current request: its head is no longer valid. What has arrived of the next one
// is kept.
func (c *ClientConn) End() {
	if in := c.in; in != nil && (in.r == in.w || c.fault != nil) {
		c.in = nil
		if !c.detached {
			c.gate.inboxes.Put(in)
		}
	}
}
