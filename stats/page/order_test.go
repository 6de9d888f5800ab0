package page_test

import (
	"strings"
	"testing"

	"relais/stats/statstest"
)

// What operators have done stands in the row that it is about.
func TestRowsOfOperators(t *testing.T) {
	rows := elements(t, render(t, statstest.Operated(), where), "tr")
	for _, tt := range []struct {
		id, class string
		words     []string
	}{
		{"app/web2", "active_down", []string{"web2 DOWN dynamic", "Dynamic added at run time"}},
		{"app/web4", "active_up", []string{"paused, L7OK/200", "Paused by an operator"}},
		{"app/web5", "maintain", []string{"28m MAINT", "state maint by ops, 2\u00a0min left", "Since 09:32 UTC, 28\u00a0min ago", "Reason disk swap", "Until 10:02 UTC, 2\u00a0min left"}},
		{"app/web6", "maintain", []string{"MAINT (via app/web5)"}},
		{"app/web7", "active_draining", []string{"1h2m DRAIN L7OK", "weight 10 by maria state drain by ops", "Since 2026-11-21 08:00 UTC, 1\u00a0d 2\u00a0h ago", `Reason <b>"looks" & odd</b>`, "Until somebody changes it"}},
		{"app/web8", "maintain", []string{"MAINT (resolution)", "Resolved web8.example: no such host"}},
		{"api/api1", "active_down", []string{"Address 127.0.0.1:5001 Resolved api.example, 2 s ago"}},
	} {
		row := rows[tt.id]
		if row.class != tt.class {
			t.Errorf("%s has class %s, want %s", tt.id, row.class, tt.class)
		}
		for _, words := range tt.words {
			// Spaces that keep a figure in one piece do not survive strings.Fields.
			if words = strings.ReplaceAll(words, "\u00a0", " "); !strings.Contains(row.text, words) {
				t.Errorf("%s says %q, not %q", tt.id, row.text, words)
			}
		}
	}
}
