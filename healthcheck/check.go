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
	settle   func()        // called after the first result
	wake     chan struct{} // holds a wish for an early check
	cancel   context.CancelFunc
	done     chan struct{} // closed when the goroutine has ended
	answered bool          // the first result is there; the goroutine's own until done is closed

	mu      sync.Mutex // guards what follows; held for moments only
	machine *Machine
	running bool
}

func (s *Set) newCheck(spec Spec, up bool, now time.Time) *check {
	return &check{
		spec:    spec,
		report:  s.options.OnTransition,
		settle:  s.settle,
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
		machine: NewMachine(MachineOptions{ID: spec.id(), Rise: spec.Rise, Fall: spec.Fall, Up: up}, now),
	}
}

func (c *check) start(ctx context.Context) {
	ctx, c.cancel = context.WithCancel(ctx)
	go c.run(ctx)
}

func (c *check) hurry() {
	select {
	case c.wake <- struct{}{}:
	default: // somebody has asked already
	}
}

func (c *check) status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.machine.Status(time.Now())
	s.Running = c.running
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
		if t, changed := c.observe(result); changed {
			c.report(t)
		}
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

func (c *check) observe(r Result) (Transition, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = false
	return c.machine.Observe(r, time.Now())
}

// wait returns true when the next check is due, false when there is none. The next check is
// reckoned from the start of this one, never from a timetable: what a long check or a suspended
// machine has missed is not made up for.
func (c *check) wait(ctx context.Context, start time.Time) bool {
	next := start.Add(shortened(c.spec.Inter))
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-c.wake:
			if early := start.Add(recheckGap); early.Before(next) {
				timer.Reset(time.Until(early))
			}
		}
	}
}

// shortened takes up to a tenth off inter, by chance, so that the checks of many servers that
// started together drift apart.
func shortened(inter time.Duration) time.Duration {
	return inter - rand.N(inter/10+1)
}
