package healthcheck

import (
	"cmp"
	"slices"
	"time"
)

// Saved is what is known of a server, as a plain value: one process writes it, as JSON if it
// likes, and the next one goes on from there. See Set.Export and Options.Restore.
type Saved struct {
	ID         ID
	Owner      string // see Spec
	Up         bool   // what Level says, for those who read it
	NoLB       bool
	Untested   bool // down, and one success brings it up whatever Rise is
	Level      int
	Rise, Fall int
	Streak     int // above 0: successes in a row; below 0: failures in a row
	Paused     bool
	Maintained bool
	Failures   uint64
	Downs      uint64
	Analyzed   uint64
	LastChange time.Time
	Downtime   time.Duration // up to LastChange
	Last       Result
	Events     []Transition // newest last; shared, not to be changed
}

// SavedAgent is what is known of the agent of a server, like Saved.
type SavedAgent struct {
	ID         ID
	Key        string // see AgentSpec
	Up         bool   // what Said says, for those who read it
	Last       Result
	Said       Advice // of each thing what it said last
	Paused     bool
	Maintained bool
}

func (s Saved) held() reasons { return held(s.Paused, s.Maintained) }

func (s SavedAgent) held() reasons { return held(s.Paused, s.Maintained) }

func held(isPaused, isMaintained bool) (r reasons) {
	if isPaused {
		r |= paused
	}
	if isMaintained {
		r |= maintained
	}
	return r
}

// level is Level for other settings: as far from the next change as before, in proportion, but
// never nearer to the other side than one result.
func (s Saved) level(rise, fall int) int {
	oldRise, oldFall := max(s.Rise, 1), max(s.Fall, 1)
	if s.Level < oldRise {
		return max(s.Level, 0) * rise / oldRise
	}
	left := min(s.Level-oldRise+1, oldFall) // failures that take it down
	return rise - 1 + (left*fall+oldFall-1)/oldFall
}

// compare orders servers by name.
func (id ID) compare(o ID) int {
	return cmp.Or(cmp.Compare(id.Backend, o.Backend), cmp.Compare(id.Server, o.Server))
}

// byID returns what was saved of each server; of two for one server the first counts.
func byID[S any](all []S, id func(S) ID) map[ID]S {
	m := make(map[ID]S, len(all))
	for _, s := range slices.Backward(all) {
		m[id(s)] = s
	}
	return m
}

// save returns what m knows.
func (m *Machine) save() Saved {
	return Saved{
		ID:         m.id,
		Up:         m.up(),
		NoLB:       m.noLB,
		Untested:   m.untested,
		Level:      m.level,
		Rise:       m.rise,
		Fall:       m.fall,
		Streak:     m.streak,
		Failures:   m.failures,
		Downs:      m.downs,
		Analyzed:   m.analyzed,
		LastChange: m.changed,
		Downtime:   m.downtime,
		Last:       m.last,
		Events:     slices.Clip(m.events),
	}
}

// restore makes a new machine what another one was.
func (m *Machine) restore(was Saved) {
	m.level = was.level(m.rise, m.fall)
	m.noLB = was.NoLB && m.up()
	m.untested = was.Untested && !m.up()
	m.streak, m.last = was.Streak, was.Last
	m.failures, m.downs, m.analyzed = was.Failures, was.Downs, was.Analyzed
	m.downtime = was.Downtime
	if was.LastChange.Before(m.changed) && !was.LastChange.IsZero() { // else the clock was set back
		m.changed = was.LastChange
	}
	m.events = slices.Clip(was.Events[max(0, len(was.Events)-maxEvents):])
}
