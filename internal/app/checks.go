package app

import (
	"fmt"
	"time"

	"relais/healthcheck"
	"relais/internal/config"
)

// startChecks starts the health checks and joins them with the servers.
func (a *App) startChecks(cfg *config.Config) {
	a.checks = healthcheck.NewSet(healthcheck.Options{
		OnStart: func(id healthcheck.ID, up bool) { a.setUp(id, up) },
		OnTransition: func(t healthcheck.Transition) {
			a.setUp(t.ID, t.Up)
			a.reportTransition(t)
		},
	})
	a.figures.checks = a.checks
	a.checks.Reconcile(specs(cfg))
}

// reconcileChecks makes the checks those of another configuration. A server that is not checked
// is taken to be up.
func (a *App) reconcileChecks(cfg *config.Config) {
	a.checks.Reconcile(specs(cfg))
	for _, b := range a.proxy.Table().Backends {
		for _, s := range b.Servers {
			if _, checked := a.checks.Status(b.Name, s.Name); !checked {
				s.SetUp(true)
			}
		}
	}
	a.figures.reconcile(time.Now())
}

func (a *App) setUp(id healthcheck.ID, up bool) {
	if s := a.proxy.Table().Server(id.Backend, id.Server); s != nil {
		s.SetUp(up)
	}
}

// reportTransition logs a server going up or down, and a backend gaining or losing its last one.
func (a *App) reportTransition(t healthcheck.Transition) {
	event, state := a.log.Warn(), "DOWN"
	if t.Up {
		event, state = a.log.Info(), "UP"
	}
	event.Str("backend", t.ID.Backend).Str("server", t.ID.Server).Str("check", string(t.Result.Status)).
		Int("code", t.Result.Code).Dur("duration", t.Result.Duration).
		Msg(fmt.Sprintf("%s %s after %s", t.ID.Server, state, t.Reason))
	switch usable, changed := a.figures.backendChanged(t.ID.Backend, t.At); {
	case changed && !usable:
		a.log.Error().Str("backend", t.ID.Backend).Msg("backend " + t.ID.Backend + " has no server available")
	case changed:
		a.log.Info().Str("backend", t.ID.Backend).Msg("backend " + t.ID.Backend + " has a server again")
	}
}

// specs says which servers are checked, and how.
func specs(cfg *config.Config) []healthcheck.Spec {
	var specs []healthcheck.Spec
	for _, b := range cfg.Backends {
		for _, s := range b.Servers {
			if b.HealthCheck != nil && !s.Disabled {
				specs = append(specs, spec(b, s, b.HealthCheck))
			}
		}
	}
	return specs
}

func spec(b *config.Backend, s *config.Server, c *config.HealthCheck) healthcheck.Spec {
	spec := healthcheck.Spec{
		Backend: b.Name, Server: s.Name, Inter: c.Inter, Timeout: c.Timeout,
		Rise: c.Rise, Fall: c.Fall, Initial: healthcheck.Initial(c.Initial),
		Key: fmt.Sprint(s.Address, *c),
	}
	if c.Type == "tcp" {
		spec.Probe = healthcheck.TCP(s.Address)
		return spec
	}
	spec.Probe = healthcheck.HTTP(healthcheck.HTTPOptions{
		Address: s.Address, Method: c.Method, Path: c.Path, Host: c.Host, Expect: c.ExpectStatus.Contains,
	})
	return spec
}

// age is how long ago t was; 0 for a moment that has not been.
func age(now, t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(0, now.Sub(t))
}
