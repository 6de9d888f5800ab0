package app

import (
	"time"

	"relais/balancer"
	"relais/healthcheck"
)

// heed applies what an agent has said of its server. It says so each time; only news is logged.
func (a *App) heed(id healthcheck.ID, said healthcheck.Advice) {
	s := a.proxy.Table().Server(id.Backend, id.Server)
	if s == nil {
		return
	}
	before := s.Advice()
	now := advised(before, said)
	if now == before {
		return
	}
	s.SetAdvice(now)
	event := a.log.Info()
	if now.Down && !before.Down {
		event = a.log.Warn()
	}
	event.Str("backend", id.Backend).Str("server", id.Server).Int("weight", s.Weight()).Int("maxconn", s.Maxconn()).
		Bool("drain", now.Drain).Bool("maintenance", now.Maintenance).Bool("down", now.Down).Str("reason", said.Reason).
		Msg(id.Server + " is as its agent says")
	a.noteAdvice(id, before, now, said.Reason)
	a.reportBackend(id.Backend, time.Now())
}

// forget undoes what an agent has said that is no longer asked.
func (a *App) forget(id healthcheck.ID) {
	if s := a.proxy.Table().Server(id.Backend, id.Server); s != nil {
		s.SetAdvice(balancer.NoAdvice())
	}
}

// advised adds what an agent has just said to what it said before.
func advised(before balancer.Advice, said healthcheck.Advice) balancer.Advice {
	now := before
	if said.Weight >= 0 {
		now.Weight = said.Weight
	}
	if said.Maxconn >= 0 {
		now.Maxconn = said.Maxconn
	}
	if said.Admin != "" {
		now.Drain, now.Maintenance = said.Admin == "drain", said.Admin == "maint"
	}
	if said.Health != "" {
		now.Down = said.Health == "down"
	}
	return now
}
