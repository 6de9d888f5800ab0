package balancer

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"relais/balancer/dial"
	"relais/balancer/h1"
	"relais/balancer/lb"
	"relais/internal/config"
	"relais/stats"
)

// Server is one server of a backend. Its identity is backend and name; its counters and what is
// known of its health live as long as that, while a reload may change its settings.
type Server struct {
	Backend string
	Name    string

	Counters stats.ServerCounters

	settings  atomic.Pointer[settings]
	down      atomic.Bool
	share     atomic.Int32           // percent of the weight, less than 100 after a slow start began
	noLB      atomic.Bool            // up, but wants no new requests
	advice    atomic.Pointer[Advice] // of an agent; nil: none
	orders    atomic.Pointer[Orders] // of operators; nil: none
	hope      atomic.Int64           // until when its first check may still pass, in unix nanoseconds; 0: it has
	withdrawn atomic.Int64           // since when it takes nothing new because somebody wants it so, in unix nanoseconds; 0: it does
	sessions  sessions               // to end when the server goes down
	farm      *farm

	// Under farm.mu:
	node    lb.Server // as the algorithm sees it
	limit   int       // requests at once; 0: any number
	flights flights
	warming time.Time // since when the server starts slowly; zero: it does not
	seen    standing  // as of the last reset

	mu      sync.Mutex
	dialing context.Context // ends when the server goes down
	hangUp  context.CancelFunc
}

// settings is what the configuration says of a server, never changed once it is in force.
type settings struct {
	config.Server
	sid    int           // HAProxy's number in the backend
	trial  time.Duration // what a new server's first check may take; 0: it is taken to be up
	target *dial.Target
	pool   *h1.Pool // of connections to the target
}

func newServer(backend, name string, farm *farm) *Server {
	s := &Server{Backend: backend, Name: name, farm: farm}
	s.dialing, s.hangUp = context.WithCancel(context.Background())
	s.share.Store(100)
	return s
}

// SID is HAProxy's number of the server in its backend.
func (s *Server) SID() int { return s.settings.Load().sid }

// Address is where the server listens.
func (s *Server) Address() string { return s.settings.Load().Address }

// Config is what the configuration says of the server. It is not to be changed.
func (s *Server) Config() *config.Server { return &s.settings.Load().Server }

// HostName is the name that the address comes from; empty: the address was given.
func (s *Server) HostName() string { return s.settings.Load().Host }

// Dynamic tells whether an operator has added the server at run time.
func (s *Server) Dynamic() bool { return s.settings.Load().Dynamic }

// Weight is the server's share of the requests.
func (s *Server) Weight() int {
	weight := s.Orders().Weight
	if weight < 0 {
		weight = s.settings.Load().Weight
	}
	return s.Advice().weighed(weight)
}

// Maxconn is how many requests the server gets at once; 0: any number.
func (s *Server) Maxconn() int {
	maxconn := s.Orders().Maxconn
	if maxconn < 0 {
		maxconn = s.settings.Load().Maxconn
	}
	return s.Advice().limited(maxconn)
}

// Share is how many percent of its weight the server gets: less than 100 in slowstart.
func (s *Server) Share() int { return int(s.share.Load()) }

// Backup tells whether the server is only used when no other one is usable.
func (s *Server) Backup() bool { return s.settings.Load().Backup }

// Usable tells whether the server gets requests: it is the only such predicate.
func (s *Server) Usable() bool { return s.enabled() && !s.isDown() && !s.noLB.Load() }

// enabled tells whether the server would get requests if it were up.
func (s *Server) enabled() bool { return s.Weight() > 0 && !s.Maintenance() && !s.Draining() }

// isDown tells whether the server's check or its agent says that it is not well.
func (s *Server) isDown() bool { return s.down.Load() || s.Advice().Down }

// try takes the server for down until its first check has passed.
func (s *Server) try(set *settings, now time.Time) {
	if set.trial > 0 {
		s.hope.Store(now.Add(set.trial).UnixNano())
		s.down.Store(true)
	}
}

// Hopeful tells whether the server has just begun to be checked, so that it may be up in a moment.
func (s *Server) Hopeful() bool { return s.hopeful(time.Now()) }

// hopeful tells whether the server may be up in a moment, for it has just begun to be checked.
func (s *Server) hopeful(now time.Time) bool {
	return s.enabled() && s.hope.Load() > now.UnixNano() && !s.Advice().Down
}

// Tried says that the server's first check has ended. If it is still down, nobody waits for it any
// more.
func (s *Server) Tried() {
	if s.hope.Swap(0) != 0 && s.isDown() {
		s.farm.disappoint(time.Now())
	}
}

// alive tells whether clients that are bound to the server may go on using it, although it may
// get no others.
func (s *Server) alive() bool { return !s.Maintenance() && !s.isDown() }

// room tells whether the server may get one more request. It is called under farm.mu.
func (s *Server) room() bool { return s.limit == 0 || s.node.Served < s.limit }

// limited is the maxconn that holds now: in slowstart it grows as the weight does.
func (s *Server) limited() int {
	maxconn := s.Maxconn()
	if maxconn == 0 {
		return 0
	}
	return max(1, maxconn*s.Share()/100)
}

// warm moves the share of a server in slowstart and returns it. It is called under farm.mu.
func (s *Server) warm(slowstart time.Duration, now time.Time) int {
	share := 100
	if past := now.Sub(s.warming); !s.warming.IsZero() && past < slowstart {
		share = max(1, int(100*past/slowstart))
	} else {
		s.warming = time.Time{}
	}
	s.share.Store(int32(share))
	return share
}

// Maintenance tells whether an operator, or the server's agent, has taken the server out, or it
// has no address.
func (s *Server) Maintenance() bool {
	set := s.settings.Load()
	orders := s.Orders()
	if set.Unresolved || s.Advice().Maintenance || orders.Leader {
		return true
	}
	switch orders.State {
	case "ready", "drain":
		return false
	case "maint":
		return true
	}
	return set.Disabled
}

// Unresolved tells whether the server has no address, because its name has none.
func (s *Server) Unresolved() bool { return s.settings.Load().Unresolved }

// Conns returns how many connections to the server are idle and in use.
func (s *Server) Conns() (idle, used int) { return s.settings.Load().pool.Counts() }

// SetUp says what the health check found. When the server goes down, attempts on it that have
// no answer yet end at once; when it returns, it may start slowly.
func (s *Server) SetUp(up bool) {
	if s.down.Swap(!up) == !up {
		return
	}
	now, hope := time.Now(), s.hope.Load()
	if up {
		s.startSlowly(now)
	}
	s.farm.changed(now)
	if up {
		s.hope.CompareAndSwap(hope, 0) // not before: until the farm knows, requests have to wait
	} else {
		s.fall()
	}
}

// fall ends what has no answer yet, since the server has gone down.
func (s *Server) fall() {
	s.mu.Lock()
	s.hangUp()
	s.dialing, s.hangUp = context.WithCancel(context.Background())
	s.mu.Unlock()
	pool := s.settings.Load().pool
	pool.CancelWaiting()
	pool.Reset()
	s.sessions.shutdown()
}

// startSlowly begins slowstart, if the backend has it.
func (s *Server) startSlowly(now time.Time) {
	s.farm.mu.Lock()
	defer s.farm.mu.Unlock()
	s.warming = now
}

// untilDown returns a context that ends when the server goes down.
func (s *Server) untilDown() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialing
}

// DialCheck opens a connection for a health check, just as one for a request but in nobody's
// name. A failed TLS handshake is a *dial.HandshakeError.
func (s *Server) DialCheck(ctx context.Context) (net.Conn, error) {
	return s.settings.Load().target.Check(ctx)
}

// dial opens a connection for the requests of the client at from, which has connected to to.
func (s *Server) dial(ctx context.Context, set *settings, timeout time.Duration, from, to netip.AddrPort) (*h1.ServerConn, failure, error) {
	conn, f, err := s.connect(ctx, set, timeout, from, to)
	if err != nil {
		return nil, f, err
	}
	c, err := h1.NewServerConn(conn)
	if err != nil {
		_ = conn.Close()
		return nil, failInternal, err
	}
	set.pool.Add(c)
	return c, failNone, nil
}

// connect opens a connection. The failure tells whose fault it is if that fails.
func (s *Server) connect(ctx context.Context, set *settings, timeout time.Duration, from, to netip.AddrPort) (net.Conn, failure, error) {
	s.Counters.Connects.Inc()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := set.target.Dial(ctx, from, to)
	if err != nil {
		return nil, dialFailure(err), err
	}
	return conn, failNone, nil
}

func dialFailure(err error) failure {
	var timeout net.Error
	switch {
	case ownShortage(err):
		return failShortage
	case errors.Is(err, context.Canceled) || isCanceled(err):
		return failDown
	case errors.As(err, &timeout) && timeout.Timeout():
		return failConnectTimeout
	}
	return failConnect
}

// isCanceled sees through the error that package net makes of a cancelled context.
func isCanceled(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Err.Error() == "operation was canceled"
}

// ownShortage tells whether err is about what we lack, not about the server.
func ownShortage(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL, syscall.EAGAIN,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
