package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"relais/balancer"
	"relais/balancer/dial"
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
	a.checks.Reconcile(a.specs(cfg))
}

// reconcileChecks makes the checks those of another configuration. A server that is not checked
// is taken to be up.
func (a *App) reconcileChecks(cfg *config.Config) {
	a.checks.Reconcile(a.specs(cfg))
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
func (a *App) specs(cfg *config.Config) []healthcheck.Spec {
	var specs []healthcheck.Spec
	for _, b := range cfg.Backends {
		for _, s := range b.Servers {
			if b.HealthCheck != nil && !s.Disabled {
				open := checkDial(a.proxy.Table().Server(b.Name, s.Name))
				specs = append(specs, spec(b, s, b.HealthCheck, open))
			}
		}
	}
	return specs
}

func spec(b *config.Backend, s *config.Server, c *config.HealthCheck, open healthcheck.Dial) healthcheck.Spec {
	spec := healthcheck.Spec{
		Backend: b.Name, Server: s.Name, Inter: c.Inter, Timeout: c.Timeout,
		Rise: c.Rise, Fall: c.Fall, Initial: healthcheck.Initial(c.Initial),
		Key: fmt.Sprint(s.Address, s.SendProxy, s.TLS, *c),
	}
	if c.Type == "tcp" {
		spec.Probe = healthcheck.TCP(open)
		return spec
	}
	host := c.Host
	if strings.HasPrefix(s.Address, "unix@") {
		host = cmp.Or(host, "localhost") // a path is no host
	}
	spec.Probe = healthcheck.HTTP(healthcheck.HTTPOptions{
		Address: s.Address, Dial: open, Method: c.Method, Path: c.Path, Host: host, Expect: c.ExpectStatus.Contains,
	})
	return spec
}

// checkDial is how the checks of a server reach it: as its traffic does.
func checkDial(s *balancer.Server) healthcheck.Dial {
	if s.PlainTCP() {
		return healthcheck.DialTCP(s.Address())
	}
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := s.DialCheck(ctx)
		if failed, ok := errors.AsType[*dial.HandshakeError](err); ok {
			err = &healthcheck.HandshakeError{Err: failed}
		}
		return conn, err
	}
}

// age is how long ago t was; 0 for a moment that has not been.
func age(now, t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(0, now.Sub(t))
}
