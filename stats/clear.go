package stats

// Clear forgets maxima, and with all everything that was counted (HAProxy's "clear counters" and
// "clear counters all"). What is going on now stays so.
func (c *FrontendCounters) Clear(all bool) {
	c.Conns.clear()
	if !all {
		return
	}
	clearCounters(&c.ConnsTotal, &c.Requests, &c.RequestErrors, &c.Denied, &c.Intercepted, &c.BytesIn, &c.BytesOut, &c.Internal)
	c.Responses.clear()
	c.Refused.clear()
	c.Reported.clear()
}

// Clear does for a backend what FrontendCounters.Clear does.
func (c *BackendCounters) Clear(all bool) {
	c.Sessions.clear()
	c.Queued.clear()
	clearAverages(all, &c.Queue, &c.Connect, &c.Response, &c.Total)
	if !all {
		return
	}
	clearCounters(&c.SessionsTotal, &c.OverBudget, &c.NoServer, &c.ClientAborts)
	c.Responses.clear()
	c.Refused.clear()
	c.Failures.clear()
}

// Clear does for a server what FrontendCounters.Clear does.
func (c *ServerCounters) Clear(all bool) {
	c.Sessions.clear()
	clearAverages(all, &c.Queue, &c.Connect, &c.Response, &c.Total)
	if !all {
		return
	}
	clearCounters(&c.SessionsTotal, &c.BytesIn, &c.BytesOut, &c.ConnectErrors, &c.ResponseErrors,
		&c.Retries, &c.Redispatches, &c.ClientAborts, &c.ServerAborts, &c.Internal, &c.Connects, &c.Reuses, &c.RacesAvoided)
	for pick := range c.Picks {
		c.Picks[pick].Store(0)
	}
	c.Responses.clear()
	c.Times.Clear()
	c.Failures.clear()
	c.RetryCauses.clear()
}

func clearCounters(counters ...*Counter) {
	for _, c := range counters {
		c.Store(0)
	}
}

func clearAverages(all bool, averages ...*Average) {
	for _, a := range averages {
		a.peak.Store(0)
		if all {
			a.sum.Store(0)
		}
	}
}

// clear makes the current value the highest one so far.
func (g *Gauge) clear() { g.peak.Store(g.cur.Load()) }

func (r *Responses) clear() {
	for i := range r {
		r[i].Store(0)
	}
}

func (b *ByReason) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts = nil
}

// Clear forgets the maxima.
func (r *Rates[K]) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, rate := range r.rates {
		rate.peak = 0
		r.rates[key] = rate
	}
}
