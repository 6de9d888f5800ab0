package plan

import (
	"slices"
	"strings"
)

// The actions of a change.
const (
	Add    = "add"
	Remove = "remove"
	Modify = "change"
	Move   = "move"
)

// The classes of changes.
const (
	ClassListener = "listener"
	ClassProxy    = "proxy"
	ClassServer   = "server"
	ClassRouting  = "routing"
	ClassTimeout  = "timeouts"
	ClassCheck    = "checks"
	ClassLimit    = "limits"
	ClassOther    = "other"
)

// Change is one value that the new configuration has, has not, or has otherwise.
type Change struct {
	Action  string   `json:"action"`            // add, remove, change or move
	Path    string   `json:"path"`              // as an admin reads it: backends[app].servers[web1].weight
	Class   string   `json:"class"`             // listener, proxy, server, routing, timeouts, checks, limits or other
	From    string   `json:"from,omitempty"`    // as in the file, shortened; of a move: where it was
	To      string   `json:"to,omitempty"`      // as in the file, shortened; of a secret: that it has changed
	Effects []string `json:"effects,omitempty"` // what becomes of it in the running process

	at place
}

// String is the change in one line, such as "~ backends[app].timeout.server: 3s -> 5s".
func (c Change) String() string {
	return strings.TrimSuffix(c.mark()+" "+c.Path+": "+c.value(), ": ")
}

func (c Change) mark() string {
	switch c.Action {
	case Add:
		return "+"
	case Remove:
		return "-"
	}
	return "~"
}

func (c Change) value() string {
	switch {
	case c.Action == Add:
		return c.To
	case c.Action == Remove:
		return c.From
	case c.Action == Move && c.To != "":
		return "moved from " + c.From + ": " + c.To
	case c.Action == Move:
		return "moved from " + c.From
	case c.From == "":
		return c.To
	}
	return c.From + " -> " + c.To
}

// byClass puts changes of one class together.
func byClass(changes []Change) []Change {
	order := []string{ClassRouting, ClassTimeout, ClassCheck, ClassLimit, ClassOther}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return slices.Index(order, a.Class) - slices.Index(order, b.Class)
	})
	return changes
}
