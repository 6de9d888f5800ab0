package page

import (
	"slices"
	"strings"
	"testing"
	"time"

	"relais/stats"
	"relais/stats/statstest"
)

func TestSummarize(t *testing.T) {
	down := func(r *stats.Row) {
		r.Health, r.LastChange = stats.Down, 12*time.Second
		r.Check = &stats.Check{Status: "L4CON", Detail: "connection refused", Rise: 2, Fall: 3}
	}
	unchecked := func(r *stats.Row) { r.Health, r.Check = stats.NoCheck, nil }
	maint := func(r *stats.Row) { r.Maintenance, r.LastChange = true, 2*time.Hour }
	ordered := func(r *stats.Row) {
		maint(r)
		r.Orders = []stats.Order{{What: "state maint", By: "ops", At: statstest.Now}}
	}
	following := func(r *stats.Row) { maint(r); r.Tracked = "db/db1" }
	unresolved := func(r *stats.Row) {
		r.Unresolved, r.Resolved, r.LastChange = true, "web.example: no such host", 12*time.Second
	}
	paused := func(r *stats.Row) { r.ChecksPaused = true }
	failing := func(r *stats.Row) {
		r.Check = &stats.Check{Status: "L7STS", Description: "Layer7 wrong status", Rise: 2, Fall: 3, Level: 3}
	}
	for _, tt := range []struct {
		name    string
		change  [3]func(*stats.Row)
		level   string
		line    string
		details []string
	}{
		{"all up", [3]func(*stats.Row){}, "good", "All 3 servers of app are up", nil},
		{"one down", [3]func(*stats.Row){nil, down}, "bad", "web2 is DOWN since 12 s: connection refused", nil},
		{"two down", [3]func(*stats.Row){nil, down, down}, "bad", "web2 is DOWN since 12 s: connection refused", []string{"web3 is DOWN since 12 s: connection refused"}},
		{"one failing", [3]func(*stats.Row){failing}, "warn", "web1 fails its checks, UP 2/3: Layer7 wrong status", nil},
		{"one in maintenance", [3]func(*stats.Row){maint}, "good", "2 of 3 servers of app are in service and up", []string{"web1 is in maintenance since 2 h"}},
		{"one ordered into maintenance", [3]func(*stats.Row){ordered}, "good", "2 of 3 servers of app are in service and up", nil},
		{"one in maintenance with another", [3]func(*stats.Row){following}, "good", "2 of 3 servers of app are in service and up", []string{"web1 is in maintenance since 2 h with db/db1"}},
		{"one without an address", [3]func(*stats.Row){nil, unresolved}, "warn", "web2 has no address since 12 s: web.example: no such host", nil},
		{"one with paused checks", [3]func(*stats.Row){paused}, "good", "All 3 servers of app are up", []string{"the checks of web1 are paused: it counts as UP whatever happens"}},
		{"one not checked", [3]func(*stats.Row){unchecked}, "good", "All 2 checked servers of app are up, 1 not checked", nil},
		{"none checked", [3]func(*stats.Row){unchecked, unchecked, unchecked}, "good", "3 servers of app: no health checks, taken as up", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := statstest.Healthy()
			for i, change := range tt.change {
				if change != nil {
					change(&s.Proxies[1].Rows[i])
				}
			}
			got := summarize(&s)
			if got.Level != tt.level || plain(got.Line) != tt.line || !slices.Equal(plains(got.Details), tt.details) {
				t.Errorf("%s: %q %q, want %s: %q %q", got.Level, got.Line, got.Details, tt.level, tt.line, tt.details)
			}
		})
	}
}

func TestSummaryOfALostBackend(t *testing.T) {
	s := statstest.Healthy()
	rows := s.Proxies[1].Rows
	for i := range rows {
		rows[i].Health, rows[i].LastChange, rows[i].Active = stats.Down, time.Minute, 0
	}
	if got := summarize(&s); got.Level != "bad" || plain(got.Line) != "app is DOWN since 1 min: it has no usable server" {
		t.Errorf("%s: %q", got.Level, got.Line)
	}
	s.Process.Stopping = true
	if got := summarize(&s); got.Level != "warn" || len(got.Details) != 4 {
		t.Errorf("while stopping: %s: %q %q", got.Level, got.Line, got.Details)
	}
}

// Who has changed what, since when, why and until when.
func TestSummaryOfOrders(t *testing.T) {
	at := func(hour, minute int) time.Time {
		return time.Date(2026, 11, 22, hour, minute, 59, 0, time.FixedZone("", 3600))
	}
	for _, tt := range []struct {
		order stats.Order
		want  string
	}{
		{stats.Order{What: "state maint", By: "ops", At: at(10, 2), Reason: "disk swap", Until: at(11, 32)}, "app/web2: state maint by ops since 09:02: disk swap, until 10:32"},
		{stats.Order{What: "weight 10", By: "ops", At: at(10, 2), Until: at(11, 32)}, "app/web2: weight 10 by ops since 09:02, until 10:32"},
		{stats.Order{What: "state drain", At: at(0, 30), Reason: "test"}, "app/web2: state drain since 2026-11-21 23:30: test"},
	} {
		s := statstest.Healthy()
		s.Proxies[1].Rows[1].Orders = []stats.Order{tt.order}
		if got := summarize(&s); !slices.Equal(got.Orders, []string{tt.want}) {
			t.Errorf("%q, want %q", got.Orders, tt.want)
		}
	}
	s := statstest.Large(200)
	for i := range 200 {
		s.Proxies[1].Rows[i].Orders = []stats.Order{{What: "state drain", By: "ops", At: statstest.Now}}
	}
	if got := summarize(&s).Orders; len(got) != mostDetails+1 || got[mostDetails] != "and 192 more" {
		t.Errorf("%d orders, the last %q", len(got), got[len(got)-1])
	}
}

// Hundreds of servers down must not push the tables out of sight.
func TestSummaryIsBounded(t *testing.T) {
	s := statstest.Large(200)
	for i := range 200 {
		s.Proxies[1].Rows[i].Health = stats.Down
	}
	got := summarize(&s)
	if len(got.Details) != mostDetails+1 || got.Details[mostDetails] != "and 191 more" {
		t.Errorf("%d details, the last %q", len(got.Details), got.Details[len(got.Details)-1])
	}
}

func TestFormats(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{short(0), "0s"},
		{short(61 * time.Second), "1m1s"},
		{short(62 * time.Minute), "1h2m"},
		{short(26 * time.Hour), "1d2h"},
		{short(24*time.Hour + time.Minute), "1d"},
		{plain(long(90 * time.Second)), "1 min 30 s"},
		{uptime(26*time.Hour + 3*time.Minute + 4*time.Second), "1d 2h03m04s"},
		{plain(grouped(1234567)), "1 234 567"},
		{plain(grouped(12)), "12"},
		{plain(grouped(-1)), "-1"},
		{plain(byteSize(0)), "0 B"},
		{plain(byteSize(1023)), "1023 B"},
		{plain(byteSize(1536)), "1.50 KiB"},
		{plain(byteSize(512 << 20)), "512 MiB"},
		{plain(bitRate(4262000)), "4.26 Mbit/s"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

// plain makes the spaces that keep a figure in one piece comparable.
func plain(s string) string { return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s) }

func plains(texts []string) (out []string) {
	for _, s := range texts {
		out = append(out, plain(s))
	}
	return out
}
