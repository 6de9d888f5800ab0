package stats_test

import (
	"slices"
	"testing"

	"relais/stats"
	"relais/stats/statstest"
)

func TestFilter(t *testing.T) {
	for _, tt := range []struct {
		name   string
		filter stats.Filter
		want   []string // proxy/server of the rows
		status string   // of app/BACKEND
	}{
		{"scope", stats.Filter{Scope: "APP"}, []string{"app/web1", "app/web2", "app/web3", "app/web4", "app/web5", "app/web6", "app/web7", "app/web8", "app/BACKEND"}, "UP"},
		{"up", stats.Filter{HideDown: true}, []string{"web/FRONTEND", "old/FRONTEND", "app/web1", "app/web3", "app/web6", "app/web7", "app/web8", "app/BACKEND", "api/BACKEND", "empty/BACKEND"}, "UP (5/8)"},
		{"no-maint", stats.Filter{HideMaint: true, Scope: "app"}, []string{"app/web1", "app/web2", "app/web3", "app/web4", "app/web6", "app/web7", "app/web8", "app/BACKEND"}, "UP (5/8)"},
		{"nothing", stats.Filter{Scope: "nothing"}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := statstest.Sample()
			var got []string
			status := ""
			for _, proxy := range tt.filter.Apply(&s).Proxies {
				for _, row := range proxy.Rows {
					got = append(got, row.Proxy+"/"+row.Server)
					if row.Proxy == "app" && row.Scope == stats.Backend {
						status = row.Status()
					}
				}
			}
			if !slices.Equal(got, tt.want) || status != tt.status {
				t.Errorf("got %v with app %q, want %v with %q", got, status, tt.want, tt.status)
			}
			if len(s.Proxies) != 5 || len(s.Proxies[2].Rows) != 9 || s.Proxies[2].Rows[8].Status() != "UP" {
				t.Error("the filter changed the snapshot")
			}
		})
	}
}
