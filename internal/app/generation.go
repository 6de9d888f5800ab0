package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/listen"
	"relais/stats"
)

// generation is what a configuration needs to be in force, with everything done that can fail.
type generation struct {
	cfg       *config.Config
	table     *balancer.Table
	binds     []*bindServer               // in the order of the configuration
	update    map[*bindServer]*bindChange // of those, the ones that are open already
	fresh     []*bindServer               // of those, the ones that are not served yet
	admin     *adminServer                // nil: none
	adminBind listen.Bind                 // of admin
	socket    *socketServer               // nil: none

	adminShown []stats.Certificate // of admin, to clients
}

// bindChange is what becomes of a bind that stays.
type bindChange struct {
	frontend *balancer.Frontend
	bind     *listen.Bind // nil: as it was
	shown    []stats.Certificate
}

// open opens every listener that the configuration has and the balancer has not, or none.
func (a *App) open(cfg *config.Config, table *balancer.Table) (*generation, error) {
	g := &generation{cfg: cfg, table: table, update: map[*bindServer]*bindChange{}}
	for _, f := range table.Frontends {
		if a.parts.closed[f.Name] != "" {
			continue
		}
		for i := range f.Bind {
			if err := a.openOrKeep(g, f, &f.Bind[i]); err != nil {
				g.abandon(a)
				return nil, fmt.Errorf("frontend %s: %w", f.Name, err)
			}
		}
	}
	if err := a.openAdmin(g); err != nil {
		g.abandon(a)
		return nil, fmt.Errorf("stats: %w", err)
	}
	if err := a.openSocket(g); err != nil {
		g.abandon(a)
		return nil, fmt.Errorf("admin_socket: %w", err)
	}
	return g, nil
}

// openOrKeep adds a bind to the generation. The socket of one that is open already is kept, so
// that no connection is refused.
func (a *App) openOrKeep(g *generation, f *balancer.Frontend, c *config.Bind) error {
	i := slices.IndexFunc(a.binds, func(s *bindServer) bool { return s.address == c.Address && g.update[s] == nil })
	if i >= 0 && a.binds[i].frontend.Load().Same(f) {
		g.binds = append(g.binds, a.binds[i])
		g.update[a.binds[i]] = &bindChange{frontend: f}
		return nil
	}
	b, shown, err := a.bind(f, c)
	if err != nil {
		return err
	}
	if i >= 0 && a.binds[i].mode == f.Mode {
		g.binds = append(g.binds, a.binds[i])
		g.update[a.binds[i]] = &bindChange{f, &b, shown}
		return nil
	}
	if i >= 0 {
		b.Socket = a.binds[i].listener
	}
	s, err := a.openBind(f, b, shown)
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
func (g *generation) abandon(inForce *App) {
	for _, s := range g.fresh {
		_ = s.listener.Close()
	}
	if g.admin != nil && g.admin != inForce.admin {
		_ = g.admin.listener.Close()
	}
	if g.socket != nil && g.socket != inForce.socket {
		_ = g.socket.listener.Close()
	}
}

// moveTo leads the listeners of a generation that has not been adopted yet to the frontends of
// another table. Those of closed frontends are closed.
func (g *generation) moveTo(table *balancer.Table, closed map[string]closing) {
	g.table = table
	keep := func(s *bindServer) bool {
		f := table.Frontend(s.frontend.Load().Name)
		s.frontend.Store(f)
		if closed[f.Name] == "" {
			return true
		}
		_ = s.listener.Close()
		return false
	}
	g.binds = slices.DeleteFunc(g.binds, func(s *bindServer) bool { return !keep(s) })
	g.fresh = slices.Clone(g.binds)
}

// adopt serves the listeners of a generation, and no others.
func (a *App) adopt(g *generation) {
	before := openFrontends(a.binds)
	for s, change := range g.update {
		s.frontend.Store(change.frontend)
		if change.bind != nil {
			a.tellRevoked(s.address, s.listener.Update(*change.bind))
		}
	}
	a.closed.Store(&a.parts.closed)
	a.limitFrontends(g.table)
	for _, f := range g.table.Frontends {
		f.Close(a.parts.closed[f.Name] != "")
	}
	for _, s := range g.fresh {
		s.serve()
	}
	a.mu.Lock()
	closed := slices.DeleteFunc(slices.Clone(a.binds), func(s *bindServer) bool { return slices.Contains(g.binds, s) })
	admin, socket := a.admin, a.socket
	a.binds, a.admin, a.socket = g.binds, g.admin, g.socket
	g.show()
	a.mu.Unlock()
	if socket != g.socket {
		if g.socket != nil {
			g.socket.serve()
		}
		if socket != nil {
			a.retired.Go(socket.stop)
		}
	}
	if admin == g.admin && admin != nil {
		a.tellRevoked(admin.address, admin.listener.Update(g.adminBind))
	}
	if admin != g.admin {
		if g.admin != nil {
			g.admin.serve()
		}
		if admin != nil {
			a.retired.Go(admin.stop)
		}
	}
	if a.prepared != g { // not at the start
		a.noteFrontends(before, openFrontends(g.binds))
	}
	a.retire(closed)
}

// show takes note of the certificates that the listeners show now. It is called under App.mu.
func (g *generation) show() {
	for s, change := range g.update {
		if change.bind != nil {
			s.shown = change.shown
		}
	}
	if g.admin != nil {
		g.admin.shown = g.adminShown
	}
}

// tellRevoked says that clients have been sent away.
func (a *App) tellRevoked(address string, n int) {
	if n > 0 {
		a.log.Warn().Str("bind", address).Int("connections", n).Msg("connections are closed: client_ca and verify do not let their clients in any more")
	}
}

// retire closes binds that the configuration does not have any more. Their requests end in
// their own time, at most shutdown_timeout.
func (a *App) retire(binds []*bindServer) {
	if len(binds) == 0 {
		return
	}
	timeout := a.cfg.Load().ShutdownTimeout
	for _, s := range binds {
		closed := a.parts.closed[s.frontend.Load().Name] != ""
		a.retired.Go(func() {
			ctx := a.running
			if !closed { // what an operator has closed may be opened again
				limited, cancel := context.WithTimeout(ctx, timeout)
				defer cancel()
				ctx = limited
			}
			a.drain(ctx, []*bindServer{s})
		})
	}
}
