package prom

import (
	"relais/stats"
)

// haproxyRows are the columns of the table, by scope. Columns that are one metric under different
// codes follow each other.
func haproxyRows() (all []family) {
	for _, scope := range [...]stats.Scope{stats.Frontend, stats.Backend, stats.Server} {
		var name string
		var same []stats.Column
		for _, c := range append(stats.Columns(), stats.Column{}) {
			metric := c.Metric(scope)
			if metric != name && name != "" {
				all = append(all, ofColumns(scope, name, same))
				same = nil
			}
			if name = metric; name != "" {
				same = append(same, c)
			}
		}
	}
	return all
}

// ofColumns makes a metric of columns.
func ofColumns(scope stats.Scope, name string, columns []stats.Column) family {
	kind := gauge
	if columns[0].Kind.Counter() {
		kind = counter
	}
	return ofObjects(kind, scope, name, columns[0].Help, func(p *sheet, o *object) {
		for i := range columns {
			collectColumn(p, o, &columns[i])
		}
	})
}

// collectColumn adds one series, or one for each state. As in HAProxy, a figure that the object
// does not have at the moment is NaN.
func collectColumn(p *sheet, o *object, c *stats.Column) {
	switch {
	case !c.On.Has(o.Row):
	case c.States != nil:
		for state, n := range c.States(o.Row) {
			p.add(n, o.labels, p.word("state", state))
		}
	case c.Code != "":
		p.add(c.Value(o.Row).Float(), o.labels, p.word("code", c.Code))
	default:
		p.add(c.Value(o.Row).Float(), o.labels)
	}
}

// rows are figures of backends and servers that HAProxy does not have.
func rows() []family {
	oldest := func(p *sheet, o *object) { p.add(o.Oldest.Seconds(), o.labels) }
	races := func(p *sheet, o *object) { p.add(float64(o.RacesAvoided), o.labels) }
	return []family{
		ofObjects(gauge, stats.Backend, "relais_backend_oldest_request_seconds", "Age of the oldest request that waits for the answer of a server, 0: none does", oldest),
		ofObjects(gauge, stats.Server, "relais_server_oldest_request_seconds", "Age of the oldest request that waits for the server's answer, 0: none does", oldest),
		ofObjects(gauge, stats.Backend, "relais_backend_oldest_queued_request_seconds", "How long the first request in the queue has waited, 0: none is queued", func(p *sheet, o *object) {
			p.add(o.OldestQueued.Seconds(), o.labels)
		}),
		ofObjects(counter, stats.Backend, "relais_backend_races_avoided_total", "Total number of idle connections found closed or dirty before a request was given to them", races),
		ofObjects(counter, stats.Server, "relais_server_races_avoided_total", "Total number of idle connections found closed or dirty before a request was given to them", races),
		ofObjects(gauge, stats.Server, "relais_server_check_duration_seconds", "How long the last check of the server took: its health check, or that of its agent", collectChecks),
	}
}

// collectChecks adds nothing of what has had no result.
func collectChecks(p *sheet, o *object) {
	for _, c := range [...]struct {
		of   *stats.Check
		name string
	}{{o.Check, "health"}, {o.Agent, "agent"}} {
		if c.of != nil && c.of.Duration > 0 && o.State() != stats.StateMaint {
			p.add(c.of.Duration.Seconds(), o.labels, p.word("check", c.name))
		}
	}
}
