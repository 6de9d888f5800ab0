package access

import "time"

// limit says how failures are answered: the first few are free, then each makes the pause before
// the next attempt twice as long. Each quiet spell after it forgives one.
type limit struct {
	free        int
	first, most time.Duration // pauses
	quiet       time.Duration
}

// throttle counts failures by key and says how long the next attempt has to wait. It has no lock.
type throttle struct {
	limit
	strikes *lru[string, *strikes]
}

// strikes are the failures of one key.
type strikes struct {
	failed  int
	pending int       // attempts under way: they may fail, too
	until   time.Time // the end of the pause; forgiveness begins here
	name    string    // of the user that was tried
	mixed   bool      // several were
}

func newThrottle(l limit, most int) *throttle {
	return &throttle{limit: l, strikes: newLRU[string, *strikes](most)}
}

// wait returns how long an attempt would be too early; 0: it is not.
func (t *throttle) wait(key string, now time.Time) time.Duration {
	s, ok := t.strikes.get(key)
	if !ok {
		return 0
	}
	t.forgive(s, now)
	switch {
	case s.until.After(now):
		return s.until.Sub(now)
	case s.pending > 0 && s.failed+s.pending >= t.free: // those under way may use up what is free
		return t.first
	}
	return 0
}

// begin counts an attempt that is under way. It ends with one call of fail, pass or release.
func (t *throttle) begin(key string) { t.of(key).pending++ }

// release ends an attempt that came to nothing.
func (t *throttle) release(key string) {
	s := t.of(key)
	s.pending = max(s.pending-1, 0) // its strikes may have been forgotten meanwhile
	if s.failed == 0 && s.pending == 0 {
		t.strikes.remove(key)
	}
}

// fail ends an attempt on the name of a user that has failed.
func (t *throttle) fail(key, name string, now time.Time) {
	s := t.of(key)
	t.forgive(s, now)
	s.mixed = s.failed > 0 && (s.mixed || s.name != name)
	s.name = name
	s.failed = min(s.failed+1, t.free+t.doublings())
	s.pending = max(s.pending-1, 0)
	s.until = now.Add(t.pause(s.failed))
}

// pass ends an attempt that was right. It forgives what was tried on that name, and no more: who
// has a login of his own does not get free guesses at others' by it.
func (t *throttle) pass(key, name string) {
	if s := t.of(key); !s.mixed && s.name == name {
		s.failed, s.until = 0, time.Time{}
	}
	t.release(key)
}

func (t *throttle) of(key string) *strikes {
	s, ok := t.strikes.get(key)
	if !ok {
		s = &strikes{}
		t.strikes.put(key, s)
	}
	return s
}

func (t *throttle) forgive(s *strikes, now time.Time) {
	if spells := int(now.Sub(s.until) / t.quiet); s.failed > 0 && spells > 0 {
		s.failed = max(s.failed-spells, 0)
		s.until = s.until.Add(time.Duration(spells) * t.quiet)
	}
}

func (t *throttle) pause(failed int) time.Duration {
	if failed < t.free {
		return 0
	}
	return min(t.first<<(failed-t.free), t.most)
}

// doublings is how often the first pause doubles until it is the longest.
func (t *throttle) doublings() (n int) {
	for t.first<<n < t.most {
		n++
	}
	return n
}
