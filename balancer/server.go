package balancer

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"relais/balancer/h1"
	"relais/internal/config"
	"relais/stats"
)

// Server is one server of a backend. Its identity is backend and name; its counters and state
// live as long as that.
type Server struct {
	Backend string
	Name    string
	SID     int // HAProxy's number in the backend
	Address string
	Weight  int

	Counters stats.ServerCounters

	maintenance bool
	down        atomic.Bool
	pool        *h1.Pool

	mu      sync.Mutex
	dialing context.Context // ends when the server goes down
	hangUp  context.CancelFunc
}

func newServer(backend string, sid int, c *config.Server, pool *h1.Pool) *Server {
	s := &Server{
		Backend: backend, Name: c.Name, SID: sid, Address: c.Address, Weight: c.Weight,
		maintenance: c.Disabled, pool: pool,
	}
	s.dialing, s.hangUp = context.WithCancel(context.Background())
	return s
}

// Usable tells whether the server gets requests: it is the only such predicate.
func (s *Server) Usable() bool { return s.Weight > 0 && !s.maintenance && !s.down.Load() }

// Maintenance tells whether an operator has taken the server out.
func (s *Server) Maintenance() bool { return s.maintenance }

// Conns returns how many connections to the server are idle and in use.
func (s *Server) Conns() (idle, used int) { return s.pool.Counts() }

// SetUp says what the health check found. When the server goes down, attempts on it that have
// no answer yet end at once.
func (s *Server) SetUp(up bool) {
	if s.down.Swap(!up) == !up || up {
		return
	}
	s.mu.Lock()
	s.hangUp()
	s.dialing, s.hangUp = context.WithCancel(context.Background())
	s.mu.Unlock()
	s.pool.CancelWaiting()
	s.pool.Reset()
}

// untilDown returns a context that ends when the server goes down.
func (s *Server) untilDown() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialing
}

// dial opens a connection. The failure tells whose fault it is if that fails.
func (s *Server) dial(ctx context.Context, timeout time.Duration) (*h1.ServerConn, failure, error) {
	s.Counters.Connects.Inc()
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return nil, dialFailure(err), err
	}
	c, err := h1.NewServerConn(conn)
	if err != nil {
		_ = conn.Close()
		return nil, failInternal, err
	}
	s.pool.Add(c)
	return c, failNone, nil
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
