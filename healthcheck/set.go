package healthcheck

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a Set tells its owner. Each may be nil. Neither may call Reconcile or Stop,
// nor wait for a lock that is held around these: both wait for calls that are under way.
type Options struct {
	// OnStart is called by Reconcile for each server whose check starts, or starts anew, with what
	// the server is until further notice; before its first check.
	OnStart func(id ID, up bool)

	// OnTransition is called once for each change, before the next one of that server: by the
	// goroutine of its check and before its next check, or by the goroutine that has told its
	// Observer. Calls for different servers may run at the same time.
	OnTransition func(Transition)
}

// Set runs the checks of all servers, each in a goroutine of its own, so that a slow server
// delays no other; BenchmarkFiveThousandServers tells what that costs. All methods may be called by several goroutines at once.
type Set struct {
	options Options
	ctx     context.Context
	cancel  context.CancelFunc

	change  sync.Mutex // one Reconcile or Stop at a time
	started bool       // Reconcile has been called; under change

	mu     sync.RWMutex  // never held while waiting
	checks map[ID]*check // written under change and mu, so that either is enough to read

	unanswered atomic.Int64 // checks without a first result, and Reconcile calls under way
	announce   sync.Once
	answered   chan struct{}
}

// NewSet returns a set without checks. Its owner calls Stop.
func NewSet(o Options) *Set {
	if o.OnStart == nil {
		o.OnStart = func(ID, bool) {}
	}
	if o.OnTransition == nil {
		o.OnTransition = func(Transition) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Set{options: o, ctx: ctx, cancel: cancel, checks: map[ID]*check{}, answered: make(chan struct{})}
}

// Reconcile makes the checks those of want; of two specs for one server the first counts. A
// server whose spec has not changed keeps its check and its state. When Reconcile returns, checks
// that are no longer wanted have ended and will report nothing more.
//
// The first call is the process start, where InitialAuto means up. Later it means down for a
// server that is new; a server that was checked before is still what it was, so that changed
// settings do not take a whole backend out, but a single failure takes it down.
func (s *Set) Reconcile(want []Spec) {
	s.change.Lock()
	defer s.change.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	s.unanswered.Add(1) // no answer may be the last one before all checks are known
	defer s.settle()

	next, fresh := s.next(want)
	s.end(next)
	for _, c := range fresh {
		s.options.OnStart(c.spec.id(), c.machine.up())
	}
	s.publish(next)
	s.unanswered.Add(int64(len(fresh)))
	for _, c := range fresh {
		c.start(s.ctx)
	}
	s.started = true
}

// Status tells how a server is; false: it is not checked.
func (s *Set) Status(backend, server string) (Status, bool) {
	c, ok := s.find(backend, server)
	if !ok {
		return Status{}, false
	}
	return c.status(), true
}

// Recheck asks for a check of a server without waiting for its turn, because traffic has seen it
// fail. It never waits and may be called for every failure: checks stay recheckGap apart.
func (s *Set) Recheck(backend, server string) {
	if c, ok := s.find(backend, server); ok {
		c.hurry(time.Now())
	}
}

// Observer returns whom to tell what live traffic sees of a server, until the next Reconcile;
// nil: nobody wants to know.
func (s *Set) Observer(backend, server string) *Observer {
	if c, ok := s.find(backend, server); ok {
		return c.observer
	}
	return nil
}

// Answered is closed once every check has ended for the first time, whatever it found. Later
// changes do not open it again.
func (s *Set) Answered() <-chan struct{} { return s.answered }

// Stop ends all checks and waits for them. Nothing is reported afterwards, Status keeps answering
// and Reconcile does nothing.
func (s *Set) Stop() {
	s.change.Lock()
	defer s.change.Unlock()
	s.cancel()
	for _, c := range s.checks {
		c.end()
	}
}

// next returns the checks for want, and those among them that are to be started.
func (s *Set) next(want []Spec) (next map[ID]*check, fresh []*check) {
	now := time.Now()
	next = make(map[ID]*check, len(want))
	for _, spec := range want {
		id := spec.id()
		if next[id] != nil {
			continue
		}
		old := s.checks[id]
		if old != nil && old.spec.same(spec) {
			next[id] = old
			continue
		}
		auto := !s.started
		if old != nil {
			auto = old.status().Up
		}
		next[id] = s.newCheck(spec, spec.startsUp(auto), now)
		fresh = append(fresh, next[id])
	}
	return next, fresh
}

// end ends the checks that are not in next: first all are told, then all are waited for.
func (s *Set) end(next map[ID]*check) {
	var gone []*check
	for id, c := range s.checks {
		if next[id] != c {
			c.cancel()
			gone = append(gone, c)
		}
	}
	for _, c := range gone {
		c.end()
		if !c.answered {
			s.settle()
		}
	}
}

func (s *Set) publish(next map[ID]*check) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks = next
}

func (s *Set) find(backend, server string) (*check, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.checks[ID{backend, server}]
	return c, ok
}

// settle counts down unanswered.
func (s *Set) settle() {
	if s.unanswered.Add(-1) == 0 {
		s.announce.Do(func() { close(s.answered) })
	}
}
