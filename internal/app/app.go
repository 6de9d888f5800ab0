// Package app puts the balancer together: configuration, listeners, data path, health checks,
// statistics and logs, and their life from start to stop. It is the only package that knows all
// the others.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/rs/zerolog"

	"relais/balancer"
	"relais/healthcheck"
	"relais/internal/config"
	"relais/internal/listen"
)

// Options are what the balancer gets from its command line and its process.
type Options struct {
	ConfigFile string
	Getenv     func(string) (string, bool) // answers for ${VAR} in the configuration
	Stdout     io.Writer
	Stderr     io.Writer
}

// App is a running balancer.
type App struct {
	cfg     *config.Config
	file    string
	started time.Time
	logs    *logs
	log     zerolog.Logger

	proxy     *balancer.Proxy
	frontends []*frontendServer
	admin     *adminServer
	checks    *healthcheck.Set
	figures   *figures
	slots     listen.Slots
	limits    limits

	stopping chan struct{} // closed when the stop begins
	sampling context.CancelFunc
	sampled  chan struct{}
}

// limits are what the machine and the configuration allow.
type limits struct {
	memory    int64
	openFiles uint64
	maxconn   int
}

// Start starts a balancer. When it returns, every listener is open and every server's first
// check is under way.
func Start(cfg *config.Config, o Options) (*App, error) {
	logs, err := openLogs(cfg, o)
	if err != nil {
		return nil, err
	}
	a := &App{
		cfg: cfg, file: o.ConfigFile, started: time.Now(), logs: logs, log: logs.log,
		stopping: make(chan struct{}), sampled: make(chan struct{}),
	}
	if err := a.start(); err != nil {
		return nil, errors.Join(err, a.logs.close())
	}
	return a, nil
}

func (a *App) start() error {
	if err := a.setLimits(); err != nil {
		return err
	}
	proxy, err := balancer.New(a.cfg, balancer.Options{Log: a.logs.access, OnPanic: a.reportPanic})
	if err != nil {
		return err
	}
	a.proxy, a.figures = proxy, newFigures(proxy.Table(), a.started)
	if err := a.open(); err != nil {
		a.closeListeners()
		a.proxy.Close()
		return err
	}
	a.startChecks()
	for _, f := range a.frontends {
		f.serve()
	}
	if a.admin != nil {
		a.admin.serve()
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.sampling = cancel
	go a.sample(ctx)
	a.log.Info().Str("version", Version).Str("config", a.file).Strs("frontends", a.Addrs()).
		Str("stats", a.StatsAddr()).Msg("started")
	return nil
}

// setLimits finds out how much the balancer may hold, and says so.
func (a *App) setLimits() error {
	var why string
	a.limits.memory, why = MemoryLimit()
	a.log.Info().Int64("bytes", a.limits.memory).Msg("memory limit: " + why)
	files, err := OpenFiles()
	if err != nil {
		return err
	}
	a.limits.openFiles = files
	a.limits.maxconn, why = MaxConns(a.cfg.Limits.Maxconn, files, a.limits.memory)
	level := zerolog.InfoLevel
	if a.cfg.Limits.Maxconn > a.limits.maxconn {
		level = zerolog.WarnLevel
	}
	a.log.WithLevel(level).Int("connections", a.limits.maxconn).Msg("connection limit: " + why)
	a.slots = listen.NewSlots(a.limits.maxconn)
	return nil
}

// open opens every listener, or none.
func (a *App) open() error {
	for _, f := range a.proxy.Table().Frontends {
		for i := range f.Bind {
			s, err := a.openFrontend(f, &f.Bind[i])
			if err != nil {
				return fmt.Errorf("frontend %s: %w", f.Name, err)
			}
			a.frontends = append(a.frontends, s)
		}
	}
	if a.cfg.Stats.Bind == "" {
		return nil
	}
	admin, err := a.openAdmin()
	if err != nil {
		return fmt.Errorf("stats: %w", err)
	}
	a.admin = admin
	return nil
}

// Addrs returns the addresses on which clients come in, in the order of the configuration.
func (a *App) Addrs() []string {
	var addrs []string
	for _, f := range a.frontends {
		addrs = append(addrs, f.listener.Addr().String())
	}
	return addrs
}

// StatsAddr returns the address of the admin listener; empty: there is none.
func (a *App) StatsAddr() string {
	if a.admin == nil {
		return ""
	}
	return a.admin.listener.Addr().String()
}

// Ready tells whether every server has been checked once and the balancer is not stopping.
func (a *App) Ready() bool {
	select {
	case <-a.stopping:
		return false
	default:
	}
	select {
	case <-a.checks.Answered():
		return true
	default:
		return false
	}
}

// Stop stops gracefully: no new connections, requests under way end, at most until
// shutdown_timeout or the end of ctx. The admin listener answers to the last.
func (a *App) Stop(ctx context.Context) error {
	close(a.stopping)
	a.log.Info().Stringer("timeout", a.cfg.ShutdownTimeout).Msg("stopping: no new connections, waiting for running requests")
	ctx, cancel := context.WithTimeout(ctx, a.cfg.ShutdownTimeout)
	defer cancel()
	a.proxy.Stop()
	a.drain(ctx)
	a.checks.Stop()
	a.sampling()
	<-a.sampled
	if a.admin != nil {
		a.admin.stop()
	}
	a.proxy.Close()
	a.log.Info().Msg("stopped")
	return a.logs.close()
}

// drain waits for the requests under way, and ends those that take too long.
func (a *App) drain(ctx context.Context) {
	errs := make(chan error, len(a.frontends))
	for _, f := range a.frontends {
		go func() { errs <- f.stop(ctx) }()
	}
	for range a.frontends {
		if <-errs != nil {
			a.log.Warn().Msg("requests were cut off: they ran longer than shutdown_timeout")
		}
	}
}

func (a *App) closeListeners() {
	for _, f := range a.frontends {
		_ = f.listener.Close()
	}
}

func (a *App) reportPanic(frontend string, value any, stack []byte) {
	a.log.Error().Str("frontend", frontend).Interface("panic", value).Bytes("stack", stack).
		Msg("a request failed in the balancer itself; please report this")
}

// sample takes the totals behind the rates and closes idle connections, once a second.
func (a *App) sample(ctx context.Context) {
	defer close(a.sampled)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			a.figures.sample(now)
			a.proxy.Sweep(now)
		}
	}
}

// wrap puts an accepted connection behind the frontend's gate and counts it.
func (s *frontendServer) wrap(conn net.Conn) net.Conn {
	c := s.frontend.Gate.Wrap(conn)
	s.frontend.Counters.ConnsTotal.Inc()
	s.frontend.Counters.Conns.Inc()
	c.OnClose = func() {
		s.frontend.Counters.Conns.Dec()
		s.listener.Release(c)
	}
	return c
}
