package healthcheck

import (
	"cmp"
	"time"
)

// ID names a server.
type ID struct{ Backend, Server string }

// String is HAProxy's form, backend/server.
func (id ID) String() string { return id.Backend + "/" + id.Server }

// Initial says what a server is before its first check.
type Initial string

// The initial states. HAProxy calls the setting init-state.
const (
	InitialAuto Initial = "auto" // up at process start; added later: down
	InitialUp   Initial = "up"   // up, and the first check takes it down if it fails
	InitialDown Initial = "down" // down, and the first check that passes brings it up
)

// Spec says how a server is checked.
type Spec struct {
	Backend, Server string

	Owner   string // who is checked under that name, such as its address: another one shares nothing with it
	Probe   Probe
	Key     string        // stands for Probe, which cannot be compared: what it asks, and where
	Inter   time.Duration // from the start of one check to the start of the next, more than 0
	Fast    time.Duration // the same on the way from up to down or back; 0: Inter
	Down    time.Duration // the same while the server is down; 0: Inter
	Timeout time.Duration // of one check, more than 0; may exceed Inter
	Rise    int           // successes in a row that bring a server up
	Fall    int           // failures in a row that take it down
	Initial Initial       // empty: InitialAuto
	Observe Observe       // which failures of live traffic count; empty: none
	Limit   int           // so many of them in a row, more than 0
	OnError OnError       // and what that does
}

func (s Spec) id() ID { return ID{s.Backend, s.Server} }

// same tells whether s and o make the same checks, so that the state of one holds for the other.
func (s Spec) same(o Spec) bool {
	return s.id() == o.id() && s.Owner == o.Owner && s.Key == o.Key && s.Inter == o.Inter && s.Timeout == o.Timeout &&
		s.Fast == o.Fast && s.Down == o.Down && s.Rise == o.Rise && s.Fall == o.Fall && s.Initial == o.Initial &&
		s.Observe == o.Observe && s.Limit == o.Limit && s.OnError == o.OnError
}

// interval is HAProxy's choice of the time between checks of a server that is as s says.
func (s Spec) interval(now Status) time.Duration {
	switch {
	case now.Level == now.Rise+now.Fall-1:
		return s.Inter
	case now.Level == 0:
		return cmp.Or(s.Down, s.Inter)
	default:
		return cmp.Or(s.Fast, s.Inter)
	}
}

// startsUp resolves Initial; auto is what InitialAuto means now.
func (s Spec) startsUp(auto bool) bool {
	switch s.Initial {
	case InitialUp:
		return true
	case InitialDown:
		return false
	default:
		return auto
	}
}
