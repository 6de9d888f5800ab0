package app

import (
	"iter"
	"slices"
	"sync"
	"time"

	"relais/balancer"
	"relais/healthcheck"
	"relais/stats"
)

// figures turns what the data path counts and the health checks know into rows.
type figures struct {
	table   func() *balancer.Table // in force
	checks  *healthcheck.Set
	agents  *healthcheck.Agents
	healths *healths
	orders  func(backend, server string) []stats.Order
	limit   func(frontend string, file int) int // maxconn in force
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

func newFigures(table func() *balancer.Table, started time.Time) *figures {
	f := &figures{table: table, started: started, backends: map[string]*backendState{}}
	f.reconcile(started)
	f.sample(started)
	return f
}

// reconcile follows the backends of the table: new ones have no past, and what a reload has done
// to the servers of the others may have made them usable, or not. Where servers are new and just
// being checked, that is still to be seen.
func (f *figures) reconcile(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := map[string]*backendState{}
	for _, b := range f.table().Backends {
		s := f.backends[b.Name]
		if s == nil {
			s = &backendState{usable: usable(b) > 0, since: now}
		}
		if usable(b) > 0 || !slices.ContainsFunc(b.Servers, (*balancer.Server).Hopeful) {
			s.update(usable(b) > 0, now)
		}
		kept[b.Name] = s
	}
	f.backends = kept
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
	s, b := f.backends[name], f.table().Backend(name)
	if s == nil || b == nil {
		return false, false
	}
	now = usable(b) > 0
	return now, s.update(now, at)
}

// update takes note of whether the backend can serve, and tells whether that is news.
func (s *backendState) update(usable bool, at time.Time) bool {
	if usable == s.usable {
		return false
	}
	if usable {
		s.downtime += at.Sub(s.since)
	} else {
		s.downs++
	}
	s.usable, s.since = usable, at
	return true
}

// backend returns the state of a backend; of one that has just been added, nothing is known.
func (f *figures) backend(name string) backendState {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.backends[name]; s != nil {
		return *s
	}
	return backendState{}
}

// sample takes the totals behind the rates.
func (f *figures) sample(now time.Time) { f.rates.Sample(now, f.totals()) }

func (f *figures) totals() iter.Seq2[rateKey, uint64] {
	return func(yield func(rateKey, uint64) bool) {
		var conns, requests, bytes uint64
		for _, fe := range f.table().Frontends {
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
		for _, b := range f.table().Backends {
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
func (f *figures) proxies(now time.Time, closed func(frontend string) (stopped, paused bool)) []stats.Proxy {
	var proxies []stats.Proxy
	for _, fe := range f.table().Frontends {
		row := f.frontendRow(fe, now)
		row.Stopped, row.Paused = closed(fe.Name)
		proxies = append(proxies, stats.Proxy{Name: fe.Name, Rows: []stats.Row{row}})
	}
	for _, b := range f.table().Backends {
		proxies = append(proxies, stats.Proxy{Name: b.Name, Rows: f.backendRows(b, now)})
	}
	return proxies
}
