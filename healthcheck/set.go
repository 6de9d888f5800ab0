package healthcheck

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a Set begins with and what it tells its owner. Each may be nil. The functions
// may call Status, Observer, Recheck and Export, but none of the other methods, nor wait for a
// lock that is held around these: those wait for calls that are under way.
type Options struct {
	// OnStart is called by Reconcile for each server whose check starts, or starts anew, and by
	// Maintain, with what the server is until further notice; before its first check.
	OnStart func(id ID, up bool)

	// OnNoLB is called after OnStart for a server that is up but wants no new requests.
	OnNoLB func(id ID)

	// OnTransition is called once for each change, before the next one of that server: by the
	// goroutine of its check and before its next check, or by the goroutine that has told its
	// Observer or has called Force. Calls for different servers may run at the same time.
	OnTransition func(Transition)

	// OnAnswer is told once of each check, when its first result is there and has been reported, or
	// when nobody has to wait for one any more.
	OnAnswer func(id ID)

	// Restore is what another Set has exported. At the first Reconcile a server that is in it goes
	// on from there, whatever Initial says, and counts as answered; OnStart is told. One that has
	// another owner now is as new as one that is added later. Pause and Maintain hold on for both.
	Restore []Saved
}

// Set runs the checks of all servers, each in a goroutine of its own, so that a slow server
// delays no other; BenchmarkFiveThousandServers tells what that costs. All methods may be called by several goroutines at once.
type Set struct {
	options Options
	ctx     context.Context
	cancel  context.CancelFunc

	change  sync.Mutex   // one at a time of what changes which checks there are, and whether they wait
	started bool         // Reconcile has been called; under change
	frozen  reasons      // frozen or none; under change
	restore map[ID]Saved // nil from the first Reconcile on; under change

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
	if o.OnNoLB == nil {
		o.OnNoLB = func(ID) {}
	}
	if o.OnAnswer == nil {
		o.OnAnswer = func(ID) {}
	}
	if o.OnTransition == nil {
		o.OnTransition = func(Transition) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Set{
		options: o, ctx: ctx, cancel: cancel, checks: map[ID]*check{}, answered: make(chan struct{}),
		restore: byID(o.Restore, func(s Saved) ID { return s.ID }),
	}
}

// Reconcile makes the checks those of want; of two specs for one server the first counts. A
// server whose spec has not changed keeps its check and its state. When Reconcile returns, checks
// that are no longer wanted have ended and will report nothing more.
//
// The first call is the process start, where InitialAuto means up. Later it means down for a
// server that is new or has another owner. A server that was checked before is still what it was,
// whatever Initial says, so that changed settings do not take a whole backend out, but a single
// failure takes it down; its counters and its history go on.
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
	now := time.Now()
	for _, spec := range fresh {
		c := s.newCheck(spec, now)
		next[spec.id()] = c
		s.tell(c)
	}
	s.publish(next)
	for _, spec := range fresh {
		s.start(next[spec.id()])
	}
	s.started, s.restore = true, nil
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
		c.turns.hurry(time.Now())
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

// Export returns what is known of all servers that are checked, by name.
func (s *Set) Export() []Saved {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]Saved, 0, len(s.checks))
	for _, c := range s.checks {
		all = append(all, c.saved())
	}
	slices.SortFunc(all, func(a, b Saved) int { return a.ID.compare(b.ID) })
	return all
}

// Answered is closed once every check has ended for the first time, whatever it found, or was
// called off by Pause or Maintain. Later changes do not open it again.
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

// next returns the checks that go on, and the specs of those that are to be started: these have no
// check yet.
func (s *Set) next(want []Spec) (next map[ID]*check, fresh []Spec) {
	next = make(map[ID]*check, len(want))
	for _, spec := range want {
		id := spec.id()
		if _, twice := next[id]; twice {
			continue
		}
		next[id] = nil
		if old := s.checks[id]; old != nil && old.spec.same(spec) {
			next[id] = old
			continue
		}
		fresh = append(fresh, spec)
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

// tell tells the owner what a server is while nothing is reported of it.
func (s *Set) tell(c *check) {
	status := c.status()
	s.options.OnStart(c.spec.id(), status.Up)
	if status.NoLB {
		s.options.OnNoLB(c.spec.id())
	}
}

func (s *Set) start(c *check) {
	if !c.answered {
		s.unanswered.Add(1)
	}
	c.start(s.ctx)
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
