// Package tunnel carries bytes both ways between a client and a server whose protocol nobody
// here looks at: behind an upgrade of HTTP, or from the first byte on in TCP mode. It knows
// connections and bytes, neither HTTP nor backends.
package tunnel

import (
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is an end of a tunnel: a connection that can end its own direction alone. TCP, unix and
// TLS connections are, and so are those of package listen.
//
// One that is also a syscall.Conn is read and written through its descriptor, so its bytes must
// be those of the descriptor.
type Conn interface {
	net.Conn
	CloseWrite() error
}

// Tunnel carries bytes between two connections until both have ended their directions, one of
// them fails, neither has moved a byte for Timeout, or somebody calls Cut. Its fields are set
// before Run and not changed afterwards; it is used once.
//
// The end of one side's stream is passed on by CloseWrite, and the other direction goes on. A
// side that does not read holds up its direction only. A side whose stream was cut by a failure of
// the other one, the time-out or Cut is reset, so that it does not take a part for the whole. While nothing moves, a tunnel of plain
// sockets holds two goroutines and no buffer.
type Tunnel struct {
	Supply *Supply // of buffers and pipes

	// Client and Server stay the caller's, who closes them after Run. Run clears their deadlines,
	// and nobody else may use them meanwhile, but to close them.
	Client, Server Conn

	// FromClient and FromServer have been read from that side already and are passed on first.
	FromClient, FromServer []byte

	Timeout time.Duration // without a byte in either direction; 0: for ever

	// ToServer and ToClient are told of every n bytes that this side's socket has taken, each
	// from one goroutine at a time. nil: nobody is.
	ToServer, ToClient func(n int)

	// OnPanic is told of a panic, which ends this tunnel and nothing else. nil: nobody is.
	OnPanic func(value any, stack []byte)

	up, down flow // to the server and to the client
	began    time.Time
	last     atomic.Int64 // nanoseconds from began to the last byte in either direction

	mu     sync.Mutex
	timer  *time.Timer
	ended  bool
	result Result
}

// Run carries bytes until the tunnel has ended, and tells how. It clears what deadlines the
// connections have. When it returns, nothing here uses them any more.
func (t *Tunnel) Run() Result {
	client := newSide(t.Client, ClientAborted, ClientSilent)
	server := newSide(t.Server, ServerAborted, ServerSilent)
	t.up.init(t, client, server, t.ToServer)
	t.down.init(t, server, client, t.ToClient)
	t.watch()

	var other sync.WaitGroup
	other.Go(func() { t.carry(&t.up, t.FromClient) })
	t.carry(&t.down, t.FromServer)
	other.Wait()

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
	}
	if t.result.End != Done {
		t.sever()
	}
	t.ended = true
	return t.result
}

// Cut ends both sides at once, and Run returns Cut with cause as the error. It may be called by
// any goroutine, before, while and after Run runs; a tunnel that has ended stays as it ended.
func (t *Tunnel) Cut(cause error) { t.end(Cut, cause) }

// carry runs one direction.
func (t *Tunnel) carry(f *flow, arrived []byte) {
	defer func() {
		if v := recover(); v != nil {
			if t.OnPanic != nil {
				t.OnPanic(v, debug.Stack())
			}
			t.end(Panicked, fmt.Errorf("carry bytes: panic: %v", v))
		}
	}()
	failed, err := f.run(arrived)
	switch {
	case err == nil:
	case failed == f.to && !errors.Is(err, net.ErrClosed):
		t.lose(f.to, err)
	default:
		t.end(failed.failure(err), err)
	}
}

// lastWords bounds how long is read what a side had sent before it could not be written to.
const lastWords = time.Second

// lose takes note that a side cannot be written to any more. What it had sent is still carried:
// who answers and closes without having read everything must be heard. The kernel reports a reset
// once, so what has told the writing direction may look like an end to the reading one.
func (t *Tunnel) lose(s *side, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended || t.result.End != Done {
		return
	}
	t.result = Result{End: s.aborted, Err: err}
	_ = s.conn.SetReadDeadline(time.Now().Add(lastWords))
}

// end ends both sides, unless the tunnel has ended already. No direction can stay in a read or a
// write after it.
func (t *Tunnel) end(how End, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	if t.result.End == Done {
		t.result = Result{End: how, Err: err}
	}
	t.sever()
}

// sever ends both sides. The lock is held, so that it is over when Run returns.
func (t *Tunnel) sever() {
	if !t.ended {
		t.ended = true
		sever(t.Client, t.down.over.Load())
		sever(t.Server, t.up.over.Load())
	}
}

// moved takes note that a byte has just moved.
func (t *Tunnel) moved() { t.last.Store(int64(time.Since(t.began))) }

// watch starts the clock of Timeout.
func (t *Tunnel) watch() {
	t.began = time.Now()
	if t.Timeout <= 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(t.Timeout, t.look)
}

// look is called when Timeout may have passed without a byte. It costs the bytes nothing: the
// timer is not moved by them but armed again for what is left.
func (t *Tunnel) look() {
	left := t.Timeout - (time.Since(t.began) - time.Duration(t.last.Load()))
	if left <= 0 {
		t.end(t.silent(), ErrSilent)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.timer.Reset(left)
	}
}

// silent tells whose turn it was: who does not read what is there for it, then who alone can
// still send, then, as with HAProxy, the client.
func (t *Tunnel) silent() End {
	switch {
	case t.up.writing.Load():
		return ServerSilent
	case t.down.writing.Load():
		return ClientSilent
	case t.up.over.Load():
		return ServerSilent
	}
	return ClientSilent
}
