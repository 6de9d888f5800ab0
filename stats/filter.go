package stats

import (
	"fmt"
	"strings"
)

// Filter chooses what is shown. The zero Filter shows everything.
type Filter struct {
	HideDown  bool   // leaves out servers that are DOWN or in maintenance (;up)
	HideMaint bool   // leaves out servers in maintenance (;no-maint)
	Scope     string // shows only proxies whose name contains it, in any case
}

// Apply returns what f lets through of s. It does not change s, and it shares with s what it
// need not change. As in HAProxy, a backend behind a filter that hides servers says how many of
// its servers are up, such as "UP (2/3)".
func (f Filter) Apply(s *Snapshot) *Snapshot {
	if f == (Filter{}) {
		return s
	}
	filtered := *s
	filtered.Proxies = nil
	for _, proxy := range s.Proxies {
		if f.Shows(proxy.Name) {
			filtered.Proxies = append(filtered.Proxies, Proxy{Name: proxy.Name, Rows: f.rows(proxy.Rows)})
		}
	}
	return &filtered
}

// Shows tells whether the proxy of that name is shown.
func (f Filter) Shows(proxy string) bool {
	return strings.Contains(strings.ToLower(proxy), strings.ToLower(f.Scope))
}

func (f Filter) rows(rows []Row) []Row {
	if !f.HideDown && !f.HideMaint {
		return rows
	}
	var up, all int
	shown := make([]Row, 0, len(rows))
	for _, row := range rows {
		if row.Scope == Server {
			all++
			if !row.stopped() {
				up++
			}
		}
		if row.Scope == Backend {
			row.hidden = fmt.Sprintf(" (%d/%d)", up, all)
		}
		if !f.hides(&row) {
			shown = append(shown, row)
		}
	}
	return shown
}

func (f Filter) hides(r *Row) bool {
	return f.HideDown && r.stopped() || f.HideMaint && r.State() == StateMaint
}

// stopped tells whether a server gets no requests at all.
func (r *Row) stopped() bool {
	state := r.State()
	return r.Scope == Server && (state == StateDown || state == StateMaint)
}
