package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/config/file"
	"relais/internal/listen"
)

// errStopping says that there is nothing left to reload for.
var errStopping = errors.New("the balancer is stopping")

// generation is what a configuration needs to be in force, with everything done that can fail.
type generation struct {
	cfg    *config.Config
	table  *balancer.Table
	binds  []*bindServer               // in the order of the configuration
	update map[*bindServer]*bindChange // of those, the ones that are open already
	fresh  []*bindServer               // of those, the ones that are not served yet
	admin  *adminServer                // nil: none
}

// bindChange is what becomes of a bind that stays.
type bindChange struct {
	frontend *balancer.Frontend
	bind     listen.Bind
}

// Reload puts the configuration file in force as it is now. All or nothing: an error says what
// is wrong, and the old configuration holds on. Connections, counters and health survive.
func (a *App) Reload() error {
	a.change.Lock()
	defer a.change.Unlock()
	if a.isStopping() {
		return errStopping
	}
	cfg, err := file.Load(a.file, a.getenv)
	if err != nil {
		return err
	}
	if err := a.logs.reopen(); err != nil {
		return err
	}
	table, err := a.proxy.Compile(cfg)
	if err != nil {
		return err
	}
	plan, err := planChecks(cfg, table)
	if err != nil {
		return err
	}
	next, err := a.open(cfg, table)
	if err != nil {
		return err
	}
	if err := a.setLimits(cfg); err != nil {
		next.abandon(a.admin)
		return err
	}
	if old := a.cfg.Load(); cfg.Log != old.Log || cfg.AccessLog != old.AccessLog {
		a.log.Warn().Msg("log and access_log have changed, which needs a restart; everything else is reloaded")
	}
	a.proxy.Publish(table)
	a.adopt(next)
	a.tellDerived(table)
	a.reconcileChecks(plan)
	a.inForce(cfg, time.Now())
	return nil
}

// open opens every listener that the configuration has and the balancer has not, or none.
func (a *App) open(cfg *config.Config, table *balancer.Table) (*generation, error) {
	g := &generation{cfg: cfg, table: table, update: map[*bindServer]*bindChange{}}
	for _, f := range table.Frontends {
		for i := range f.Bind {
			if err := a.openOrKeep(g, f, &f.Bind[i]); err != nil {
				g.abandon(a.admin)
				return nil, fmt.Errorf("frontend %s: %w", f.Name, err)
			}
		}
	}
	if err := a.openAdmin(g); err != nil {
		g.abandon(a.admin)
		return nil, fmt.Errorf("stats: %w", err)
	}
	return g, nil
}

// openOrKeep adds a bind to the generation. The socket of one that is open already is kept, so
// that no connection is refused.
func (a *App) openOrKeep(g *generation, f *balancer.Frontend, c *config.Bind) error {
	b, err := a.bind(f, c)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(a.binds, func(s *bindServer) bool { return s.address == b.Address && g.update[s] == nil })
	if i >= 0 && a.binds[i].mode == f.Mode {
		g.binds = append(g.binds, a.binds[i])
		g.update[a.binds[i]] = &bindChange{f, b}
		return nil
	}
	if i >= 0 {
		b.Socket = a.binds[i].listener
	}
	s, err := a.openBind(f, b)
	if err != nil {
		return a.explainInUse(b.Address, err)
	}
	g.binds = append(g.binds, s)
	g.fresh = append(g.fresh, s)
	return nil
}

// explainInUse tells an address that the balancer itself has, as a part of another bind's, from
// one that another program has.
func (a *App) explainInUse(address string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	_, port, _ := net.SplitHostPort(address)
	for _, s := range a.binds {
		if _, p, _ := net.SplitHostPort(s.address); p == port && port != "" {
			return fmt.Errorf("listen on %s: the bind %s in force has that port; take it away in one reload and add the new one in the next, or restart the balancer", address, s.address)
		}
	}
	return err
}

// abandon closes what was opened for a generation that does not come into force.
func (g *generation) abandon(inForce *adminServer) {
	for _, s := range g.fresh {
		_ = s.listener.Close()
	}
	if g.admin != nil && g.admin != inForce {
		_ = g.admin.listener.Close()
	}
}

// adopt serves the listeners of a generation, and no others.
func (a *App) adopt(g *generation) {
	for s, change := range g.update {
		s.frontend.Store(change.frontend)
		s.listener.Update(change.bind)
	}
	for _, f := range g.table.Frontends {
		a.slotsOf(f).SetLimit(f.Maxconn)
	}
	for _, s := range g.fresh {
		s.serve()
	}
	a.mu.Lock()
	closed := slices.DeleteFunc(slices.Clone(a.binds), func(s *bindServer) bool { return slices.Contains(g.binds, s) })
	admin := a.admin
	a.binds, a.admin = g.binds, g.admin
	a.mu.Unlock()
	if admin != g.admin {
		if g.admin != nil {
			g.admin.serve()
		}
		if admin != nil {
			a.retired.Go(admin.stop)
		}
	}
	a.retire(closed)
}

// retire closes binds that the configuration does not have any more. Their requests end in
// their own time, at most shutdown_timeout.
func (a *App) retire(binds []*bindServer) {
	if len(binds) == 0 {
		return
	}
	timeout := a.cfg.Load().ShutdownTimeout
	a.retired.Go(func() {
		ctx, cancel := context.WithTimeout(a.running, timeout)
		defer cancel()
		a.drain(ctx, binds)
	})
}
