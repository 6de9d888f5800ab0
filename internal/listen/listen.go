// Package listen opens the sockets on which clients come in, and speaks with them what comes
// before HTTP: the PROXY protocol and TLS.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Listener accepts connections as long as there is a slot for them; further ones wait in the
// kernel's backlog, as with HAProxy, but for a single one that is taken before its slot. Running
// out of descriptors makes it pause, never end.
type Listener struct {
	net.Listener
	bind  atomic.Pointer[Bind]
	slots *Slots
	wrap  func(net.Conn) net.Conn
	lent  bool // the socket, by a service manager

	once   sync.Once
	closed chan struct{}

	mu   sync.Mutex
	open map[net.Conn]held
}

// held is what an open connection holds.
type held struct {
	slots  *Slots   // of the bind
	client net.Conn // what has been wrapped
}

// Open listens as b says. wrap is what is done to each accepted connection; when the connection
// that it returns has been closed, its owner calls Release.
func Open(b Bind, slots *Slots, wrap func(net.Conn) net.Conn) (*Listener, error) {
	given := b.Inherited.take(b.Address)
	ln, err := b.open(given)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", b.Address, b.explain(err))
	}
	l := newListener(ln, b, slots, wrap)
	if given.File != nil {
		l.lent = given.Lent
		b.Inherited.use(l)
	}
	return l, nil
}

func newListener(ln net.Listener, b Bind, slots *Slots, wrap func(net.Conn) net.Conn) *Listener {
	l := &Listener{
		Listener: ln, slots: slots, wrap: wrap,
		closed: make(chan struct{}), open: map[net.Conn]held{},
	}
	l.bind.Store(&b)
	return l
}

// TCP listens on an address whose clients speak nothing before HTTP.
func TCP(address string, slots *Slots, wrap func(net.Conn) net.Conn) (*Listener, error) {
	return Open(Bind{Address: address}, slots, wrap)
}

// explain adds what to do about the two usual reasons.
func (b *Bind) explain(err error) error {
	isUnix := strings.HasPrefix(b.Address, "unix@")
	switch {
	case isUnix && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; create the directory", syscall.ENOENT)
	case isUnix && errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; let the user that runs the balancer write to the directory", syscall.EACCES)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; another program has the port: stop it (ss -ltnp shows it) or choose another port", syscall.EADDRINUSE)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w; ports below 1024 need root or CAP_NET_BIND_SERVICE", syscall.EACCES)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// Update makes b hold for the connections accepted from now on. Its address is the same. If
// other clients get in than before, the connections of those that would not are ended; Update
// returns how many, without waiting for their end.
func (l *Listener) Update(b Bind) (revoked int) {
	if old := l.bind.Swap(&b); sameAdmission(old.TLS, b.TLS) {
		return 0
	}
	return l.revoke(&b)
}

// Accept waits for a connection and then for its slots. It returns io.EOF when the listener is
// closed, and no other error.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err == nil {
			if conn = l.admit(conn.(stream)); conn != nil {
				return conn, nil
			}
			continue
		}
		if errors.Is(err, net.ErrClosed) || !l.pause() {
			return nil, io.EOF
		}
	}
}

// admit makes of an accepted connection what wrap says; nil: it was refused.
func (l *Listener) admit(accepted stream) net.Conn {
	b := l.bind.Load()
	client := b.dress(accepted)
	if client == nil {
		return nil
	}
	if c, ok := client.(*tlsConn); ok {
		c.inForce = &l.bind
	}
	b.Slots.acquire(l.closed)
	l.slots.acquire(l.closed)
	conn := l.wrap(client)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[conn] = held{b.Slots, client}
	return conn
}

// pause waits before the next try and tells whether there is one.
func (l *Listener) pause() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	select {
	case <-l.closed:
		return false
	case <-ctx.Done():
		return true
	}
}

// Release frees the slots of a connection that has been closed.
func (l *Listener) Release(conn net.Conn) {
	l.mu.Lock()
	h, open := l.open[conn]
	delete(l.open, conn)
	l.mu.Unlock()
	if open {
		h.slots.release()
		l.slots.release()
	}
}

// Close stops accepting. Connections go on.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// CloseConns closes the connections that are still open.
func (l *Listener) CloseConns() {
	l.mu.Lock()
	conns := slices.Collect(maps.Keys(l.open))
	l.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
	}
}

// AwaitNone waits until no connection is open, but no longer than patience or ctx.
func (l *Listener) AwaitNone(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for l.Conns() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Conns returns how many connections are open.
func (l *Listener) Conns() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}
