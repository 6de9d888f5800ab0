package stats

import (
	"iter"
	"slices"
)

// Column is one figure: its names, its meaning and how to get it from a Row. CSV, JSON, the page
// and Prometheus all read it from here.
type Column struct {
	Name  string // in the header line of HAProxy's CSV
	Prom  string // name of the metric behind haproxy_<scope>_; "": none
	Code  string // value of the metric's label "code"; "": no such label
	Kind  Kind
	On    Scopes
	Help  string
	Value func(*Row) Value // nil: Relais has no such figure

	// States, if set, is what Prometheus gets in place of Value: every possible state with 1
	// for the current one, or with the number of servers in it.
	States func(*Row) iter.Seq2[string, float64]
}

// Columns returns a copy of THE table, in HAProxy's order.
func Columns() []Column { return slices.Clone(columns[:]) }

// Of returns the figure of r; it is Empty where the column does not concern r.
func (c *Column) Of(r *Row) Value {
	if c.Value == nil || !c.On.Has(r) {
		return Value{}
	}
	return c.Value(r)
}

// Metric returns the name of the column's metric for a scope, or "" if there is none.
func (c *Column) Metric(scope Scope) string {
	switch {
	case c.Prom == "" || !c.On.has(scope):
		return ""
	case scope == Frontend:
		return "haproxy_frontend_" + c.Prom
	case scope == Backend:
		return "haproxy_backend_" + c.Prom
	case c.Name == "act": // a server is one; HAProxy names it so
		return "haproxy_server_active"
	case c.Name == "bck":
		return "haproxy_server_backup"
	}
	return "haproxy_server_" + c.Prom
}

// Kind says what a figure is in HAProxy's three letters: origin (Metric, Status, Key, Config),
// nature (Age, average, Counter, Duration, Gauge, Limit, Max, Name, Output, Rate) and scope
// (Process, Service).
type Kind string

// Counter tells whether the figure only goes up.
func (k Kind) Counter() bool { return k[1] == 'C' }

// Scopes is the set of rows that have a figure.
type Scopes uint8

// The members of Scopes. A server in maintenance is not checked.
const (
	OnFrontend Scopes = 1 << Frontend
	OnBackend  Scopes = 1 << Backend
	OnServer   Scopes = 1 << Server
	OnChecked  Scopes = 1 << (Listener + 1) // a server while it is checked
	OnlyHTTP   Scopes = 1 << (Listener + 2) // none of the rows that are not in mode http
	OnAgent    Scopes = 1 << (Listener + 3) // a server with an agent
)

// Has tells whether r is in the set.
func (s Scopes) Has(r *Row) bool {
	if s&OnlyHTTP != 0 && r.Mode != "http" {
		return false
	}
	return s&(1<<r.Scope) != 0 || s&OnChecked != 0 && r.checked() || s&OnAgent != 0 && r.Agent != nil
}

// has is Has for some row of the scope.
func (s Scopes) has(scope Scope) bool {
	return s&(1<<scope) != 0 || s&(OnChecked|OnAgent) != 0 && scope == Server
}
