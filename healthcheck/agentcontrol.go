package healthcheck

// Pause lets a server's agent no longer be asked, or again, as HAProxy's "disable agent" and
// "enable agent". While it is paused the question under way is called off, and what the agent has
// said holds on. Then it is asked at once.
//
// It holds for as long as the server is in what Reconcile is told, changed or not. False: the
// server has no agent.
func (s *Agents) Pause(id ID, on bool) bool { return s.hold(id, paused, on) }

// Maintain is Pause for a server in maintenance; the two know nothing of each other. It is for
// maintenance that an operator has ordered: HAProxy goes on to ask an agent in any case, and one
// that has said maint itself could never say ready.
func (s *Agents) Maintain(id ID, on bool) bool { return s.hold(id, maintained, on) }

// Force makes a server's agent say up or down at once, in the name of by; empty: of an operator.
// It holds until the agent says something else. OnAdvice is told before Force returns. False: the
// server has no agent.
func (s *Agents) Force(id ID, up bool, by string) bool {
	return s.control(id, func(a *agent) { a.force(up, by) })
}

// Freeze lets no agent be asked, or all again when it is their turn. While they are frozen they
// say nothing, but by Force, and what Export returns stays true.
func (s *Agents) Freeze(on bool) {
	s.change.Lock()
	defer s.change.Unlock()
	s.frozen = 0
	if on {
		s.frozen = frozen
	}
	for _, a := range s.agents {
		if on {
			a.hold(frozen)
		} else {
			a.lift(frozen)
		}
	}
}

func (s *Agents) hold(id ID, why reasons, on bool) bool {
	return s.control(id, func(a *agent) {
		if on {
			a.hold(why)
		} else {
			a.lift(why)
		}
	})
}

// control calls f with the agent of a server, which nobody replaces or ends meanwhile. False:
// there is none.
func (s *Agents) control(id ID, f func(*agent)) bool {
	s.change.Lock()
	defer s.change.Unlock()
	a := s.agents[id]
	if a == nil || s.ctx.Err() != nil {
		return false
	}
	f(a)
	return true
}
