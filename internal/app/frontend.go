package app

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"relais/balancer"
	"relais/internal/listen"
)

// bindServer serves the connections of one bind: in HTTP mode with fasthttp's server behind the
// gate.
type bindServer struct {
	address  string
	mode     string
	frontend atomic.Pointer[balancer.Frontend] // whose connections come in here
	listener *listen.Listener
	proxy    *balancer.Proxy
	http     *fasthttp.Server // nil: TCP mode
	sessions sync.WaitGroup   // of TCP mode
	done     chan struct{}    // closed when nothing more is accepted
}

// openBind opens a bind of a frontend. fasthttp sees nothing but stand-ins of the requests, so
// its buffers are small.
func (a *App) openBind(f *balancer.Frontend, b listen.Bind) (*bindServer, error) {
	s := &bindServer{address: b.Address, mode: f.Mode, proxy: a.proxy, done: make(chan struct{})}
	s.frontend.Store(f)
	wrap := func(conn net.Conn) net.Conn { return conn }
	if f.Mode == "http" {
		s.http, wrap = a.httpServer(s), s.gate
	}
	var err error
	s.listener, err = listen.Open(b, a.slots, wrap)
	return s, err
}

func (a *App) httpServer(s *bindServer) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                       a.proxy.Handler(s.frontend.Load),
		Concurrency:                   fasthttpConns,
		MaxIdleWorkerDuration:         2 * time.Second, // goroutines of a burst go soon
		ReadBufferSize:                512,
		WriteBufferSize:               512,
		CloseOnShutdown:               true,
		NoDefaultServerHeader:         true,
		NoDefaultDate:                 true,
		NoDefaultContentType:          true,
		DisableHeaderNamesNormalizing: true,
		Logger:                        fasthttpLog{a.log},
	}
}

// fasthttpConns is more than there can be: the listener's slots are the limit.
const fasthttpConns = 1 << 30

// gate puts an accepted connection behind the frontend's gate and counts it.
func (s *bindServer) gate(conn net.Conn) net.Conn {
	f := s.frontend.Load()
	c := f.Gate.Wrap(conn)
	f.Counters.ConnsTotal.Inc()
	f.Counters.Conns.Inc()
	c.OnClose = func() {
		f.Counters.Conns.Dec()
		s.listener.Release(c)
	}
	return c
}

func (s *bindServer) serve() {
	go func() {
		defer close(s.done)
		if s.http != nil {
			_ = s.http.Serve(s.listener) // ends when the listener is closed
			return
		}
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.sessions.Go(func() {
				s.proxy.ServeTCP(s.frontend.Load(), conn)
				s.listener.Release(conn)
			})
		}
	}()
}

// stop stops accepting and waits for what is under way; at the end of ctx it is cut off.
func (s *bindServer) stop(ctx context.Context) (err error) {
	if s.http != nil {
		err = s.http.ShutdownWithContext(ctx)
	}
	_ = s.listener.Close()
	<-s.done
	if s.http == nil {
		err = s.awaitSessions(ctx)
	}
	s.listener.CloseConns()
	s.sessions.Wait()
	return err
}

func (s *bindServer) awaitSessions(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		s.sessions.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		s.listener.CloseConns()
		<-ended
		return ctx.Err()
	}
}

// fasthttpLog takes what fasthttp has to say about connections, which is for debugging only.
type fasthttpLog struct{ log zerolog.Logger }

func (l fasthttpLog) Printf(format string, args ...any) {
	l.log.Debug().Msg(fmt.Sprintf(format, args...))
}
