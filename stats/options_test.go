package stats_test

import (
	"testing"

	"relais/stats"
)

func TestParseOptions(t *testing.T) {
	for _, tt := range []struct {
		suffix, query string
		want          stats.Options
	}{
		{"", "", stats.Options{}},
		{"/", "", stats.Options{}},
		{";csv", "", stats.Options{Format: stats.CSV}},
		{"/;csv;", "", stats.Options{Format: stats.CSV}},
		{";json", "", stats.Options{Format: stats.JSON}},
		{";json;csv", "", stats.Options{Format: stats.JSON}},
		{";csv;norefresh", "", stats.Options{Format: stats.CSV, NoRefresh: true}},
		{";norefresh;up", "", stats.Options{NoRefresh: true, Filter: stats.Filter{HideDown: true}}},
		{";no-maint", "", stats.Options{Filter: stats.Filter{HideMaint: true}}},
		{"", "scope=app", stats.Options{Filter: stats.Filter{Scope: "app"}}},
		{";up", "scope=a+b%26c", stats.Options{Filter: stats.Filter{HideDown: true, Scope: "a b&c"}}},
		{";scope=app;csv", "", stats.Options{Format: stats.CSV, Filter: stats.Filter{Scope: "app"}}},
		{"/", ";csv;scope=b1", stats.Options{Format: stats.CSV, Filter: stats.Filter{Scope: "b1"}}},
		{"", "scope=100%", stats.Options{Filter: stats.Filter{Scope: "100%"}}},
		{"", "scope=", stats.Options{}},
		{";typed;upward;CSV", "x=y", stats.Options{}},
		{";live;up", "", stats.Options{Format: stats.Live, Filter: stats.Filter{HideDown: true}}},
		{";csv;live", "", stats.Options{Format: stats.CSV}},
		{";refresh", "", stats.Options{Refresh: true}},
		{";window=5m", "", stats.Options{Window: "5m"}},
		{"", "window=10s", stats.Options{Window: "10s"}},
		{";window=5m;window=1m", "window=2h", stats.Options{}},
		{";st=DONE;up", "", stats.Options{Outcome: stats.OutcomeDone, Filter: stats.Filter{HideDown: true}}},
		{"/;st=PART", "scope=app", stats.Options{Outcome: stats.OutcomePartial, Filter: stats.Filter{Scope: "app"}}},
		{";st=<b>", "", stats.Options{Outcome: stats.OutcomeUnknown}},
		{";st", "", stats.Options{Outcome: stats.OutcomeUnknown}},
	} {
		if got := stats.ParseOptions(tt.suffix, tt.query); got != tt.want {
			t.Errorf("ParseOptions(%q, %q) = %+v, want %+v", tt.suffix, tt.query, got, tt.want)
		}
	}
}

// Whatever an address asks for, Suffix asks for the same.
func FuzzParseOptions(f *testing.F) {
	f.Add(";csv;norefresh", "scope=app")
	f.Add("/;up;no-maint;json", ";scope=%zz")
	f.Add(";live;st=DONE", "up")
	f.Add(";st=DONE;refresh;norefresh", "st=what")
	f.Add(";window=10s;up", "window=5m")
	f.Add(";scope=a;scope=b%3B%3f", "&&;;")
	f.Fuzz(func(t *testing.T, suffix, query string) {
		o := stats.ParseOptions(suffix, query)
		if again := stats.ParseOptions(o.Suffix(), ""); again != o {
			t.Errorf("%+v became %+v behind %q", o, again, o.Suffix())
		}
	})
}
