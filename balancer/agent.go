package balancer

import "time"

// maxWeight is the most that an agent can make of a server's weight, as in HAProxy.
const maxWeight = 256

// Advice is what a program on a server says of it (HAProxy's agent-check). It holds on top of the
// configuration until there is other advice.
type Advice struct {
	Weight      int  // percent of the configured weight; below 0: nothing is said of it
	Maxconn     int  // takes the place of the configured one; below 0: nothing is said of it
	Drain       bool // no new requests
	Maintenance bool // no requests
	Down        bool // the server is not well, whatever its checks find
}

// NoAdvice returns the advice of an agent that has not said anything.
func NoAdvice() Advice { return Advice{Weight: -1, Maxconn: -1} }

// Advice returns the advice that holds.
func (s *Server) Advice() Advice {
	if a := s.advice.Load(); a != nil {
		return *a
	}
	return NoAdvice()
}

// SetAdvice puts other advice in force. If it takes the server down, attempts on it that have no
// answer yet end at once. It is not called by two goroutines at once.
func (s *Server) SetAdvice(a Advice) {
	before, maintenance := s.Advice(), s.Maintenance()
	if a == before {
		return
	}
	s.advice.Store(&a)
	now := time.Now()
	s.reenter(maintenance, now)
	if before.Down && !a.Down {
		s.startSlowly(now)
	}
	s.farm.changed(now)
	if a.Down && !before.Down {
		s.fall()
	}
}

// SetNoLB says whether the server is up but wants no new requests (HAProxy's NOLB).
func (s *Server) SetNoLB(noLB bool) {
	if s.noLB.Swap(noLB) != noLB {
		s.farm.changed(time.Now())
	}
}

// NoLB tells whether the server is up but wants no new requests.
func (s *Server) NoLB() bool { return s.noLB.Load() }

// Draining tells whether an operator, the server's agent or the resolver wants no new requests for
// it.
func (s *Server) Draining() bool {
	return s.Advice().Drain || s.Orders().State == "drain" || s.settings.Load().Leaving
}

// weighed is what is left of a configured weight. Not HAProxy's rounding: as long as an agent
// wants anything at all, a server of a small weight keeps some.
func (a Advice) weighed(weight int) int {
	if a.Weight < 0 {
		return weight
	}
	return min((weight*a.Weight+99)/100, maxWeight)
}

// limited is what is left of a configured maxconn.
func (a Advice) limited(maxconn int) int {
	if a.Maxconn < 0 {
		return maxconn
	}
	return a.Maxconn
}
