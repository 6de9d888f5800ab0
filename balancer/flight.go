package balancer

import (
	"sync/atomic"
	"time"
)

// flights are the requests that a server has and has not answered yet, the oldest first. They
// belong to the farm, under its lock.
type flights struct{ first, last *waiter }

// flight is the place of a request among those of its server.
type flight struct {
	began      time.Time
	answered   atomic.Bool // set by whoever has the request, at any time
	prev, next *waiter
}

func (l *flights) add(w *waiter, now time.Time) {
	f := &w.flight
	f.began, f.prev, f.next = now, l.last, nil
	f.answered.Store(false)
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
	for l.first != nil && l.first.flight.answered.Load() {
		l.remove(l.first)
	}
	if l.first == nil {
		return time.Time{}
	}
	return l.first.flight.began
}
