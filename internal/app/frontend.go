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
	"relais/stats"
)

// bindServer serves the connections of one bind: in HTTP mode with fasthttp's server behind the
// gate.
type bindServer struct {
	address  string
	mode     string
	frontend atomic.Pointer[balancer.Frontend] // whose connections come in here
	shown    []stats.Certificate               // to clients; under App.mu
	listener *listen.Listener
	proxy    *balancer.Proxy
	http     *fasthttp.Server // nil: TCP mode
	sessions sync.WaitGroup   // of TCP mode
	done     chan struct{}    // closed when nothing more is accepted
}

// openBind opens a bind of a frontend. fasthttp sees nothing but stand-ins of the requests, so
// its buffers are small.
func (a *App) openBind(f *balancer.Frontend, b listen.Bind, shown []stats.Certificate) (*bindServer, error) {
	s := &bindServer{address: b.Address, mode: f.Mode, shown: shown, proxy: a.proxy, done: make(chan struct{})}
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

// gate puts an accepted connection behind the frontend's gate.
func (s *bindServer) gate(conn net.Conn) net.Conn {
	return s.proxy.Accept(s.frontend.Load(), conn, func(c net.Conn) { s.listener.Release(c) })
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

// lastRequests is how long clients that are idle may still send a request when their bind is
// stopped: one that was on its way is answered, and told that it was the last one.
const lastRequests = time.Second

// stop stops accepting and waits for what is under way; at the end of ctx it is cut off.
func (s *bindServer) stop(ctx context.Context) (err error) {
	_ = s.listener.Close()
	<-s.done
	if s.http != nil {
		s.listener.AwaitNone(ctx, lastRequests)
		_ = s.http.ShutdownWithContext(ctx) // it says that the listener is closed already, which it is
		err = ctx.Err()
	}
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
