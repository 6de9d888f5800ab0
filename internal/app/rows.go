package app

import (
	"time"

	"relais/balancer"
	"relais/healthcheck"
	"relais/stats"
)

func (f *figures) frontendRow(fe *balancer.Frontend, now time.Time) stats.Row {
	c := fe.Counters
	r := stats.Row{
		Scope: stats.Frontend, Proxy: fe.Name, Server: "FRONTEND", IID: fe.IID, Mode: fe.Mode,
		ConnsTotal: c.ConnsTotal.Load(), SessionsTotal: c.ConnsTotal.Load(), Requests: c.Requests.Load(),
		RequestErrors: c.RequestErrors.Load(), Denied: c.Denied.Load(), Intercepted: c.Intercepted.Load(),
		BytesIn: c.BytesIn.Load(), BytesOut: c.BytesOut.Load(), Internal: c.Internal.Load(),
		Responses:     responses(&c.Responses),
		FaultsRefused: c.Refused.Load(), FaultsReported: c.Reported.Load(),
	}
	r.Sessions, r.SessionsMax = c.Conns.Load()
	r.SessionsLimit = f.limit(fe.Name, fe.Maxconn)
	key := rateKey{scope: stats.Frontend, proxy: fe.Name}
	r.Rate, r.RateMax = f.rates.At(now, key, r.ConnsTotal)
	key.requests = true
	r.ReqRate, r.ReqRateMax = f.rates.At(now, key, r.Requests)
	return r
}

// backendRows returns the servers of a backend and the backend itself, which is their sum as far
// as it makes sense.
func (f *figures) backendRows(b *balancer.Backend, now time.Time) []stats.Row {
	rows := make([]stats.Row, 0, len(b.Servers)+1)
	total, waiting := f.backendRow(b, now), b.Waiting(now)
	total.OldestQueued = waiting.Queued
	for i, s := range b.Servers {
		row := f.serverRow(b, s, now)
		row.Oldest = waiting.Servers[i]
		addServer(&total, &row, s.Usable())
		rows = append(rows, row)
	}
	return append(rows, total)
}

func (f *figures) backendRow(b *balancer.Backend, now time.Time) stats.Row {
	c := b.Counters
	state := f.backend(b.Name)
	r := stats.Row{
		Scope: stats.Backend, Proxy: b.Name, Server: "BACKEND", IID: b.IID, Mode: b.Mode, Algo: b.Balance, Cookie: b.CookieName(),
		SessionsTotal: c.SessionsTotal.Load(), Requests: c.SessionsTotal.Load(),
		LastSession: lastSession(now, c.LastSession.Load()), ClientAborts: c.ClientAborts.Load(),
		ConnectErrors: c.NoServer.Load(), Responses: responses(&c.Responses),
		LastChange: age(now, state.since), Downtime: state.downtime, Downs: state.downs,
		ServersByState: map[string]int{}, ServersByCheck: map[string]int{},
		FaultsRefused: c.Refused.Load(), Failures: c.Failures.Load(),
	}
	r.Queue, r.QueueMax = c.Queued.Load()
	if !state.usable {
		r.Downtime += age(now, state.since)
	}
	r.Sessions, r.SessionsMax = c.Sessions.Load()
	r.Rate, r.RateMax = f.rates.At(now, rateKey{scope: stats.Backend, proxy: b.Name}, r.SessionsTotal)
	times(&r, &c.Queue, &c.Connect, &c.Response, &c.Total)
	return r
}

func (f *figures) serverRow(b *balancer.Backend, s *balancer.Server, now time.Time) stats.Row {
	c := &s.Counters
	r := stats.Row{
		Scope: stats.Server, Proxy: b.Name, Server: s.Name, IID: b.IID, SID: s.SID(), Mode: b.Mode, Cookie: b.CookieValue(s),
		SessionsTotal: c.SessionsTotal.Load(), Requests: c.SessionsTotal.Load(), Balanced: c.Balanced(),
		LastSession: lastSession(now, c.LastSession.Load()),
		BytesIn:     c.BytesIn.Load(), BytesOut: c.BytesOut.Load(),
		ConnectErrors: c.ConnectErrors.Load(), ResponseErrors: c.ResponseErrors.Load(),
		Retries: c.Retries.Load(), Redispatches: c.Redispatches.Load(),
		ClientAborts: c.ClientAborts.Load(), ServerAborts: c.ServerAborts.Load(), Internal: c.Internal.Load(),
		Responses: responses(&c.Responses), Connects: c.Connects.Load(), Reuses: c.Reuses.Load(),
		RacesAvoided: c.RacesAvoided.Load(),
		Address:      s.Address(), Maintenance: s.Maintenance(), Weight: s.Weight(), UserWeight: s.InitialWeight(), Backup: s.Backup(),
		SessionsLimit: s.Maxconn(),
		Failures:      c.Failures.Load(), RetryCauses: c.RetryCauses.Load(),
		LastChange: age(now, f.started),
	}
	if share := s.Share(); share < 100 {
		r.Throttle, r.Weight = share, max(1, r.Weight*share/100)
	}
	r.Times = &c.Times
	idle, used := s.Conns()
	r.IdleConns, r.UsedConns = int64(idle), int64(used)
	r.Sessions, r.SessionsMax = c.Sessions.Load()
	r.Rate, r.RateMax = f.rates.At(now, rateKey{stats.Server, b.Name, s.Name, false, false}, r.SessionsTotal)
	times(&r, &c.Queue, &c.Connect, &c.Response, &c.Total)
	r.Draining, r.NoLB, r.Unresolved, r.Dynamic = s.Draining(), s.NoLB(), s.Unresolved(), s.Dynamic()
	r.Resolved, r.Orders = s.HostName(), f.orders(b.Name, s.Name)
	f.addHealth(&r, now)
	if order := r.StateOrder(); order != nil && (r.Maintenance || r.Draining) {
		r.LastChange = age(now, order.At)
	}
	return r
}

// addHealth adds what the health check and the agent of a server know, or the check of the server
// that it follows.
func (f *figures) addHealth(r *stats.Row, now time.Time) {
	id := healthcheck.ID{Backend: r.Proxy, Server: r.Server}
	if leader, follows := f.healths.leader(id); follows {
		r.Tracked = leader.String()
		if status, ok := f.checks.Status(leader.Backend, leader.Server); ok {
			r.Health, r.LastChange = healthState(status.Up), age(now, status.LastChange)
		}
	} else if status, ok := f.checks.Status(r.Proxy, r.Server); ok {
		addCheck(r, status, now)
	} else if f.healths.forcedDown(id) {
		r.Health = stats.Down
	}
	if status, ok := f.agents.Status(r.Proxy, r.Server); ok {
		addAgent(r, status)
	}
}

func healthState(up bool) stats.HealthState {
	if up {
		return stats.Up
	}
	return stats.Down
}

// addAgent adds what an agent has said. As in HAProxy one word of it is enough.
func addAgent(r *stats.Row, status healthcheck.AgentStatus) {
	r.Agent = &stats.Check{
		Running: status.Running, Status: string(status.Last.Status), Code: status.Last.Code,
		Duration: status.Last.Duration, Detail: status.Last.Detail, Description: status.Last.Status.Description(),
		Rise: 1, Fall: 1, Level: 1,
	}
	if !status.Up {
		r.Health, r.Agent.Level = stats.Down, 0
	}
}

// addCheck adds what the health check knows.
func addCheck(r *stats.Row, status healthcheck.Status, now time.Time) {
	r.Health, r.ChecksPaused = healthState(status.Up), status.Paused
	r.LastChange, r.Downtime = age(now, status.LastChange), status.Downtime
	r.Check = &stats.Check{
		Running: status.Running, Status: string(status.Last.Status), Code: status.Last.Code,
		Duration: status.Last.Duration, Detail: status.Last.Detail, Description: status.Last.Status.Description(),
		Rise: status.Rise, Fall: status.Fall, Level: status.Level,
		Failures: status.Failures, Downs: status.Downs, Observed: status.Observed, Analyzed: status.Analyzed,
	}
	for _, t := range status.Events {
		r.Check.Events = append(r.Check.Events, stats.Event{
			At: t.At, Up: t.Up, NoLB: t.NoLB, Reason: t.Reason,
			Check: string(t.Result.Status), Code: t.Result.Code, Duration: t.Result.Duration,
		})
	}
}

// addServer adds a server to its backend.
func addServer(b, s *stats.Row, usable bool) {
	b.Balanced += s.Balanced
	b.BytesIn += s.BytesIn
	b.BytesOut += s.BytesOut
	b.ConnectErrors += s.ConnectErrors
	b.ResponseErrors += s.ResponseErrors
	b.Retries += s.Retries
	b.Redispatches += s.Redispatches
	b.ClientAborts += s.ClientAborts
	b.ServerAborts += s.ServerAborts
	b.Internal += s.Internal
	b.Connects += s.Connects
	b.Reuses += s.Reuses
	b.RacesAvoided += s.RacesAvoided
	b.Oldest = max(b.Oldest, s.Oldest)
	b.Failures, b.RetryCauses = sum(b.Failures, s.Failures), sum(b.RetryCauses, s.RetryCauses)
	switch {
	case !usable:
	case s.Backup:
		b.Backups++
	default:
		b.Weight += s.Weight
		b.UserWeight += s.UserWeight
		b.Active++
	}
	b.ServersByState[s.State()]++
	if s.Check != nil {
		b.ServersByCheck[s.Check.Status]++
	}
}

// sum adds more to what has been counted by reason, which it changes.
func sum(counts, more map[string]uint64) map[string]uint64 {
	if counts == nil && more != nil {
		counts = map[string]uint64{}
	}
	for reason, n := range more {
		counts[reason] += n
	}
	return counts
}

func responses(from *stats.Responses) (to [6]uint64) {
	for i := range from {
		to[i] = from[i].Load()
	}
	return to
}

func times(r *stats.Row, queue, connect, response, total *stats.Average) {
	r.QueueTime, r.QueueTimeMax = average(queue)
	r.ConnectTime, r.ConnectTimeMax = average(connect)
	r.ResponseTime, r.ResponseTimeMax = average(response)
	r.TotalTime, r.TotalTimeMax = average(total)
}

func average(a *stats.Average) (mean, peak time.Duration) {
	m, p := a.Load()
	return time.Duration(m) * time.Microsecond, time.Duration(p) * time.Microsecond
}

func lastSession(now time.Time, nanos int64) time.Duration {
	if nanos == 0 {
		return -1
	}
	return age(now, time.Unix(0, nanos))
}
