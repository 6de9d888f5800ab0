package healthcheck

import (
	"fmt"
	"time"
)

// Transition is a server going up or down, or, while it is up, wanting new requests no longer or
// again.
type Transition struct {
	ID     ID
	Up     bool
	NoLB   bool // up, but wants no new requests
	First  bool // up, and a server that is new never was before
	At     time.Time
	Reason string // what follows "DOWN after" in a log line, such as "3 failures: connection refused"; if forced: what follows "DOWN: "
	Result Result // the evidence: the check that made the difference; zero if forced
	By     string // who has forced it, see Set.Force; empty: nobody
}

// Status is the health of a server at one moment.
type Status struct {
	Up         bool
	NoLB       bool // up, but wants no new requests
	Level      int  // 0 to Rise-1: down, Rise to Rise+Fall-1: up
	Rise, Fall int
	Paused     bool          // see Set.Pause
	Maintained bool          // see Set.Maintain
	Running    bool          // a check is under way
	Late       time.Duration // by which the last check began after it was due
	Last       Result        // its Status is StatusUnknown before the first check has ended
	Failures   uint64        // checks failed while Level was above 0, as HAProxy counts them
	Downs      uint64        // transitions from up to down
	Observed   bool          // live traffic is looked at as well, see Observer
	Analyzed   uint64        // failures that it has shown
	LastChange time.Time
	Downtime   time.Duration
	Events     []Transition // newest last, at most 50; shared, not to be changed
}

// String is HAProxy's word: UP, NOLB or DOWN, and how far the server is on its way from one to the
// other, such as "UP 1/3" (one more failure takes it down) or "DOWN 1/2".
func (s Status) String() string {
	up := "UP"
	if s.NoLB {
		up = "NOLB"
	}
	switch {
	case s.Level == s.Rise+s.Fall-1:
		return up
	case s.Up:
		return fmt.Sprintf("%s %d/%d", up, s.Level-s.Rise+1, s.Fall)
	case s.Level == 0:
		return "DOWN"
	default:
		return fmt.Sprintf("DOWN %d/%d", s.Level, s.Rise)
	}
}
