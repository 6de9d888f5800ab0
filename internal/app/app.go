// Package app puts the balancer together: configuration, listeners, data path, health checks,
// statistics and logs, and their life from start to stop. It is the only package that knows all
// the others.
package app

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
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
	file    string
	getenv  func(string) (string, bool)
	started time.Time
	cfg     atomic.Pointer[config.Config] // in force
	loaded  atomic.Int64                  // unix nanoseconds, since when
	logs    *logs
	log     zerolog.Logger

	proxy   *balancer.Proxy
	checks  *healthcheck.Set
	agents  *healthcheck.Agents
	healths *healths
	figures *figures
	slots   *listen.Slots // of all frontends together

	observers atomic.Pointer[map[*balancer.Server]*healthcheck.Observer] // of live traffic

	change    sync.Mutex               // one reload or stop at a time
	bindSlots map[string]*listen.Slots // by frontend; under change
	retired   sync.WaitGroup           // binds that a reload has closed
	running   context.Context          // ends when nobody waits for them any more
	halt      context.CancelFunc

	mu     sync.RWMutex // what follows is read by the figures
	binds  []*bindServer
	admin  *adminServer
	limits limits

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
		file: o.ConfigFile, getenv: o.Getenv, started: time.Now(), logs: logs, log: logs.log,
		bindSlots: map[string]*listen.Slots{}, stopping: make(chan struct{}), sampled: make(chan struct{}),
	}
	a.running, a.halt = context.WithCancel(context.Background())
	a.inForce(cfg, a.started)
	if err := a.start(); err != nil {
		return nil, errors.Join(err, a.logs.close())
	}
	return a, nil
}

func (a *App) start() error {
	cfg := a.cfg.Load()
	if err := a.setLimits(cfg); err != nil {
		return err
	}
	proxy, err := balancer.New(cfg, balancer.Options{
		Log: a.logs.access, OnPanic: a.reportPanic, OnPanicThreshold: a.reportPanicThreshold, OnResult: a.observe,
	})
	if err != nil {
		return err
	}
	a.healths = &healths{}
	a.proxy, a.figures = proxy, newFigures(proxy.Table, a.started)
	a.figures.healths = a.healths
	plan, err := planChecks(cfg, proxy.Table())
	if err != nil {
		a.proxy.Close()
		return err
	}
	next, err := a.open(cfg, proxy.Table())
	if err != nil {
		a.proxy.Close()
		return err
	}
	a.startChecks(plan)
	a.adopt(next)
	a.tellDerived(next.table)
	ctx, cancel := context.WithCancel(context.Background())
	a.sampling = cancel
	go a.sample(ctx)
	a.log.Info().Str("version", Version).Str("config", a.file).Strs("frontends", a.Addrs()).
		Str("stats", a.StatsAddr()).Msg("started")
	return nil
}

// inForce takes note of the configuration that holds from now on.
func (a *App) inForce(cfg *config.Config, now time.Time) {
	a.cfg.Store(cfg)
	a.loaded.Store(now.UnixNano())
}

// setLimits finds out how much the balancer may hold, and says so.
func (a *App) setLimits(cfg *config.Config) error {
	var l limits
	var whyMemory, why string
	l.memory, whyMemory = MemoryLimit()
	files, err := OpenFiles()
	if err != nil {
		return err
	}
	l.openFiles = files
	l.maxconn, why = MaxConns(cfg.Limits.Maxconn, files, l.memory)
	if l == a.limits {
		return nil
	}
	a.log.Info().Int64("bytes", l.memory).Msg("memory limit: " + whyMemory)
	level := zerolog.InfoLevel
	if cfg.Limits.Maxconn > l.maxconn {
		level = zerolog.WarnLevel
	}
	a.log.WithLevel(level).Int("connections", l.maxconn).Msg("connection limit: " + why)
	if a.slots == nil {
		a.slots = listen.NewSlots(l.maxconn)
	}
	a.slots.SetLimit(l.maxconn)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits = l
	return nil
}

// Addrs returns the addresses on which clients come in, in the order of the configuration.
func (a *App) Addrs() []string {
	var addrs []string
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, s := range a.binds {
		addrs = append(addrs, s.listener.Addr().String())
	}
	return addrs
}

// StatsAddr returns the address of the admin listener; empty: there is none.
func (a *App) StatsAddr() string {
	a.mu.RLock()
	defer a.mu.RUnlock()
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
	a.change.Lock() // a reload under way ends first
	defer a.change.Unlock()
	timeout := a.cfg.Load().ShutdownTimeout
	a.log.Info().Stringer("timeout", timeout).Msg("stopping: no new connections, waiting for running requests")
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer context.AfterFunc(ctx, a.halt)()
	a.proxy.Stop()
	a.drain(ctx, a.binds)
	a.retired.Wait()
	a.halt()
	a.stopChecks()
	a.sampling()
	<-a.sampled
	if a.admin != nil {
		a.admin.stop()
	}
	a.proxy.Close()
	a.log.Info().Msg("stopped")
	return a.logs.close()
}

// drain waits for what is under way on the binds, and ends what takes too long.
func (a *App) drain(ctx context.Context, binds []*bindServer) {
	errs := make(chan error, len(binds))
	for _, s := range binds {
		go func() { errs <- s.stop(ctx) }()
	}
	for range binds {
		if <-errs != nil {
			a.log.Warn().Msg("requests were cut off: they ran longer than shutdown_timeout")
		}
	}
}

// reportPanicThreshold says that health does not decide any more, or again.
func (a *App) reportPanicThreshold(backend string, on bool) {
	if on {
		a.log.Error().Str("backend", backend).Msg("backend " + backend + ": fewer servers are up than panic_threshold wants; all are used, whatever their checks say")
		return
	}
	a.log.Info().Str("backend", backend).Msg("backend " + backend + ": enough servers are up again; only those are used")
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
			a.proxy.Tick(now)
		}
	}
}
