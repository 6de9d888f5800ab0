package balancer

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"relais/balancer/h1"
)

// Stream is a client connection with the request under way on it, or a session of TCP mode, as
// an operator sees it.
type Stream struct {
	ID         uint64
	Peer       netip.AddrPort // invalid: it came through a unix socket
	Frontend   *Frontend
	Backend    *Backend  // nil: none yet
	Server     *Server   // nil: none yet
	Opened     time.Time // the connection
	Began      time.Time // the request; zero: the client is idle
	Requests   int
	Generation int // under which the request, or session, began
	Tunnel     bool
}

// sight is what others than its own goroutine may see of a client connection, and do to it.
type sight struct {
	id       uint64
	peer     netip.AddrPort
	opened   time.Time
	home     atomic.Pointer[Frontend] // of the request under way, or last
	backend  atomic.Pointer[Backend]
	server   atomic.Pointer[Server]
	began    atomic.Int64 // the request, in unix nanoseconds; 0: none is under way
	requests atomic.Int64
	tunnel   atomic.Bool
	killed   atomic.Bool

	mu  sync.Mutex
	cut func() // ends what is under way
}

// onCut says what ends the connection from now on, and does so if it has been killed already.
func (s *sight) onCut(cut func()) {
	s.mu.Lock()
	s.cut = cut
	s.mu.Unlock()
	if s.killed.Load() {
		cut()
	}
}

// kill ends the connection and what is under way on it.
func (s *sight) kill() {
	s.killed.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut != nil {
		s.cut()
	}
}

// rest says that nothing is under way.
func (s *sight) rest() {
	s.began.Store(0)
	s.backend.Store(nil)
	s.server.Store(nil)
}

func (s *sight) stream() Stream {
	f := s.home.Load()
	v := Stream{
		ID: s.id, Peer: s.peer, Frontend: f, Backend: s.backend.Load(), Server: s.server.Load(),
		Opened: s.opened, Requests: int(s.requests.Load()), Generation: f.generation, Tunnel: s.tunnel.Load(),
	}
	if began := s.began.Load(); began != 0 {
		v.Began = time.Unix(0, began)
	}
	return v
}

// shelf is where the sights of all connections are, in several parts so that nobody waits long.
type shelf struct {
	last  atomic.Uint64
	count atomic.Int64 // of open connections
	parts [16]struct {
		mu   sync.Mutex
		open map[*sight]struct{}
	}
}

func (l *shelf) add(f *Frontend, peer net.Addr) *sight {
	s := &sight{id: l.last.Add(1), peer: address(peer), opened: time.Now()}
	s.home.Store(f)
	part := &l.parts[s.id%uint64(len(l.parts))]
	part.mu.Lock()
	defer part.mu.Unlock()
	if part.open == nil {
		part.open = map[*sight]struct{}{}
	}
	part.open[s] = struct{}{}
	l.count.Add(1)
	return s
}

func (l *shelf) remove(s *sight) {
	part := &l.parts[s.id%uint64(len(l.parts))]
	part.mu.Lock()
	defer part.mu.Unlock()
	delete(part.open, s)
	l.count.Add(-1)
}

// each calls do for every connection, which must not wait.
func (l *shelf) each(do func(*sight)) {
	for i := range l.parts {
		part := &l.parts[i]
		part.mu.Lock()
		for s := range part.open {
			do(s)
		}
		part.mu.Unlock()
	}
}

// Accept puts a new connection of a frontend in HTTP mode behind the frontend's gate. closed is
// called when it has been closed.
func (p *Proxy) Accept(f *Frontend, conn net.Conn, closed func(net.Conn)) net.Conn {
	c := f.Gate.Wrap(conn)
	s := p.shelf.add(f, conn.RemoteAddr())
	s.onCut(c.Cut)
	c.Data = s
	f.Counters.ConnsTotal.Inc()
	f.Counters.Conns.Inc()
	c.OnClose = func() {
		f.Counters.Conns.Dec()
		p.shelf.remove(s)
		closed(c)
	}
	return c
}

// sightOf returns the sight of a connection; one that did not come by Accept is seen by nobody.
func sightOf(c *h1.ClientConn) *sight {
	if s, ok := c.Data.(*sight); ok {
		return s
	}
	return &sight{}
}

// Streams returns what is under way, and the connections that wait for a request.
func (p *Proxy) Streams() (all []Stream) {
	p.shelf.each(func(s *sight) { all = append(all, s.stream()) })
	return all
}

// Kill ends the connections of streams that match, and what is under way on them. It returns how
// many there were.
func (p *Proxy) Kill(match func(Stream) bool) (killed int) {
	p.shelf.each(func(s *sight) {
		if match(s.stream()) && !s.killed.Load() {
			killed++
			s.kill()
		}
	})
	return killed
}
