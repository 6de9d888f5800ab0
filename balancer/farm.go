package balancer

import (
	"container/list"
	"slices"
	"sync"
	"time"

	"relais/balancer/lb"
	"relais/internal/config"
	"relais/stats"
)

// farm is the servers of a backend and the requests that wait for one of them to have room,
// first come, first served. It lives as long as the backend's name is in the configuration.
type farm struct {
	counters *stats.BackendCounters

	// panicked is told when the panic threshold is crossed, in either direction.
	panicked func(on bool)

	mu        sync.Mutex // never held while waiting
	settings  farmSettings
	servers   []*Server
	eligible  []*lb.Server // those among which the algorithm chooses
	choice    choice
	ok        func(*lb.Server) bool // candidate, bound once
	panicking bool                  // they are all that are not in maintenance, for too few are up
	queue     list.List             // of *waiter
	budget    budget

	situations situations
}

func newFarm(counters *stats.BackendCounters, panicked func(on bool)) *farm {
	f := &farm{counters: counters, panicked: panicked}
	f.ok = f.candidate
	return f
}

// farmSettings is what the configuration says of a farm.
type farmSettings struct {
	name           string // of the backend
	balance        config.Balance
	hash           config.Hash
	weights        []int
	algorithm      lb.Algorithm
	maxqueue       int  // requests that may wait; 0: any number
	allBackups     bool // not only the first that is usable
	slowstart      time.Duration
	slowstartFirst bool // servers that have never been down begin slowly too
	panicThreshold int  // percent; 0: never
	budget         config.RetryBudget
}

// likes tells whether the algorithm of s will do for o. Static ones keep the weights with which
// they began.
func (s *farmSettings) likes(o *farmSettings) bool {
	return s.algorithm != nil && s.balance == o.balance && s.hash == o.hash && slices.Equal(s.weights, o.weights)
}

// set puts other servers and settings in the place of those so far.
func (f *farm) set(servers []*Server, settings farmSettings, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.settings.likes(&settings) {
		settings.algorithm = f.settings.algorithm // with what it has learned
	}
	for _, s := range servers {
		if settings.slowstartFirst && !slices.Contains(f.servers, s) {
			s.warming = now
		}
	}
	if f.settings.balance != settings.balance || !slices.Equal(f.servers, servers) {
		f.situations.change(now)
	}
	f.servers, f.settings = servers, settings
	f.reset(now)
	f.dispatch(now)
}

// take gives the request a server that has room, or else a place in the queue: no server and no
// failure. Whoever gets a server calls release. As every release serves those who wait first, a
// server that has room here is one that none of them can use.
func (f *farm) take(w *waiter, now time.Time) (*Server, failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(w.tried) == 0 {
		f.budget.request(now)
	}
	s, full := f.pick(w, now)
	switch {
	case s != nil:
		f.assign(w, s, now)
		return s, failNone
	case !full:
		return nil, failNoServer
	case f.settings.maxqueue > 0 && f.queue.Len() >= f.settings.maxqueue:
		return nil, failQueueFull
	}
	f.enqueue(w, now)
	return nil, failNone
}

// await waits in the queue for at most patience, or until quit yields. The failure says why there
// is no server.
func (f *farm) await(w *waiter, patience time.Duration, quit <-chan struct{}) (*Server, failure) {
	began := time.Now()
	defer func() { w.queued += time.Since(began) }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.ready:
		if w.server == nil {
			return nil, failNoServer
		}
		return w.server, failNone
	case <-timer.C:
		return f.withdraw(w, failQueueTimeout)
	case <-quit:
		return f.withdraw(w, failClientGone)
	}
}

// release gives back what take or await gave. took is how long the server took to answer, failed
// that it did not, or with an error of its own.
func (f *farm) release(w *waiter, took time.Duration, failed bool, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settings.algorithm.Done(&w.server.node, took, failed, now)
	f.free(w, now)
}

// assign makes a server serve a request.
func (f *farm) assign(w *waiter, s *Server, now time.Time) {
	w.server = s
	s.node.Served++
	s.flights.add(w, now)
	s.node.Oldest = s.flights.oldest()
}

func (f *farm) free(w *waiter, now time.Time) {
	s := w.server
	s.node.Served--
	s.flights.remove(w)
	s.node.Oldest = s.flights.oldest()
	if f.queue.Len() > 0 {
		f.dispatch(now)
	}
}

// repeat tells whether the retry budget has room for another attempt, and uses it.
func (f *farm) repeat(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.budget.retry(now, f.settings.budget)
}

// changed is called when a server has become usable, or is not any more.
func (f *farm) changed(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reset(now)
	f.dispatch(now)
}

// tick moves the weights of servers that start slowly. It is called every second or so.
func (f *farm) tick(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.servers {
		if !s.warming.IsZero() {
			f.reset(now)
			f.dispatch(now)
			return
		}
	}
}
