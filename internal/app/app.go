// Package app puts the balancer together: configuration, listeners, data path, health checks,
// statistics and logs, and their life from start to stop. It is the only package that knows all
// the others.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"relais/balancer"
	"relais/balancer/why"
	"relais/healthcheck"
	"relais/internal/access"
	"relais/internal/config"
	"relais/internal/config/file"
	"relais/internal/listen"
	"relais/internal/operate"
	"relais/stats"
	"relais/stats/latency"
)

// Options are what the balancer gets from its command line and its process.
type Options struct {
	ConfigFile string
	Getenv     func(string) (string, bool) // answers for ${VAR} in the configuration
	Stdout     io.Writer
	Stderr     io.Writer
	Given      *listen.Sockets // listening sockets that the process was started with; nil: none
	Waits      bool            // a predecessor has the state file until it is this balancer's turn
}

// App is a running balancer.
type App struct {
	file    string
	getenv  func(string) (string, bool)
	started time.Time
	cfg     atomic.Pointer[config.Config]      // in force, with what is added to the file at run time
	loaded  atomic.Int64                       // unix nanoseconds, since when the file is
	closed  atomic.Pointer[map[string]closing] // frontends that operators have closed
	disk    disk
	journal *operate.Journal
	names   *names
	guard   *access.Guard
	logs    *logs
	log     zerolog.Logger

	proxy   *balancer.Proxy
	checks  *healthcheck.Set
	agents  *healthcheck.Agents
	healths *healths
	figures *figures
	memory  *why.Memory
	slots   *listen.Slots // of all frontends together

	observers atomic.Pointer[map[*balancer.Server]*healthcheck.Observer] // of live traffic
	timeline  timeline

	change        sync.Mutex // one change of what is in force at a time
	parts         *parts     // under change
	edits         int        // of the parts by operators; under change
	history       history
	used          map[*balancer.Server]string // the addresses of servers, as of the last change; under change
	slotAddresses map[operate.Object]string   // of the servers that stand for addresses of a name; under change
	given         *listen.Sockets
	waits         bool                     // for a predecessor
	prepared      *generation              // between Prepare and Begin
	handedOver    bool                     // a successor serves
	begun         bool                     // what was set before the start holds
	bindSlots     map[string]*listen.Slots // by frontend; under change
	retired       sync.WaitGroup           // binds that a reload has closed
	running       context.Context          // ends when nobody waits for them any more
	halt          context.CancelFunc

	mu     sync.RWMutex // what follows is read by the figures
	binds  []*bindServer
	admin  *adminServer
	socket *socketServer
	limits limits

	renamed  chan struct{}      // has something when addresses of names are to be put in force
	stopping chan struct{}      // closed when the stop begins
	ending   context.CancelFunc // of what runs beside the traffic
	beside   sync.WaitGroup
}

// limits are what the machine and the configuration allow.
type limits struct {
	memory    int64
	openFiles uint64
	maxconn   int
}

// Prepare makes a balancer that can begin: everything that can fail has been done, every listener
// is open, and nobody is served. Begin or Abandon follows.
func Prepare(cfg *config.Config, o Options) (*App, error) {
	logs, err := openLogs(cfg, o)
	if err != nil {
		return nil, err
	}
	a := &App{
		file: o.ConfigFile, getenv: o.Getenv, given: o.Given, waits: o.Waits, started: time.Now(), logs: logs, log: logs.log,
		parts: newParts(cfg), guard: access.New(access.Policy{}), memory: newMemory(cfg.Explain),
		bindSlots: map[string]*listen.Slots{}, slotAddresses: map[operate.Object]string{}, stopping: make(chan struct{}), renamed: make(chan struct{}, 1),
	}
	if a.journal, _ = operate.Open(""); !o.Waits {
		a.openJournal(cfg, legacy{})
	}
	a.disk.load = func() (*config.Config, error) { return file.Load(a.file, a.getenv) }
	a.running, a.halt = context.WithCancel(context.Background())
	a.loaded.Store(a.started.UnixNano())
	if err := a.prepare(cfg); err != nil {
		return nil, errors.Join(err, a.logs.close())
	}
	return a, nil
}

func (a *App) prepare(file *config.Config) (err error) {
	if err := a.setLimits(file); err != nil {
		return err
	}
	a.names = a.newNames(file.Resolvers)
	defer func() {
		if err != nil {
			a.names.resolver.Stop()
		}
	}()
	a.names.follow(a.parts)
	cfg := a.parts.assemble(a.expand)
	options := balancer.Options{
		Log: a.logs.access, OnPanic: a.reportPanic, OnPanicThreshold: a.reportPanicThreshold, OnResult: a.observe,
		CookieKey: a.cookieKey(file),
	}
	if a.memory != nil {
		options.Keep = a.memory.Keep
	}
	if a.proxy, err = balancer.New(cfg, options); err != nil {
		return err
	}
	a.healths, a.figures = &healths{}, newFigures(a.proxy.Table, a.started)
	a.figures.healths, a.figures.orders, a.figures.limit = a.healths, a.ordersAbout, a.limitOf
	a.cfg.Store(cfg)
	if _, err = planChecks(cfg, a.proxy.Table()); err == nil {
		a.prepared, err = a.open(cfg, a.proxy.Table())
	}
	if err != nil {
		a.proxy.Close()
	}
	return err
}

// Abandon undoes Prepare: it is not the balancer's turn, and never will be.
func (a *App) Abandon() error {
	a.prepared.abandon(a)
	a.names.resolver.Stop()
	a.proxy.Close()
	return a.logs.close()
}

// Begin serves. When it returns, every server's first check is under way. text is what a
// predecessor has left, nil if there was none.
func (a *App) Begin(text []byte) error {
	a.change.Lock()
	defer a.change.Unlock()
	left, file := a.inherit(text), a.parts.file
	if a.waits {
		a.openJournal(file, left)
	}
	if err := a.setLimits(file); err != nil { // an order may have another one
		return err
	}
	cfg := a.parts.assemble(a.expand)
	table, err := a.proxy.Compile(cfg)
	if err != nil {
		return err
	}
	plan, err := planChecks(cfg, table)
	if err != nil {
		return err
	}
	a.timeline.add(aboutProcess, stats.Happening{What: "start", Reason: fmt.Sprintf("version %s, configuration %s", Version, file.Fingerprint())})
	a.proxy.Publish(table)
	a.cfg.Store(cfg)
	a.prepared.moveTo(table, a.parts.closed)
	a.guardWith(file)
	a.startChecks(plan, left)
	a.begun = true
	a.remember(time.Now()) // nothing has been counted yet: who asks for shares is told of all requests
	a.adopt(a.prepared)
	a.prepared = nil
	a.own()
	a.tellDerived(table)
	a.disk.begun(file)
	a.keepGood(file)
	a.history.add(a.traffic(time.Now()))
	a.runBeside()
	a.log.Info().Str("version", Version).Str("config", a.file).Str("fingerprint", file.Fingerprint()).Strs("frontends", a.Addrs()).
		Str("stats", a.StatsAddr()).Msg("started")
	return nil
}

// own takes over the sockets that the process was started with.
func (a *App) own() {
	if a.given == nil {
		return
	}
	if err := a.given.Own(); err != nil {
		a.log.Error().Err(err).Msg("sockets that were handed over are not quite the balancer's own")
	}
}

// runBeside starts what runs beside the traffic.
func (a *App) runBeside() {
	ctx, cancel := context.WithCancel(context.Background())
	a.ending = cancel
	for _, run := range []func(context.Context){a.sample, a.followNames, a.watchDisk, a.runJournal, a.watchCertificates} {
		a.beside.Go(func() { run(ctx) })
	}
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
	configured := a.limitOf("", cfg.Limits.Maxconn)
	l.maxconn, why = MaxConns(configured, files, l.memory)
	if l == a.limits {
		return nil
	}
	a.log.Info().Int64("bytes", l.memory).Msg("memory limit: " + whyMemory)
	level := zerolog.InfoLevel
	if configured > l.maxconn {
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

// reportPanicThreshold says that health does not decide any more, or again.
func (a *App) reportPanicThreshold(backend string, on bool) {
	if on {
		a.log.Error().Str("backend", backend).Msg("backend " + backend + ": fewer servers are up than panic_threshold wants; all are used, whatever their checks say")
		a.timeline.add(aboutProcess, stats.Happening{Proxy: backend, What: "PANIC", Reason: "fewer servers are up than panic_threshold wants; all are used", Trouble: true})
		return
	}
	a.timeline.add(aboutProcess, stats.Happening{Proxy: backend, What: "PANIC over", Reason: "enough servers are up again"})
	a.log.Info().Str("backend", backend).Msg("backend " + backend + ": enough servers are up again; only those are used")
}

func (a *App) reportPanic(frontend string, value any, stack []byte) {
	a.log.Error().Str("frontend", frontend).Interface("panic", value).Bytes("stack", stack).
		Msg("a request failed in the balancer itself; please report this")
}

// sample takes the totals behind the rates and closes idle connections, once a second.
func (a *App) sample(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	scratch, counted := &latency.Counts{}, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			a.figures.sample(now)
			a.history.add(a.traffic(now))
			a.tickTimes(now, scratch)
			if now.Sub(counted) >= why.SampleInterval {
				a.remember(now)
				counted = now
			}
			a.proxy.Tick(now)
			if a.leavingSettled() {
				a.renew()
			}
		}
	}
}
