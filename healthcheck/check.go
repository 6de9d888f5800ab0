package healthcheck

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// recheckGap keeps checks that traffic has asked for from becoming traffic of their own.
const recheckGap = 250 * time.Millisecond

// check is the running check of one server. One goroutine makes the checks, so that there are
// never two at once.
type check struct {
	spec     Spec
	report   func(Transition)
	settle   func()         // called after the first result
	wake     chan time.Time // holds a wish for an early check, and from when on
	observer *Observer      // nil: none
	cancel   context.CancelFunc
	done     chan struct{} // closed when the goroutine has ended
	answered bool          // the first result is there; the goroutine's own until done is closed

	order sync.Mutex // held from a result to the end of its report, so that reports come in order
	ended bool       // nothing is reported any more; under order

	mu      sync.Mutex // guards what follows; held for moments only
	machine *Machine
	running bool
	late    time.Duration // by which the last check began after it was due
}

func (s *Set) newCheck(spec Spec, up bool, now time.Time) *check {
	c := &check{
		spec:    spec,
		report:  s.options.OnTransition,
		settle:  s.settle,
		wake:    make(chan time.Time, 1),
		done:    make(chan struct{}),
		machine: NewMachine(MachineOptions{ID: spec.id(), Rise: spec.Rise, Fall: spec.Fall, Up: up}, now),
	}
	if spec.Observe != "" {
		c.observer = &Observer{layer7: spec.Observe == ObserveLayer7, limit: int32(spec.Limit), reached: c.suspect}
	}
	return c
}

func (c *check) start(ctx context.Context) {
	ctx, c.cancel = context.WithCancel(ctx)
	go c.run(ctx)
}

// hurry asks for a check at from, or as soon after it as may be.
func (c *check) hurry(from time.Time) {
	select {
	case c.wake <- from:
	default: // somebody has asked already
	}
}

// end makes sure that nothing is reported any more, when the check itself has ended.
func (c *check) end() {
	<-c.done
	c.order.Lock()
	defer c.order.Unlock()
	c.ended = true
}

func (c *check) status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.machine.Status(time.Now())
	s.Running, s.Late, s.Observed = c.running, c.late, c.observer != nil
	return s
}

func (c *check) run(ctx context.Context) {
	defer close(c.done)
	defer c.cancel()
	for {
		start := time.Now()
		result := c.probe(ctx)
		if ctx.Err() != nil {
			return // the result of a check that was called off says nothing
		}
		if result.OK && c.observer != nil {
			c.observer.clear()
		}
		c.take(func(m *Machine, now time.Time) (Transition, bool) {
			c.running = false
			return m.Observe(result, now)
		})
		if !c.answered {
			c.answered = true
			c.settle()
		}
		if !c.wait(ctx, start) {
			return
		}
	}
}

func (c *check) probe(ctx context.Context) Result {
	ctx, cancel := context.WithTimeout(ctx, c.spec.Timeout)
	defer cancel()
	c.mu.Lock()
	c.running = true
	c.mu.Unlock()
	return c.spec.Probe(ctx)
}

// suspect is called by the observer, in the goroutine of a request.
func (c *check) suspect(detail string) {
	c.take(func(m *Machine, now time.Time) (Transition, bool) { return m.Suspect(c.spec.OnError, detail, now) })
	if c.spec.Fast > 0 {
		c.hurry(time.Now().Add(jittered(c.spec.Fast)))
	}
}

// take gives the machine something to think about, and reports what comes of it.
func (c *check) take(think func(*Machine, time.Time) (Transition, bool)) {
	c.order.Lock()
	defer c.order.Unlock()
	if c.ended {
		return
	}
	c.mu.Lock()
	t, changed := think(c.machine, time.Now())
	c.mu.Unlock()
	if changed {
		c.report(t)
	}
}

// wait returns true when the next check is due, false when there is none. The next check is
// reckoned from the start of this one, never from a timetable: what a long check or a suspended
// machine has missed is not made up for.
func (c *check) wait(ctx context.Context, start time.Time) bool {
	next := start.Add(jittered(c.spec.interval(c.status())))
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			c.note(time.Since(next))
			return true
		case early := <-c.wake:
			if soonest := start.Add(recheckGap); early.Before(soonest) {
				early = soonest
			}
			if early.Before(next) {
				next = early
				timer.Reset(time.Until(next))
			}
		}
	}
}

func (c *check) note(late time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late = late
}

// jittered takes up to a tenth off inter, by chance, so that the checks of many servers that
// started together drift apart.
func jittered(inter time.Duration) time.Duration {
	return inter - rand.N(inter/10+1)
}
