package app

import (
	"fmt"
	"time"

	"relais/balancer"
	"relais/healthcheck"
	"relais/internal/config"
	"relais/stats"
)

// startChecks starts health checks and agents, and joins them with the servers.
func (a *App) startChecks(plan *checkPlan, left legacy) {
	a.checks = healthcheck.NewSet(healthcheck.Options{
		OnStart:      func(id healthcheck.ID, up bool) { a.setHealth(id, up, false) },
		OnNoLB:       func(id healthcheck.ID) { a.setHealth(id, true, true) },
		OnTransition: a.reportTransition,
		Restore:      left.Checks,
		OnAnswer: func(id healthcheck.ID) {
			if s := a.proxy.Table().Server(id.Backend, id.Server); s != nil {
				s.Tried()
				a.reportBackend(id.Backend, time.Now())
			}
		},
	})
	a.agents = healthcheck.NewAgents(healthcheck.AgentOptions{OnAdvice: a.heed, OnEnd: a.forget, Restore: left.Agents})
	a.figures.checks, a.figures.agents = a.checks, a.agents
	a.checks.Freeze(true)
	a.agents.Freeze(true)
	a.reconcileChecks(plan)
	a.obey() // a server in maintenance is not checked once
	a.checks.Freeze(false)
	a.agents.Freeze(false)
}

// stopChecks ends all of that. The figures stay.
func (a *App) stopChecks() {
	a.checks.Stop()
	a.agents.Stop()
}

// reconcileChecks makes the checks those of another configuration. A server that is not checked
// is taken to be up, and one that follows another one is what that is.
func (a *App) reconcileChecks(plan *checkPlan) {
	a.healths.follow(plan.leaders)
	a.keepUp(plan.specs)
	a.checks.Reconcile(plan.specs)
	a.agents.Reconcile(plan.agents)
	observers := map[*balancer.Server]*healthcheck.Observer{}
	for _, b := range a.proxy.Table().Backends {
		for _, s := range b.Servers {
			a.healths.settle(healthcheck.ID{Backend: b.Name, Server: s.Name}, s, a.checks)
			if o := a.checks.Observer(b.Name, s.Name); o != nil {
				observers[s] = o
			}
		}
	}
	a.observers.Store(&observers)
	a.figures.reconcile(time.Now())
}

// keepUp lets servers that were used without a check be up until a check fails: that they are
// checked from now on takes nobody out.
func (a *App) keepUp(specs []healthcheck.Spec) {
	table, used := a.proxy.Table(), map[*balancer.Server]string{}
	for i := range specs {
		spec := &specs[i]
		s := table.Server(spec.Backend, spec.Server)
		_, checked := a.checks.Status(spec.Backend, spec.Server)
		if !checked && a.used[s] == s.Address() && spec.Initial == healthcheck.InitialAuto {
			spec.Initial = healthcheck.InitialUp
		}
	}
	for _, b := range table.Backends {
		for _, s := range b.Servers {
			used[s] = s.Address()
		}
	}
	a.used = used
}

// observe hands on what live traffic has seen of a server.
func (a *App) observe(s *balancer.Server, connected bool, status int) {
	if observers := a.observers.Load(); observers != nil {
		if o := (*observers)[s]; o != nil {
			o.Seen(connected, status)
		}
	}
}

func (a *App) setHealth(id healthcheck.ID, up, noLB bool) (followers []healthcheck.ID) {
	table := a.proxy.Table()
	return a.healths.set(id, func(id healthcheck.ID) {
		if s := table.Server(id.Backend, id.Server); s != nil {
			setHealth(s, up, noLB)
		}
	})
}

// reportTransition applies and logs a change of a server, and of those that follow it.
func (a *App) reportTransition(t healthcheck.Transition) {
	followers := a.setHealth(t.ID, t.Up, t.NoLB)
	a.logTransition(t)
	via := fmt.Sprintf("%s (via %s)", t.Reason, t.ID)
	for _, id := range followers {
		t.ID, t.Reason = id, via
		a.logTransition(t)
	}
}

// logTransition logs a change of a server, and whether its backend has gained its first usable
// server or lost its last one with it.
func (a *App) logTransition(t healthcheck.Transition) {
	event, state := a.log.Warn(), "DOWN"
	switch {
	case t.NoLB:
		state = "NOLB"
	case t.Up:
		event, state = a.log.Info(), "UP"
	}
	a.noteTransition(t, state)
	if t.By != "" {
		event.Str("backend", t.ID.Backend).Str("server", t.ID.Server).Str("by", t.By).Msg(fmt.Sprintf("%s %s: %s", t.ID.Server, state, t.Reason))
		a.reportBackend(t.ID.Backend, t.At)
		return
	}
	event.Str("backend", t.ID.Backend).Str("server", t.ID.Server).Str("check", string(t.Result.Status)).
		Int("code", t.Result.Code).Dur("duration", t.Result.Duration).
		Msg(fmt.Sprintf("%s %s after %s", t.ID.Server, state, t.Reason))
	a.reportBackend(t.ID.Backend, t.At)
}

// reportBackend logs whether a backend can serve, if that has just changed.
func (a *App) reportBackend(name string, at time.Time) {
	switch usable, changed := a.figures.backendChanged(name, at); {
	case changed && !usable:
		a.log.Error().Str("backend", name).Msg("backend " + name + " has no server available")
		a.timeline.add(aboutProcess, stats.Happening{At: at, Proxy: name, What: "DOWN", Reason: "no server is usable", Trouble: true})
	case changed:
		if a.figures.backend(name).downs > 0 { // else it is new
			a.timeline.add(aboutProcess, stats.Happening{At: at, Proxy: name, What: "UP", Reason: "a server is usable again"})
		}
		a.log.Info().Str("backend", name).Msg("backend " + name + " has a server again")
	}
}

// age is how long ago t was; 0 for a moment that has not been.
func age(now, t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(0, now.Sub(t))
}

// isChecked tells whether a server has a check of its own.
func isChecked(b *config.Backend, s *config.Server) bool {
	return b.HealthCheck != nil && s.Track == "" && !s.Unchecked && !s.Unresolved && !s.Leaving
}
