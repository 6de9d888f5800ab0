package healthcheck

import (
	"cmp"
	"time"
)

// Forced is what an operator makes of a server. HAProxy's words of "set server health".
type Forced string

// What can be made of it.
const (
	ForceUp       Forced = "up"       // up, as if it had never failed
	ForceStopping Forced = "stopping" // the same, but it wants no new requests until a check passes
	ForceDown     Forced = "down"     // down, until rise checks have passed
)

// anOperator is who has forced something if nobody says who.
const anOperator = "an operator"

// Force makes the server what to says, in the name of by; empty: of an operator. Later results go
// on from there. It returns what Observe does; an unknown word changes nothing.
func (m *Machine) Force(to Forced, by string, now time.Time) (Transition, bool) {
	was, noLB := m.up(), m.noLB
	switch to {
	case ForceUp, ForceStopping:
		m.level = m.rise + m.fall - 1
	case ForceDown:
		m.level = 0
	default:
		return Transition{}, false
	}
	m.noLB, m.untested, m.streak = to == ForceStopping, false, 0
	return m.compare(was, noLB, now, cmp.Or(by, anOperator))
}
