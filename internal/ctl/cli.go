package ctl

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// Options is how a CLI presents itself. The zero value is fine.
type Options struct {
	Version  string
	Released string        // date of the release, such as 2026/11/23; empty: not known
	Sessions int           // connections served at once, the others wait; 0: 64
	Timeout  time.Duration // for the next line and for a client to read an answer; 0: 10 s, as in HAProxy

	// Who names the peer of a connection for Note.By. nil: Peer.
	Who func(net.Conn) string
	// Panicked is told of a command that panicked and of the stack. nil: nobody is.
	Panicked func(command string, value any, stack []byte)
}

// CLI serves the commands. It is safe for concurrent use.
type CLI struct {
	balancer Balancer
	options  Options
	commands commands
	slots    chan struct{}
	started  time.Time

	mu      sync.Mutex
	sockets []socket // that are served
}

// socket is one line of "show cli sockets".
type socket struct {
	name  string
	level Level
}

// New returns a CLI whose commands look at and act on b. extra are commands beside HAProxy's; one
// of the same words replaces HAProxy's.
func New(b Balancer, o Options, extra ...Command) *CLI {
	if o.Sessions <= 0 {
		o.Sessions = 64
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Who == nil {
		o.Who = Peer
	}
	if o.Panicked == nil {
		o.Panicked = func(string, any, []byte) {}
	}
	return &CLI{
		balancer: b, options: o, started: time.Now(),
		commands: allCommands(extra), slots: make(chan struct{}, o.Sessions),
	}
}

// Serve serves the connections of ln, whose clients may do what level allows, until ctx is done,
// when it returns nil, or ln is closed. It closes ln, lets commands that are under way end and waits
// for them. As many connections as there are slots are accepted; the others wait in the kernel's
// queue.
func (c *CLI) Serve(ctx context.Context, ln net.Listener, level Level) error {
	defer c.listed(socket{socketName(ln.Addr()), level})()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	defer ln.Close()
	for c.takeSlot(ctx) {
		conn, err := ln.Accept()
		if err != nil {
			<-c.slots
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			pause(ctx, 100*time.Millisecond) // out of descriptors: some will be free again
			continue
		}
		sessions.Go(func() {
			defer func() { <-c.slots }()
			c.ServeConn(ctx, conn, c.options.Who(conn), level)
		})
	}
	return nil
}

// ServeConn serves one connection and closes it. It returns when the client or the protocol ends
// it, or soon after ctx is done. who goes into Note.By.
func (c *CLI) ServeConn(ctx context.Context, conn net.Conn, who string, level Level) {
	defer conn.Close()
	s := &session{cli: c, conn: conn, who: who, level: level, timeout: c.options.Timeout}
	s.in = bufio.NewReaderSize(conn, maxLine)
	s.out = bufio.NewWriterSize(&stalling{ctx, s}, 16<<10)
	defer context.AfterFunc(ctx, func() {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		_ = conn.SetWriteDeadline(time.Now().Add(grace))
	})()
	s.serve(ctx)
}

func (c *CLI) takeSlot(ctx context.Context) bool {
	select {
	case c.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// listed shows a socket until the returned function is called.
func (c *CLI) listed(s socket) (unlist func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sockets = append(c.sockets, s)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if i := slices.Index(c.sockets, s); i >= 0 {
			c.sockets = slices.Delete(slices.Clone(c.sockets), i, i+1)
		}
	}
}

func (c *CLI) listening() []socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sockets)
}

func socketName(a net.Addr) string {
	if a.Network() == "unix" {
		return "unix@" + a.String()
	}
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.To4() == nil {
		return "ipv6@" + a.String()
	}
	return "ipv4@" + a.String()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// grace is how long a client may take to read the rest of an answer when the balancer ends.
const grace = time.Second

// stalling writes to a session's connection and fails when the client does not read.
type stalling struct {
	ctx     context.Context
	session *session
}

var _ io.Writer = (*stalling)(nil)

func (w *stalling) Write(p []byte) (int, error) {
	patience := w.session.timeout
	if w.ctx.Err() != nil {
		patience = grace
	}
	_ = w.session.conn.SetWriteDeadline(time.Now().Add(patience))
	return w.session.conn.Write(p)
}
