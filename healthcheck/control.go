package healthcheck

// Pause takes a server's check out of service and back, as HAProxy's "disable health" and "enable
// health". While it is paused no check is made, the one under way is called off, what live
// traffic sees has no effect, and the server stays what it is. Then the next check comes at once.
// Nobody waits for the first answer of a check that was paused before it came.
//
// It holds for as long as the server is in what Reconcile is told, changed or not. False: the
// server is not checked.
func (s *Set) Pause(id ID, on bool) bool {
	return s.control(id, func(c *check) {
		if on {
			c.hold(paused)
		} else {
			c.lift(paused)
		}
	})
}

// Maintain says that a server is in maintenance, or is no longer. Meanwhile it is not checked, as
// if paused. Then it is down and has to be brought up by rise successes, whatever it was before:
// Options.OnStart is told before Maintain returns, the first check comes at once, and
// Options.OnTransition is told when it is up. If its check is paused as well, nothing could bring
// it up: then it still is what it was, and OnStart is told that.
//
// Maintain and Pause know nothing of each other; what holds for the one as to Reconcile holds for
// the other. False: the server is not checked.
func (s *Set) Maintain(id ID, on bool) bool {
	return s.control(id, func(c *check) {
		if on {
			c.hold(maintained)
		} else {
			c.release(s.tell)
		}
	})
}

// Force makes a server at once what an operator wants it to be, whether it is checked at the
// moment or not; later checks go on from there. The transition is reported as any other, with By,
// before Force returns it. False: the server is that already, or is not checked at all.
func (s *Set) Force(id ID, to Forced, by string) (t Transition, changed bool) {
	s.control(id, func(c *check) { t, changed = c.force(to, by) })
	return t, changed
}

// Freeze calls off all checks, present and future, or lets them go on when they are due, those
// that are overdue at once. While they are frozen no server changes, but by Force, and what
// Export returns stays true.
func (s *Set) Freeze(on bool) {
	s.change.Lock()
	defer s.change.Unlock()
	s.frozen = 0
	if on {
		s.frozen = frozen
	}
	for _, c := range s.checks {
		if on {
			c.hold(frozen)
		} else {
			c.lift(frozen)
		}
	}
}

// control calls f with the check of a server, which nobody replaces or ends meanwhile. False:
// there is none.
func (s *Set) control(id ID, f func(*check)) bool {
	s.change.Lock()
	defer s.change.Unlock()
	c := s.checks[id]
	if c == nil || s.ctx.Err() != nil {
		return false
	}
	f(c)
	return true
}
