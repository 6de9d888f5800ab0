package stats_test

import (
	"testing"
	"time"

	"relais/stats"
)

func TestServerWithAnAgent(t *testing.T) {
	check := &stats.Check{Status: "L7OK", Rise: 2, Fall: 3, Level: 4, Observed: true, Analyzed: 7}
	agent := func(level int) *stats.Check {
		return &stats.Check{
			Status: "L7STS", Running: true, Duration: 3 * time.Millisecond, Detail: "via agent : fail", Description: "Layer7 wrong status",
			Rise: 1, Fall: 1, Level: level,
		}
	}
	for _, tc := range []struct {
		name string
		row  stats.Row
		want map[string]string
	}{
		{"down", stats.Row{Health: stats.Down, Check: check, Agent: agent(0)}, map[string]string{
			"status": "DOWN (agent)", "hanafail": "7", "agent_status": "* L7STS", "agent_code": "0", "agent_duration": "3",
			"last_agt": "via agent : fail", "agent_desc": "Layer7 wrong status", "agent_rise": "1", "agent_fall": "1", "agent_health": "0",
		}},
		{"drained", stats.Row{Health: stats.Up, Draining: true, Check: check, Agent: agent(1)}, map[string]string{"status": "DRAIN (agent)"}},
		{"up", stats.Row{Health: stats.Up, Check: check, Agent: agent(1)}, map[string]string{"status": "UP", "agent_health": "1"}},
		{"without a check", stats.Row{Agent: agent(1)}, map[string]string{"status": "no check", "hanafail": "", "check_status": ""}},
		{"without an agent", stats.Row{Health: stats.Up, Check: check}, map[string]string{"status": "UP", "agent_status": "", "agent_health": "", "last_agt": ""}},
		{"wants no requests", stats.Row{Health: stats.Up, NoLB: true, Check: check}, map[string]string{"status": "NOLB"}},
		{"follows", stats.Row{Health: stats.Up, Tracked: "app/web1"}, map[string]string{"status": "UP", "tracked": "app/web1"}},
		{"backend", stats.Row{Scope: stats.Backend}, map[string]string{"tracked": "", "agent_status": ""}},
	} {
		if tc.row.Scope != stats.Backend {
			tc.row.Scope = stats.Server
		}
		for _, c := range stats.Columns() {
			if want, ok := tc.want[c.Name]; ok {
				if got := c.Of(&tc.row).String(); got != want {
					t.Errorf("%s: %s is %q, want %q", tc.name, c.Name, got, want)
				}
			}
		}
	}
}
