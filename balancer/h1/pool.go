package h1

import (
	"sync"
	"time"
)

// firstIdleLimit is how long a connection may have been idle to carry a request that cannot be
// repeated, as long as nothing is known about the server.
const firstIdleLimit = 500 * time.Millisecond

// Pool holds the idle connections to one server, the youngest on top, and learns for how long
// the server keeps them. It is safe for concurrent use.
type Pool struct {
	MaxIdle time.Duration // older ones are closed

	mu        sync.Mutex
	idle      []*ServerConn
	open      map[*ServerConn]struct{} // idle or in use
	announced time.Duration            // by the server; 0: not
	learned   time.Duration            // from its idle closes; 0: nothing yet
	watcher   *Watcher
	closed    bool
}

// NewPool returns an empty pool whose idle connections are watched by w.
func NewPool(w *Watcher, maxIdle time.Duration) *Pool {
	return &Pool{MaxIdle: maxIdle, open: map[*ServerConn]struct{}{}, watcher: w}
}

// Add takes a new connection, in use, into the books.
func (p *Pool) Add(c *ServerConn) {
	c.pool = p
	p.mu.Lock()
	p.open[c] = struct{}{}
	p.mu.Unlock()
	c.watch = p.watcher.add(c, c.fd)
}

// Get takes the connection that has been idle for the shortest time, nil if there is none. With
// repeatable false it must not have been idle for longer than the server certainly keeps it:
// the server's close may be on its way.
func (p *Pool) Get(repeatable bool) *ServerConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	if !repeatable && time.Since(c.idleSince) >= p.limit() {
		return nil
	}
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	return c
}

// Put gives back a connection whose last exchange is complete on both sides, at the time now. A
// client that left when everything was done does it no harm.
func (p *Pool) Put(c *ServerConn, now time.Time) {
	c.rd.renew()
	c.wd.renew()
	if c.below != nil {
		c.below.Renew()
	}
	c.idleSince = now
	p.mu.Lock()
	if _, ours := p.open[c]; ours && !p.closed && !c.gone {
		p.idle = append(p.idle, c)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.Discard(c)
}

// Discard closes a connection that is in use.
func (p *Pool) Discard(c *ServerConn) {
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
	p.watcher.remove(c.watch)
	_ = c.Close()
}

// Counts returns how many connections are idle and in use.
func (p *Pool) Counts() (idle, used int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle), len(p.open) - len(p.idle)
}

// Announce takes note of the idle limit of an answer's Keep-Alive field; 0: it had none.
func (p *Pool) Announce(limit time.Duration) {
	if limit == 0 {
		return
	}
	p.mu.Lock()
	p.announced = limit
	p.mu.Unlock()
}

// IdleLimit is how long a connection may have been idle to carry a request that cannot be
// repeated.
func (p *Pool) IdleLimit() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit()
}

// limit is the shorter of what the server announced and what it was seen to do, with a margin
// for what is under way in the network.
func (p *Pool) limit() time.Duration {
	limit := firstIdleLimit
	if p.announced > 0 {
		limit = p.announced - p.announced/4
	}
	if learned := p.learned - p.learned/4; p.learned > 0 && (learned < limit || p.announced == 0) {
		limit = learned
	}
	return limit
}

// Sweep closes the connections that have been idle for too long.
func (p *Pool) Sweep(now time.Time) {
	p.mu.Lock()
	n := 0
	for n < len(p.idle) && now.Sub(p.idle[n].idleSince) > p.MaxIdle {
		n++
	}
	old := p.cutBottom(n)
	p.mu.Unlock()
	p.closeAll(old)
}

// Reset closes the idle connections and forgets what was learned: the server is gone, or is
// another one.
func (p *Pool) Reset() {
	p.mu.Lock()
	old := p.cutBottom(len(p.idle))
	p.announced, p.learned = 0, 0
	p.mu.Unlock()
	p.closeAll(old)
}

// CancelWaiting calls off every attempt that has no answer yet.
func (p *Pool) CancelWaiting() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Cancel()
	}
}

// Close closes the idle connections; those in use are closed when they are given back.
func (p *Pool) Close() {
	p.mu.Lock()
	old := p.cutBottom(len(p.idle))
	p.closed = true
	p.mu.Unlock()
	p.closeAll(old)
}

// cutBottom takes the n connections that have been idle for longest out of the pool.
func (p *Pool) cutBottom(n int) []*ServerConn {
	old := append([]*ServerConn(nil), p.idle[:n]...)
	kept := copy(p.idle, p.idle[n:])
	clear(p.idle[kept:])
	p.idle = p.idle[:kept]
	for _, c := range old {
		delete(p.open, c)
	}
	return old
}

func (p *Pool) closeAll(conns []*ServerConn) {
	for _, c := range conns {
		p.watcher.remove(c.watch)
		_ = c.Close()
	}
}

// hungUp is called by the watcher when the server has closed the connection. If it is idle, its
// age says how long the server keeps one; if it is in use, the exchange will see, or Put when the
// server closed behind a complete answer: there will be no second notice.
func (c *ServerConn) hungUp() {
	p := c.pool
	p.mu.Lock()
	for i := range p.idle {
		if p.idle[i] == c {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			p.learn(time.Since(c.idleSince))
			delete(p.open, c)
			p.mu.Unlock()
			p.closeAll([]*ServerConn{c})
			return
		}
	}
	c.gone = true
	p.mu.Unlock()
}

// learn follows a shorter limit at once and a longer one slowly.
func (p *Pool) learn(age time.Duration) {
	if p.learned == 0 || age < p.learned {
		p.learned = age
		return
	}
	p.learned += (age - p.learned) / 8
}
