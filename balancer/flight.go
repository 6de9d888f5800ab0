package balancer

import (
	"sync/atomic"
	"time"
)

// Waiting is how long the oldest requests of a backend have waited, at one moment.
type Waiting struct {
	Queued  time.Duration   // in the queue; 0: nobody waits there
	Servers []time.Duration // for an answer, as the backend's Servers; 0: no request does
}

// Waiting looks at the queue and at all servers at once. An answer that has begun is one, and so is
// a tunnel; of a request that is still being sent nobody expects one while the client has not sent
// on. In TCP mode it is the connection that is waited for, since nobody knows whose turn it is then.
func (b *Backend) Waiting(now time.Time) Waiting {
	b.farm.mu.Lock()
	defer b.farm.mu.Unlock()
	w := Waiting{Queued: b.farm.queuedFor(now), Servers: make([]time.Duration, len(b.Servers))}
	for i, s := range b.Servers {
		w.Servers[i] = s.flights.waiting(now)
	}
	return w
}

// flights are the requests that a server has and has not answered yet, the oldest first. They
// belong to the farm, under its lock.
type flights struct{ first, last *waiter }

// flight is the place of a request among those of its server.
type flight struct {
	began      time.Time
	owed       atomic.Int64 // since when there should be an answer, in unix nanoseconds, or one of the words below; set by whoever has the request, at any time
	prev, next *waiter
}

// What owed may say instead of a time.
const (
	sinceBegan  = 0
	notYet      = -1 // the client is to send on
	hasAnswered = -2
)

// answer says that there is an answer, or has to be none any more.
func (f *flight) answer() { f.owed.Store(hasAnswered) }

// owe says since when there should be an answer, unless it is there already.
func (f *flight) owe(since int64) {
	for {
		before := f.owed.Load()
		if before == hasAnswered || f.owed.CompareAndSwap(before, since) {
			return
		}
	}
}

// since is when the wait for an answer began; false: nobody waits for one.
func (f *flight) since() (time.Time, bool) {
	switch owed := f.owed.Load(); {
	case owed > 0:
		return time.Unix(0, owed), true
	case owed == sinceBegan:
		return f.began, true
	}
	return time.Time{}, false
}

func (l *flights) add(w *waiter, now time.Time) {
	f := &w.flight
	f.began, f.prev, f.next = now, l.last, nil
	f.owed.Store(sinceBegan)
	if l.last != nil {
		l.last.flight.next = w
	} else {
		l.first = w
	}
	l.last = w
}

// remove takes a request out; one that has left before stays out.
func (l *flights) remove(w *waiter) {
	f := &w.flight
	switch {
	case f.prev != nil:
		f.prev.flight.next = f.next
	case l.first == w:
		l.first = f.next
	default:
		return
	}
	if f.next != nil {
		f.next.flight.prev = f.prev
	} else {
		l.last = f.prev
	}
	f.prev, f.next = nil, nil
}

// oldest is when the oldest request without an answer began; zero: there is none. Those that have
// one, such as tunnels, are forgotten on the way.
func (l *flights) oldest() time.Time {
	for l.first != nil && l.first.flight.owed.Load() == hasAnswered {
		l.remove(l.first)
	}
	if l.first == nil {
		return time.Time{}
	}
	return l.first.flight.began
}

// waiting is how long the longest wait for an answer has lasted; 0: there is none. Requests that
// have one are forgotten on the way.
func (l *flights) waiting(now time.Time) (longest time.Duration) {
	for w := l.first; w != nil && now.Sub(w.flight.began) > longest; { // those behind it came later
		f := &w.flight
		next := f.next
		if since, waits := f.since(); waits {
			longest = max(longest, now.Sub(since))
		} else if f.owed.Load() == hasAnswered {
			l.remove(w)
		}
		w = next
	}
	return longest
}
