package balancer

import (
	"container/list"
	"slices"
	"sync"
	"time"

	"relais/stats"
)

// farm is the servers of a backend and the requests that wait for one of them to have room,
// first come, first served. It lives as long as the backend's name is in the configuration.
type farm struct {
	counters *stats.BackendCounters

	mu       sync.Mutex // never held while waiting
	servers  []*Server
	maxqueue int       // requests that may wait; 0: any number
	queue    list.List // of *waiter
}

// waiter is a request on its way to a server.
type waiter struct {
	tried tried // where it has already failed

	place  *list.Element // in the queue; nil: in none
	server *Server       // which it got while it was queued
	ready  chan struct{} // told once server is set
	queued time.Duration // how long it has waited, over all attempts
}

// tried is the set of servers that a request has already failed on.
type tried []*Server

func (t tried) has(s *Server) bool { return slices.Contains(t, s) }

// set puts other servers in the place of those so far.
func (f *farm) set(servers []*Server, maxqueue int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.servers, f.maxqueue = servers, maxqueue
	f.dispatch()
}

// take gives the request a server that has room, or else a place in the queue: no server and no
// failure. Whoever gets a server calls release. As every release serves those who wait first, a
// server that has room here is one that none of them can use.
func (f *farm) take(w *waiter) (*Server, failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, full := f.pick(w.tried)
	switch {
	case s != nil:
		s.served++
		return s, failNone
	case !full:
		return nil, failNoServer
	case f.maxqueue > 0 && f.queue.Len() >= f.maxqueue:
		return nil, failQueueFull
	}
	f.enqueue(w)
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
		return w.server, failNone
	case <-timer.C:
		return f.withdraw(w, failQueueTimeout)
	case <-quit:
		return f.withdraw(w, failClientGone)
	}
}

// pick returns a server with room, one not tried yet if any of those is usable. Without one, full
// says that there is a usable server, which may have room later.
func (f *farm) pick(avoid tried) (s *Server, full bool) {
	if s = f.balance(avoid); s != nil {
		return s, false
	}
	if f.usable(avoid) {
		return nil, true
	}
	if len(avoid) == 0 {
		return nil, false
	}
	s = f.balance(nil)
	return s, s == nil && f.usable(nil)
}

func (f *farm) balance(avoid tried) *Server {
	return roundRobin(f.servers, func(s *Server) bool { return s.Usable() && s.room() && !avoid.has(s) })
}

func (f *farm) usable(avoid tried) bool {
	return slices.ContainsFunc(f.servers, func(s *Server) bool { return s.Usable() && !avoid.has(s) })
}

// enqueue puts a request behind those who wait already; one that has failed elsewhere came before
// them.
func (f *farm) enqueue(w *waiter) {
	f.counters.Queued.Inc()
	if w.ready == nil {
		w.ready = make(chan struct{}, 1)
	}
	w.server = nil
	if len(w.tried) > 0 {
		w.place = f.queue.PushFront(w)
	} else {
		w.place = f.queue.PushBack(w)
	}
}

// withdraw takes a request out of the queue, for the given reason. If it has got a server at the
// last moment it goes on, unless its client has left.
func (f *farm) withdraw(w *waiter, why failure) (*Server, failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w.place != nil {
		f.dequeue(w)
		return nil, why
	}
	<-w.ready
	if why != failClientGone {
		return w.server, failNone
	}
	f.free(w.server)
	return nil, why
}

func (f *farm) dequeue(w *waiter) {
	f.queue.Remove(w.place)
	w.place = nil
	f.counters.Queued.Dec()
}

// release gives back what take gave.
func (f *farm) release(s *Server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free(s)
}

func (f *farm) free(s *Server) {
	s.served--
	if f.queue.Len() > 0 {
		f.dispatch()
	}
}

// wake is called when a server may have become usable, or has room for more.
func (f *farm) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dispatch()
}

// dispatch gives servers to those who wait, in their order. Only who has failed somewhere can be
// without a server while one is left for those behind him.
func (f *farm) dispatch() {
	for place := f.queue.Front(); place != nil; {
		w := place.Value.(*waiter)
		place = place.Next()
		s, _ := f.pick(w.tried)
		if s == nil && len(w.tried) == 0 {
			return
		}
		if s != nil {
			s.served++
			f.dequeue(w)
			w.server = s
			w.ready <- struct{}{}
		}
	}
}
