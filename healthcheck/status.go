package healthcheck

import (
	"fmt"
	"time"
)

// Transition is a server going up or down.
type Transition struct {
	ID     ID
	Up     bool
	At     time.Time
	Reason string // what follows "DOWN after" in a log line, such as "3 failures: connection refused"
	Result Result // the evidence: the check that made the difference
}

// Status is the health of a server at one moment.
type Status struct {
	Up         bool
	Level      int // 0 to Rise-1: down, Rise to Rise+Fall-1: up
	Rise, Fall int
	Running    bool   // a check is under way
	Last       Result // its Status is StatusUnknown before the first check has ended
	Failures   uint64 // checks failed while Level was above 0, as HAProxy counts them
	Downs      uint64 // transitions from up to down
	LastChange time.Time
	Downtime   time.Duration
	Events     []Transition // newest last, at most 50; shared, not to be changed
}

// String is HAProxy's word: UP or DOWN, and how far the server is on its way from one to the
// other, such as "UP 1/3" (one more failure takes it down) or "DOWN 1/2".
func (s Status) String() string {
	switch {
	case s.Level == s.Rise+s.Fall-1:
		return "UP"
	case s.Up:
		return fmt.Sprintf("UP %d/%d", s.Level-s.Rise+1, s.Fall)
	case s.Level == 0:
		return "DOWN"
	default:
		return fmt.Sprintf("DOWN %d/%d", s.Level, s.Rise)
	}
}
