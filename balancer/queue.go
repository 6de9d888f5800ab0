package balancer

import (
	"container/list"
	"slices"
	"time"

	"relais/balancer/lb"
	"relais/balancer/why"
)

// waiter is a request on its way to a server, and while it is served.
type waiter struct {
	key   lb.Key  // what the algorithm hashes
	want  *Server // that the client's cookie names; nil: none
	tried tried   // where it has already failed

	server *Server // that it has got
	pick   why.Pick
	flight flight

	situation *situation // when it last wanted a server

	place  *list.Element // in the queue; nil: in none
	behind int           // its place in the queue when it last came there, from 1 on; 0: it never did
	since  time.Time     // when it last came there
	ready  chan struct{} // told once server is set
	queued time.Duration // how long it has waited, over all attempts
}

// tried is the set of servers that a request has already failed on.
type tried []*Server

func (t tried) has(s *Server) bool { return slices.Contains(t, s) }

// choosy tells whether the request may be without a server while others would get one.
func (w *waiter) choosy() bool { return len(w.tried) > 0 || w.want != nil || w.key.Set }

// enqueue puts a request behind those who wait already; one that has failed elsewhere came before
// them.
func (f *farm) enqueue(w *waiter, now time.Time) {
	f.counters.Queued.Inc()
	if w.ready == nil {
		w.ready = make(chan struct{}, 1)
	}
	w.server, w.since = nil, now
	if len(w.tried) > 0 {
		w.place, w.behind = f.queue.PushFront(w), 1
	} else {
		w.place = f.queue.PushBack(w)
		w.behind = f.queue.Len()
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
	switch {
	case w.server == nil:
		return nil, why
	case why != failClientGone:
		return w.server, failNone
	}
	f.free(w, time.Now())
	return nil, why
}

// queuedFor is how long the longest wait in the queue has lasted; 0: nobody waits. Those who have
// failed elsewhere came first, the latest of them in front.
func (f *farm) queuedFor(now time.Time) (longest time.Duration) {
	for place := f.queue.Front(); place != nil; place = place.Next() {
		w := place.Value.(*waiter)
		longest = max(longest, now.Sub(w.since))
		if len(w.tried) == 0 {
			break
		}
	}
	return longest
}

func (f *farm) dequeue(w *waiter) {
	f.queue.Remove(w.place)
	w.place = nil
	f.counters.Queued.Dec()
}

// waited says that the server was picked because it had room before the others.
func (w *waiter) waited() {
	if w.pick == why.ByAlgorithm || w.pick == why.OnlyOne {
		w.pick = why.ByQueue
	}
}

// disappoint turns those away who wait, if there is nothing left to hope for.
func (f *farm) disappoint(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.eligible) > 0 || f.hopeful(now) {
		return
	}
	for place := f.queue.Front(); place != nil; {
		w := place.Value.(*waiter)
		place = place.Next()
		f.dequeue(w)
		w.ready <- struct{}{}
	}
}

// dispatch gives servers to those who wait, in their order.
func (f *farm) dispatch(now time.Time) {
	for place := f.queue.Front(); place != nil; {
		w := place.Value.(*waiter)
		place = place.Next()
		s, _ := f.pick(w, now)
		if s == nil && !w.choosy() {
			return
		}
		if s != nil {
			f.dequeue(w)
			w.waited()
			f.assign(w, s, now)
			w.ready <- struct{}{}
		}
	}
}
