package stats

import (
	"fmt"
	"iter"
)

// The words of State.
const (
	StateDown  = "DOWN"
	StateUp    = "UP"
	StateMaint = "MAINT"
	StateDrain = "DRAIN"
	StateNoLB  = "NOLB"
)

var (
	proxyStates   = [...]string{StateDown, StateUp}
	serverStates  = [...]string{StateDown, StateUp, StateMaint, StateDrain, StateNoLB}
	checkStatuses = [...]string{"HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT",
		"L6RSP", "L7TOUT", "L7RSP", "L7OK", "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK"}
)

// State returns the one word for what can be done with the row's object: DOWN or UP for a
// frontend or backend, one of the five words for a server. A backend without a usable server is
// DOWN.
func (r *Row) State() string {
	switch {
	case r.Scope == Frontend && r.Stopped, r.Scope == Backend && r.Active+r.Backups == 0:
		return StateDown
	case r.Scope != Server:
		return StateUp
	case r.inMaintenance():
		return StateMaint
	case r.Health == Down:
		return StateDown
	case r.NoLB:
		return StateNoLB
	case r.Draining:
		return StateDrain
	}
	return StateUp
}

// Status returns HAProxy's column "status": the state, with how far a server is on its way to
// the other one, such as "UP 1/3" and "DOWN 1/2", or with what has brought it about if that was
// neither a check nor an operator: an agent, the server that it follows, or the resolver.
func (r *Row) Status() string {
	state := r.State()
	switch {
	case r.Scope == Frontend && r.Paused:
		return "PAUSED"
	case r.Scope == Frontend && r.Stopped:
		return "STOP"
	case r.Scope == Frontend:
		return "OPEN"
	case r.Scope == Backend:
		return state + r.hidden
	case state == StateMaint:
		return state + r.maintainedBy()
	case state == StateDown && r.DownByAgent():
		return state + " (agent)"
	case state == StateDrain && r.Agent != nil && !r.ordered("drain"):
		return state + " (agent)"
	case r.GoingDown():
		return fmt.Sprintf("%s %d/%d", state, r.Check.Level-r.Check.Rise+1, r.Check.Fall)
	case r.GoingUp():
		return fmt.Sprintf("%s %d/%d", state, r.Check.Level, r.Check.Rise)
	case state == StateUp && r.Health == NoCheck:
		return "no check"
	}
	return state
}

// GoingDown tells whether a server is up and failed its latest checks.
func (r *Row) GoingDown() bool {
	return r.checked() && r.Health == Up && r.Check.Level < r.Check.Rise+r.Check.Fall-1
}

// GoingUp tells whether a server is down and passed its latest checks.
func (r *Row) GoingUp() bool {
	return r.checked() && r.Health == Down && r.Check.Level > 0 && r.Check.Level < r.Check.Rise
}

// DownByAgent tells whether a server's agent says that it is down.
func (r *Row) DownByAgent() bool { return r.Agent != nil && r.Agent.Level == 0 }

// maintainedBy is what HAProxy adds to MAINT that nobody has ordered for this server itself.
func (r *Row) maintainedBy() string {
	switch {
	case r.Unresolved:
		return " (resolution)"
	case r.Tracked != "" && !r.ordered("maint"):
		return " (via " + r.Tracked + ")"
	}
	return ""
}

// inMaintenance tells whether the server is neither checked nor used, for whatever reason.
func (r *Row) inMaintenance() bool { return r.Maintenance || r.Unresolved }

// checked tells whether checks of the server are running now.
func (r *Row) checked() bool { return r.Scope == Server && r.Check != nil && !r.inMaintenance() }

// servers returns how many servers a backend has.
func (r *Row) servers() (n int) {
	for _, count := range r.ServersByState {
		n += count
	}
	return n
}

func (r *Row) currentState() iter.Seq2[string, float64] {
	if r.Scope == Server {
		return oneOf(serverStates[:], r.State())
	}
	return oneOf(proxyStates[:], r.State())
}

func (r *Row) currentCheck() iter.Seq2[string, float64] {
	return oneOf(checkStatuses[:], r.Check.Status)
}

func (r *Row) currentAgent() iter.Seq2[string, float64] {
	return oneOf(checkStatuses[:], r.Agent.Status)
}

func (r *Row) serversByState() iter.Seq2[string, float64] {
	return counts(serverStates[:], r.ServersByState)
}

func (r *Row) serversByCheck() iter.Seq2[string, float64] {
	return counts(checkStatuses[:], r.ServersByCheck)
}

// oneOf yields 1 for the current state and 0 for the others.
func oneOf(states []string, current string) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		for _, state := range states {
			n := 0.0
			if state == current {
				n = 1
			}
			if !yield(state, n) {
				return
			}
		}
	}
}

// counts yields how many there are of each state.
func counts(states []string, of map[string]int) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		for _, state := range states {
			if !yield(state, float64(of[state])) {
				return
			}
		}
	}
}
