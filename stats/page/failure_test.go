package page

import (
	"fmt"
	"slices"
	"testing"

	"relais/stats"
	"relais/stats/statstest"
)

func TestFailures(t *testing.T) {
	s := statstest.Busy()
	for _, tt := range []struct {
		scope string
		want  []string
	}{
		{"", []string{
			"web refused bare_lf: 4 ()", "web refused target: 3 ()", "web reported target: 12 ()",
			"app failed the server did not answer in time: 33 (web2 31, web3 2)", "app failed connection refused: 4 (web2 4)", "app failed no server is usable: 1 ()",
			"app retried connection refused: 4 (web2 4)", "app refused status_line: 1 ()",
		}},
		{"we", []string{"web refused bare_lf: 4 ()", "web refused target: 3 ()", "web reported target: 12 ()"}},
		{"nobody", nil},
	} {
		var got []string
		for _, f := range newFailures(&s, Options{Options: stats.Options{Filter: stats.Filter{Scope: tt.scope}}}) {
			got = append(got, fmt.Sprintf("%s %s %s: %s (%s)", f.Proxy, f.What, f.Cause, f.Count, f.Servers))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q,\nwant %q", tt.scope, got, tt.want)
		}
	}
}

// The servers of a cause are bounded, the worst first.
func TestSharesAreBounded(t *testing.T) {
	of := map[string]uint64{}
	for i := range 100 {
		of[fmt.Sprintf("web%d", i)] = uint64(i * 100)
	}
	if got, want := plain(shares(of)), "web99 9 900, web98 9 800, web97 9 700, web96 9 600, web95 9 500, and 95 more"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The tips of the errors and retries have the causes.
func TestCausesInTips(t *testing.T) {
	s := statstest.Busy()
	r := &s.Proxies[1].Rows[1]
	failed := []line{{Name: "Failed requests by cause"}, {"– the server did not answer in time", "31"}, {"– connection refused", "4"}}
	if got := failuresTip(r); !slices.Equal(got, failed) {
		t.Errorf("%q", got)
	}
	if got := abortsTip(r); !slices.Equal(got[2:], failed) {
		t.Errorf("%q", got)
	}
	if got, want := retriesTip(r), []line{{Name: "Retries by cause"}, {"– connection refused", "4"}}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := failuresTip(&stats.Row{}); got != nil {
		t.Errorf("%q", got)
	}
}
