package app

import (
	"iter"
	"sync"
	"time"

	"relais/balancer"
	"relais/healthcheck"
	"relais/stats"
)

// figures turns what the data path counts and the health checks know into rows.
type figures struct {
	table   *balancer.Table
	checks  *healthcheck.Set
	started time.Time
	rates   stats.Rates[rateKey]

	mu       sync.Mutex
	backends map[string]*backendState
}

// rateKey names a total of which the rate is shown.
type rateKey struct {
	scope           stats.Scope
	proxy, server   string
	requests, bytes bool // of a frontend, beside its connections
}

// backendState is whether a backend can serve, since when, and for how long it could not.
type backendState struct {
	usable   bool
	since    time.Time
	downtime time.Duration
	downs    uint64
}

func newFigures(t *balancer.Table, started time.Time) *figures {
	f := &figures{table: t, started: started, backends: map[string]*backendState{}}
	for _, b := range t.Backends {
		f.backends[b.Name] = &backendState{usable: usable(b) > 0, since: started}
	}
	return f
}

func usable(b *balancer.Backend) int {
	n := 0
	for _, s := range b.Servers {
		if s.Usable() {
			n++
		}
	}
	return n
}

// backendChanged is called after a server of the backend went up or down. It tells whether the
// backend can serve, and whether that is news.
func (f *figures) backendChanged(name string, at time.Time) (now, changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.backends[name]
	for _, b := range f.table.Backends {
		if b.Name == name {
			now = usable(b) > 0
		}
	}
	if now == s.usable {
		return now, false
	}
	if now {
		s.downtime += at.Sub(s.since)
	} else {
		s.downs++
	}
	s.usable, s.since = now, at
	return now, true
}

func (f *figures) backend(name string) backendState {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *f.backends[name]
}

// sample takes the totals behind the rates.
func (f *figures) sample(now time.Time) { f.rates.Sample(now, f.totals()) }

func (f *figures) totals() iter.Seq2[rateKey, uint64] {
	return func(yield func(rateKey, uint64) bool) {
		var conns, requests, bytes uint64
		for _, fe := range f.table.Frontends {
			c, r := fe.Counters.ConnsTotal.Load(), fe.Counters.Requests.Load()
			conns, requests, bytes = conns+c, requests+r, bytes+fe.Counters.BytesOut.Load()
			if !yield(rateKey{scope: stats.Frontend, proxy: fe.Name}, c) ||
				!yield(rateKey{scope: stats.Frontend, proxy: fe.Name, requests: true}, r) {
				return
			}
		}
		if !yield(rateKey{}, conns) || !yield(rateKey{bytes: true}, bytes) {
			return
		}
		for _, b := range f.table.Backends {
			if !yield(rateKey{scope: stats.Backend, proxy: b.Name}, b.Counters.SessionsTotal.Load()) {
				return
			}
			for _, s := range b.Servers {
				if !yield(rateKey{stats.Server, b.Name, s.Name, false, false}, s.Counters.SessionsTotal.Load()) {
					return
				}
			}
		}
	}
}

// proxies returns the rows of all frontends and backends at one moment.
func (f *figures) proxies(now time.Time, stopping bool) []stats.Proxy {
	var proxies []stats.Proxy
	for _, fe := range f.table.Frontends {
		row := f.frontendRow(fe, now)
		row.Stopped = stopping
		proxies = append(proxies, stats.Proxy{Name: fe.Name, Rows: []stats.Row{row}})
	}
	for _, b := range f.table.Backends {
		proxies = append(proxies, stats.Proxy{Name: b.Name, Rows: f.backendRows(b, now)})
	}
	return proxies
}
