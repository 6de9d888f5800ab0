package operate

import (
	"slices"
	"sync"
	"time"
)

const longestHistory = 200

// Change is one line of the history: what somebody wanted, and what came of it.
type Change struct {
	At     time.Time
	By     string // a name, "end of time" or "configuration file"
	What   string // such as "server app/web1: state drain for 30m0s"
	Reason string // empty: none was given
	Result string // "done", or why not
}

// history holds the newest changes. It is safe for concurrent use.
type history struct {
	mu      sync.Mutex
	changes []Change
}

// Changes returns the last 200 changes of this process, oldest first, those that the disk refused
// included.
func (j *Journal) Changes() []Change {
	j.history.mu.Lock()
	defer j.history.mu.Unlock()
	return slices.Clone(j.history.changes)
}

// Record adds to the history what the journal does not see, such as a command that the owner
// refused.
func (j *Journal) Record(c Change) {
	if c.At.IsZero() {
		c.At = stamp(time.Now())
	}
	j.history.add(c.At, c.Result, []Change{c})
}

// add takes changes over, with their time and result.
func (h *history) add(at time.Time, result string, changes []Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range changes {
		c.At, c.Result = at, result
		h.changes = append(h.changes, c)
	}
	if over := len(h.changes) - longestHistory; over > 0 {
		h.changes = slices.Delete(h.changes, 0, over)
	}
}
