// Package balancer is the data path: accept, route, pick a server, make the round trip, record,
// respond. Decisions (routing, picking, retrying) are plain functions over plain values; bytes
// are the business of package h1.
package balancer

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"relais/balancer/accesslog"
	"relais/balancer/h1"
	"relais/balancer/tunnel"
	"relais/balancer/why"
	"relais/internal/config"
)

// Options are what the proxy needs beside its configuration.
type Options struct {
	// Log gets the entry of each request when it has ended; nil: nobody does. The entry and all
	// it refers to are only valid during the call.
	Log func(*accesslog.Entry)
	// Keep gets the record of each request when it has ended; nil: nobody does. The record and all
	// it refers to but texts and situations are only valid during the call.
	Keep func(*why.Record)
	// OnPanicThreshold is told when so few servers of a backend are up that all are used, and when
	// that is over. It is called with locks held: it does not wait.
	OnPanicThreshold func(backend string, on bool)
	// CookieKey signs the cookies of backends that have no key of their own; nil: their values are
	// derived from names.
	CookieKey []byte
	// OnPanic is told about a panic in a request, which becomes a 500.
	OnPanic func(frontend string, value any, stack []byte)
	// OnResult is told, in the goroutine of a request, how an attempt on a server ended: whether
	// there was a connection, and the status of the answer, 0 if there was none or it was not
	// valid. What the client or the balancer itself did is not told. nil: nobody is.
	OnResult func(s *Server, connected bool, status int)
}

// Proxy serves the frontends of a configuration. It is safe for concurrent use.
type Proxy struct {
	log       func(*accesslog.Entry)
	keep      func(*why.Record)
	onPanic   func(frontend string, value any, stack []byte)
	panicked  func(backend string, on bool)
	onResult  func(s *Server, connected bool, status int)
	cookieKey []byte
	watcher   *h1.Watcher
	stopping  atomic.Bool

	mu      sync.Mutex
	retired []Generation // not in force any more, the oldest first
	shelf   shelf

	table     atomic.Pointer[Table]
	exchanges sync.Pool
	small     buffers
	large     buffers
	tunnels   tunnel.Supply
}

// New makes a proxy for a validated configuration.
func New(cfg *config.Config, o Options) (*Proxy, error) {
	watcher, err := h1.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	p := &Proxy{
		log: o.Log, keep: o.Keep, onPanic: o.OnPanic, panicked: o.OnPanicThreshold, onResult: o.OnResult, cookieKey: o.CookieKey, watcher: watcher,
		small: buffers{size: smallRelay}, large: buffers{size: largeRelay},
	}
	if p.onPanic == nil {
		p.onPanic = func(string, any, []byte) {}
	}
	if p.panicked == nil {
		p.panicked = func(string, bool) {}
	}
	p.table.Store(&Table{})
	table, err := p.Compile(cfg)
	if err != nil {
		watcher.Close()
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	p.Publish(table)
	return p, nil
}

// Compile makes the table of a validated configuration that is to follow the one in force.
// Nothing changes before Publish; a table that is not published is just forgotten.
func (p *Proxy) Compile(cfg *config.Config) (*Table, error) {
	return compile(cfg, p.table.Load(), p)
}

// Publish puts a table in force, which was compiled after the last one was published. Requests
// under way go on under the table that they began with, but with today's servers. It is not
// called by two goroutines at once.
func (p *Proxy) Publish(t *Table) {
	prev, now := p.table.Load(), time.Now()
	unused := t.settle(prev, now)
	p.table.Store(t)
	for _, f := range prev.Frontends {
		f.gone.Store(t.Frontend(f.Name) == nil)
	}
	if prev.Generation != 0 && prev.Generation != t.Generation {
		p.retire(prev.Generation, now)
	}
	for _, pool := range unused {
		pool.Close()
	}
}

// Table is the generation in force.
func (p *Proxy) Table() *Table { return p.table.Load() }

// Handler serves connections, which must come through a Gate. frontend is the one that they
// belong to at the time of a request.
func (p *Proxy) Handler(frontend func() *Frontend) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		client := ctx.Conn().(*h1.ClientConn)
		if p.serve(frontend(), client) {
			ctx.SetConnectionClose()
		}
	}
}

// Stop makes every further answer end its connection.
func (p *Proxy) Stop() { p.stopping.Store(true) }

// Close closes the connections to servers. No request may be under way.
func (p *Proxy) Close() {
	p.table.Load().pools((*h1.Pool).Close)
	p.tunnels.Close()
	p.watcher.Close()
}

// Tick closes server connections that have been idle for too long, and moves the weights of
// servers that start slowly. It is called every second or so.
func (p *Proxy) Tick(now time.Time) {
	for _, b := range p.table.Load().Backends {
		b.farm.tick(now)
	}
	p.table.Load().pools(func(pool *h1.Pool) { pool.Sweep(now) })
	p.sweep(now)
}

// serve serves one request and tells whether the client's connection ends with it.
func (p *Proxy) serve(f *Frontend, client *h1.ClientConn) (closing bool) {
	x := p.acquire(f, client)
	defer func() {
		if v := recover(); v != nil {
			closing = true
			p.survive(x, v)
		}
	}()
	x.run()
	x.finish()
	closing = x.closing
	p.release(x)
	return closing
}

// panicReporter tells about a panic in the part of a request that runs in a goroutine of its own.
func (p *Proxy) panicReporter(frontend string) func(any, []byte) {
	return func(v any, stack []byte) { p.onPanic(frontend, v, stack) }
}

// survive turns a panic into a 500, if nothing has been answered yet. The exchange is left to
// the garbage collector: nobody knows what state it is in.
func (p *Proxy) survive(x *exchange, v any) {
	x.frontend.Counters.Internal.Inc()
	p.onPanic(x.frontend.Name, v, debug.Stack())
	if x.conn != nil {
		x.settings.pool.Discard(x.conn)
	}
	defer func() { _ = recover() }() // once is enough
	x.fail(failInternal, nil)
	if !x.started {
		x.answerPage(failInternal)
	}
	x.finish()
}
