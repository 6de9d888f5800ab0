package stats_test

import (
	"testing"

	"relais/stats"
)

// HAProxy's words for who or what keeps a server from its work.
func TestStatusTellsTheReason(t *testing.T) {
	order := func(what ...string) (orders []stats.Order) {
		for _, w := range what {
			orders = append(orders, stats.Order{What: w, By: "ops"})
		}
		return orders
	}
	agent := &stats.Check{Level: 1, Rise: 1, Fall: 1}
	failing := &stats.Check{Level: 3, Rise: 2, Fall: 3}
	for _, tt := range []struct {
		name          string
		row           stats.Row
		state, status string
	}{
		{"maintenance", stats.Row{Maintenance: true, Orders: order("state maint")}, "MAINT", "MAINT"},
		{"maintenance by the configuration", stats.Row{Maintenance: true}, "MAINT", "MAINT"},
		{"without an address", stats.Row{Unresolved: true, Health: stats.Up, Check: failing}, "MAINT", "MAINT (resolution)"},
		{"without an address, in maintenance", stats.Row{Unresolved: true, Maintenance: true, Orders: order("state maint")}, "MAINT", "MAINT (resolution)"},
		{"follows one in maintenance", stats.Row{Maintenance: true, Tracked: "app/web1"}, "MAINT", "MAINT (via app/web1)"},
		{"follows, in maintenance of its own", stats.Row{Maintenance: true, Tracked: "app/web1", Orders: order("state maint", "weight 7")}, "MAINT", "MAINT"},
		{"drained", stats.Row{Health: stats.Up, Draining: true, Orders: order("state drain")}, "DRAIN", "DRAIN"},
		{"drained, with an agent", stats.Row{Health: stats.Up, Draining: true, Agent: agent, Orders: order("state drain", "weight 7")}, "DRAIN", "DRAIN"},
		{"drained by the agent", stats.Row{Health: stats.Up, Draining: true, Agent: agent, Orders: order("weight 7")}, "DRAIN", "DRAIN (agent)"},
		{"drained by the agent, set ready", stats.Row{Health: stats.Up, Draining: true, Agent: agent, Orders: order("state drain", "state ready")}, "DRAIN", "DRAIN (agent)"},
		{"drained, failing", stats.Row{Health: stats.Up, Draining: true, Check: failing, Orders: order("state drain")}, "DRAIN", "DRAIN 2/3"},
		{"drained and down", stats.Row{Health: stats.Down, Draining: true, Check: &stats.Check{Rise: 2, Fall: 3}}, "DOWN", "DOWN"},
	} {
		tt.row.Scope = stats.Server
		if state, status := tt.row.State(), tt.row.Status(); state != tt.state || status != tt.status {
			t.Errorf("%s: %s, %q, want %s, %q", tt.name, state, status, tt.state, tt.status)
		}
	}
}

// A server without an address is hidden with those in maintenance.
func TestNoMaintHidesTheUnresolved(t *testing.T) {
	s := stats.Snapshot{Proxies: []stats.Proxy{{Name: "app", Rows: []stats.Row{
		{Scope: stats.Server, Server: "web1", Unresolved: true}, {Scope: stats.Backend},
	}}}}
	shown := stats.Filter{HideMaint: true}.Apply(&s).Proxies[0].Rows
	if len(shown) != 1 || shown[0].Scope != stats.Backend {
		t.Errorf("%d rows are shown", len(shown))
	}
}
