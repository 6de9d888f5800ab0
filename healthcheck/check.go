package healthcheck

import (
	"context"
	"sync"
	"time"
)

// check is the running check of one server. One goroutine makes the checks, so that there are
// never two at once.
type check struct {
	spec     Spec
	report   func(Transition)
	settle   func()    // called once: see answer
	observer *Observer // nil: none
	turns    *turns
	cancel   context.CancelFunc
	done     chan struct{} // closed when the goroutine has ended

	// order is held from a result to the end of its report, so that reports come in order, and
	// when the check is held or goes on, so that no result is reported after that.
	order    sync.Mutex
	answered bool // the first result is there, or none is to be waited for
	ended    bool // nothing is reported any more

	mu      sync.Mutex // held for moments only
	machine *Machine
}

// newCheck returns the check that takes up what is known of a server from its check so far or, at
// the first Reconcile, from the process before.
func (s *Set) newCheck(spec Spec, now time.Time) *check {
	was, known := s.restore[spec.id()]
	before := s.checks[spec.id()]
	if before != nil {
		was, known = before.saved(), true
	}
	up := spec.startsUp(!s.started && !known)
	if was.Paused {
		up = was.Up // no check will say so
	}
	c := &check{
		spec:   spec,
		report: s.options.OnTransition,
		settle: func() {
			s.options.OnAnswer(spec.id())
			s.settle()
		},
		turns:   newTurns(was.held()|s.frozen, now),
		done:    make(chan struct{}),
		machine: NewMachine(MachineOptions{ID: spec.id(), Rise: spec.Rise, Fall: spec.Fall, Up: up}, now),
	}
	if spec.Observe != "" {
		c.observer = &Observer{layer7: spec.Observe == ObserveLayer7, limit: int32(spec.Limit), reached: c.suspect}
	}
	if known && was.Owner == spec.Owner {
		c.machine.restore(was)
		if before != nil {
			c.machine.forget()
		}
	}
	c.answered = was.held() != 0 || before == nil && known && was.Owner == spec.Owner
	return c
}

func (c *check) start(ctx context.Context) {
	ctx, c.cancel = context.WithCancel(ctx)
	go c.run(ctx)
}

// end makes sure that nothing is reported any more, when the check itself has ended.
func (c *check) end() {
	<-c.done
	c.order.Lock()
	defer c.order.Unlock()
	c.ended = true
}

func (c *check) status() Status {
	held, running, late := c.turns.status()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.machine.Status(time.Now())
	s.Running, s.Late, s.Observed = running, late, c.observer != nil
	s.Paused, s.Maintained = held&paused != 0, held&maintained != 0
	return s
}

func (c *check) saved() Saved {
	held := c.turns.holding()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.machine.save()
	s.Owner, s.Paused, s.Maintained = c.spec.Owner, held&paused != 0, held&maintained != 0
	return s
}

func (c *check) run(ctx context.Context) {
	defer close(c.done)
	defer c.cancel()
	for {
		turn, ok := c.turns.next(ctx, c.spec.Timeout)
		if !ok {
			return
		}
		result := c.spec.Probe(turn)
		if ctx.Err() != nil {
			return // the result of a check that was called off says nothing
		}
		c.conclude(result)
	}
}

// conclude takes in the result of a check.
func (c *check) conclude(r Result) {
	c.order.Lock()
	defer c.order.Unlock()
	if !c.turns.over() {
		return
	}
	if r.OK && c.observer != nil {
		c.observer.clear()
	}
	c.think(func(m *Machine, now time.Time) (Transition, bool) { return m.Observe(r, now) })
	c.turns.repeat(c.spec.interval(c.status()))
	c.answer()
}

// suspect is called by the observer, in the goroutine of a request.
func (c *check) suspect(detail string) {
	c.order.Lock()
	defer c.order.Unlock()
	if c.ended || c.turns.holding() != 0 {
		return
	}
	c.think(func(m *Machine, now time.Time) (Transition, bool) { return m.Suspect(c.spec.OnError, detail, now) })
	if c.spec.Fast > 0 {
		c.turns.hurry(time.Now().Add(jittered(c.spec.Fast)))
	}
}

// force makes the server what an operator wants it to be.
func (c *check) force(to Forced, by string) (Transition, bool) {
	c.order.Lock()
	defer c.order.Unlock()
	return c.think(func(m *Machine, now time.Time) (Transition, bool) { return m.Force(to, by, now) })
}

// hold calls off the check, for as long as there is a reason to. Nobody waits for its answer but
// while it is frozen.
func (c *check) hold(why reasons) {
	c.order.Lock()
	defer c.order.Unlock()
	c.turns.hold(why)
	if why != frozen {
		c.answer()
	}
}

// lift lets the check go on, unless there is another reason for it to wait.
func (c *check) lift(why reasons) {
	c.order.Lock()
	defer c.order.Unlock()
	c.resume(why)
}

// release ends the maintenance of the server, and tells what it is before its first check.
func (c *check) release(tell func(*check)) {
	c.order.Lock()
	defer c.order.Unlock()
	if c.turns.holding()&maintained == 0 {
		return
	}
	if c.turns.holding()&paused == 0 { // else no check would bring it up
		c.mu.Lock()
		c.machine.distrust(time.Now())
		c.mu.Unlock()
	}
	tell(c)
	c.resume(maintained)
}

// resume takes a reason to wait away. What live traffic has shown meanwhile does not count.
func (c *check) resume(why reasons) {
	if c.observer != nil {
		c.observer.clear()
	}
	c.turns.lift(why, why != frozen)
}

// think gives the machine something to think about, and reports what comes of it.
func (c *check) think(about func(*Machine, time.Time) (Transition, bool)) (Transition, bool) {
	c.mu.Lock()
	t, changed := about(c.machine, time.Now())
	c.mu.Unlock()
	if changed {
		c.report(t)
	}
	return t, changed
}

// answer notes that nobody has to wait for the first result any more.
func (c *check) answer() {
	if !c.answered {
		c.answered = true
		c.settle()
	}
}
