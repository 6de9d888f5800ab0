package app

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/listen"
)

// frontendServer is one bind of a frontend: fasthttp's server behind the gate.
type frontendServer struct {
	frontend *balancer.Frontend
	listener *listen.Listener
	server   *fasthttp.Server
	done     chan struct{}
}

// openFrontend opens a bind. fasthttp sees nothing but stand-ins of the requests, so its
// buffers are small.
func (a *App) openFrontend(f *balancer.Frontend, bind *config.Bind) (*frontendServer, error) {
	s := &frontendServer{frontend: f, done: make(chan struct{})}
	b, err := a.bind(f, bind)
	if err != nil {
		return nil, err
	}
	ln, err := listen.Open(b, a.slots, s.wrap)
	if err != nil {
		return nil, err
	}
	s.listener = ln
	s.server = &fasthttp.Server{
		Handler:                       a.proxy.Handler(f.Name),
		Concurrency:                   a.limits.maxconn + 1, // the listener's slots are the limit
		MaxIdleWorkerDuration:         2 * time.Second,      // goroutines of a burst go soon
		ReadBufferSize:                512,
		WriteBufferSize:               512,
		CloseOnShutdown:               true,
		NoDefaultServerHeader:         true,
		NoDefaultDate:                 true,
		NoDefaultContentType:          true,
		DisableHeaderNamesNormalizing: true,
		Logger:                        fasthttpLog{a.log},
	}
	return s, nil
}

func (s *frontendServer) serve() {
	go func() {
		defer close(s.done)
		_ = s.server.Serve(s.listener) // ends when the listener is closed
	}()
}

// stop stops accepting and waits for the requests under way; at the end of ctx it cuts them off.
func (s *frontendServer) stop(ctx context.Context) error {
	err := s.server.ShutdownWithContext(ctx)
	_ = s.listener.Close()
	s.listener.CloseConns()
	<-s.done
	return err
}

// fasthttpLog takes what fasthttp has to say about connections, which is for debugging only.
type fasthttpLog struct{ log zerolog.Logger }

func (l fasthttpLog) Printf(format string, args ...any) {
	l.log.Debug().Msg(fmt.Sprintf(format, args...))
}
