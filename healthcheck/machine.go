package healthcheck

import (
	"fmt"
	"slices"
	"time"
)

// maxEvents bounds the history of a server.
const maxEvents = 50

// Machine turns the results of a server's checks into up and down. It is pure: no clock, no
// goroutine, no lock; one goroutine at a time may use it.
//
// It counts as HAProxy does: level runs from 0 to rise+fall-1 and the server is up from rise on.
// One success fills it while the server is up, one failure empties it while the server is down.
type Machine struct {
	id         ID
	rise, fall int

	level    int
	untested bool // down and never up: one success will do, whatever rise is
	noLB     bool // up, but wants no new requests
	streak   int  // above 0: successes in a row; below 0: failures in a row

	last            Result
	failures, downs uint64
	analyzed        uint64 // failures that live traffic has shown
	changed         time.Time
	downtime        time.Duration // up to changed
	events          []Transition  // newest last; appended to and never overwritten, so that a Status may share it
}

// MachineOptions are the settings of a Machine. Rise and Fall below 1 count as 1.
type MachineOptions struct {
	ID         ID
	Rise, Fall int

	// Up: the server is up, until its first check if that one fails.
	// Else it is down, until one check has passed.
	Up bool
}

// NewMachine returns the machine of a server that has not been checked yet.
func NewMachine(o MachineOptions, now time.Time) *Machine {
	m := &Machine{
		id:      o.ID,
		rise:    max(o.Rise, 1),
		fall:    max(o.Fall, 1),
		last:    Result{Status: StatusUnknown},
		changed: now,
	}
	if m.untested = !o.Up; o.Up {
		m.level = m.rise
	}
	return m
}

// Observe takes in the result of a check that ended at now. It returns the transition, and true,
// if the server went up or down with it, or wants new requests no longer or again. As with
// HAProxy, L7Conditional brings no server up that is down.
func (m *Machine) Observe(r Result, now time.Time) (Transition, bool) {
	if r.Status == L7Conditional && !m.up() {
		r.OK, r.Status = false, L7Status
	}
	m.last = r
	if r.Status == SocketError {
		return Transition{}, false
	}
	was, noLB := m.up(), m.noLB
	if r.OK {
		m.pass()
	} else {
		m.fail()
	}
	switch {
	case !m.up():
		m.noLB = false
	case r.OK:
		m.noLB = r.Status == L7Conditional
	}
	return m.compare(was, noLB, now, "")
}

// Suspect takes in that live traffic has failed often enough: a failure that no check has seen.
// It returns what Observe does.
func (m *Machine) Suspect(what OnError, detail string, now time.Time) (Transition, bool) {
	m.analyzed++
	if what == OnErrorFastinter {
		return Transition{}, false
	}
	was, noLB := m.up(), m.noLB
	if was && what == OnErrorSuddenDeath {
		m.level = min(m.level, m.rise+1)
	}
	if was && what == OnErrorMarkDown {
		m.level = m.rise
	}
	m.last = Result{Status: HealthAnalyze, Detail: detail}
	m.fail()
	m.noLB = m.noLB && m.up()
	return m.compare(was, noLB, now, "")
}

// compare tells what has changed since the server was up, and wanted new requests, or not; by says
// who has changed it, empty: a result.
func (m *Machine) compare(up, noLB bool, now time.Time, by string) (Transition, bool) {
	if m.up() == up && m.noLB == noLB {
		return Transition{}, false
	}
	return m.change(up, now, by), true
}

// Status is the state of the machine at now, but for what only a Set knows.
func (m *Machine) Status(now time.Time) Status {
	s := Status{
		Up:         m.up(),
		NoLB:       m.noLB,
		Level:      m.level,
		Rise:       m.rise,
		Fall:       m.fall,
		Last:       m.last,
		Failures:   m.failures,
		Downs:      m.downs,
		Analyzed:   m.analyzed,
		LastChange: m.changed,
		Downtime:   m.downtime,
		Events:     slices.Clip(m.events),
	}
	if !s.Up {
		s.Downtime += now.Sub(m.changed)
	}
	return s
}

// forget forgets results, but not what they have led to: the next one is the first of another
// check, and a single failure takes the server down.
func (m *Machine) forget() {
	m.last, m.streak = Result{Status: StatusUnknown}, 0
	m.level = min(m.level, m.rise)
	if !m.up() {
		m.level = 0
	}
}

// distrust takes the server out without a failure: rise successes bring it up.
func (m *Machine) distrust(now time.Time) {
	if m.up() {
		m.changed = now
	}
	m.level, m.noLB, m.untested, m.streak = 0, false, false, 0
}

func (m *Machine) up() bool { return m.level >= m.rise }

func (m *Machine) pass() {
	m.streak = max(m.streak, 0) + 1
	m.level++
	if m.up() || m.untested {
		m.level = m.rise + m.fall - 1
	}
}

func (m *Machine) fail() {
	m.streak = min(m.streak, 0) - 1
	if m.level == 0 {
		return
	}
	m.failures++
	m.level--
	if !m.up() {
		m.level = 0
	}
}

// change records that the server has just changed.
func (m *Machine) change(wasUp bool, now time.Time, by string) Transition {
	switch {
	case !wasUp:
		m.downtime += now.Sub(m.changed)
	case !m.up():
		m.downs++
	}
	m.changed = now

	t := Transition{ID: m.id, Up: m.up(), NoLB: m.noLB, First: m.up() && m.untested, At: now, By: by}
	m.untested = m.untested && !m.up()
	switch {
	case by != "":
		t.Reason = "changed by " + by
	case wasUp && m.up():
		t.Reason, t.Result = m.last.Detail, m.last // one check is enough
	default:
		t.Reason, t.Result = m.reason(), m.last
	}
	m.events = append(m.events[max(0, len(m.events)-maxEvents+1):], t)
	return t
}

// reason says how many results led to a change, and the evidence of the last one.
func (m *Machine) reason() string {
	var count string
	switch m.streak {
	case -1:
		count = "1 failure"
	case 1:
		count = "1 success"
	default:
		count = fmt.Sprintf("%d successes", m.streak)
		if m.streak < 0 {
			count = fmt.Sprintf("%d failures", -m.streak)
		}
	}
	if m.last.Detail == "" {
		return count
	}
	return count + ": " + m.last.Detail
}
