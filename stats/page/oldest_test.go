package page

import (
	"strings"
	"testing"
	"time"

	"relais/stats"
	"relais/stats/latency"
	"relais/stats/statstest"
)

// A server that hangs is pointed at within two seconds, one that always takes long is not.
func TestStalled(t *testing.T) {
	fast, slow := statstest.Times(200, 0, 2*time.Millisecond), statstest.Times(3, 0, 700*time.Millisecond)
	hung := statstest.Times(40, 20, 2*time.Millisecond)
	for _, tt := range []struct {
		name        string
		times       *latency.Times
		oldest      time.Duration
		sessions    int64
		level, note string
	}{
		{"nothing waits", fast, 0, 0, "", ""},
		{"a second", fast, time.Second, 1, "", ""},
		{"more than a second", fast, 1100 * time.Millisecond, 1, "warn", "web1 hangs or is slow: 1 request in flight, the oldest waits for 1.1 s (99.9 % took at most 9.85 ms)"},
		{"slow as always", slow, 1900 * time.Millisecond, 3, "", ""},
		{"slower than ever", slow, 9 * time.Second, 3, "warn", "web1 hangs or is slow: 3 requests in flight, the oldest waits for 9.0 s (99 % took at most 2 525 ms)"},
		{"one of many", fast, 40 * time.Second, 3, "warn", "web1 hangs or is slow: 3 requests in flight, the oldest waits for 40 s (99.9 % took at most 9.85 ms)"},
		{"no answer any more", hung, 20 * time.Second, 1234, "bad", "web1 has not answered for 10 s: 1 234 requests in flight, the oldest waits for 20 s"},
		{"never an answer", &latency.Times{}, 2 * time.Second, 2, "warn", "web1 hangs or is slow: 2 requests in flight, the oldest waits for 2.0 s (no answer in 5 min)"},
		{"nothing is measured", nil, 2 * time.Second, 2, "warn", "web1 hangs or is slow: 2 requests in flight, the oldest waits for 2.0 s (no answer in 5 min)"},
	} {
		r := stats.Row{Scope: stats.Server, Times: tt.times, Oldest: tt.oldest, Sessions: tt.sessions}
		level, note := stalled("web1", &r, statstest.Now, &latency.Counts{})
		if level != tt.level || plain(note) != tt.note {
			t.Errorf("%s: %s %q, want %s %q", tt.name, level, plain(note), tt.level, tt.note)
		}
		marked := oldestCell(&r, newLately(timesOf(r), statstest.Now, &latency.Counts{})[latency.FiveMinutes].answers).Class == "late"
		if marked != (tt.note != "") {
			t.Errorf("%s: the row is marked: %v", tt.name, marked)
		}
	}
}

// What a server that is DOWN or in maintenance leaves unanswered is no news.
func TestSummaryOfAHang(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*stats.Row)
		line   string
	}{
		"up":       {func(*stats.Row) {}, "web2 hangs or is slow: 12 requests in flight, the oldest waits for 3.2 s (no answer in 5 min)"},
		"draining": {func(r *stats.Row) { r.Draining = true }, "web2 hangs or is slow: 12 requests in flight, the oldest waits for 3.2 s (no answer in 5 min)"},
		"down":     {func(r *stats.Row) { r.Health = stats.Down }, "web2 is DOWN since 1 h 2 min"},
		"maint":    {func(r *stats.Row) { r.Maintenance = true }, "2 of 3 servers of app are in service and up"},
	} {
		s := statstest.Healthy()
		r := &s.Proxies[1].Rows[1]
		r.Oldest, r.Sessions, r.Check = 3200*time.Millisecond, 12, nil
		tt.change(r)
		got := summarize(&s)
		if plain(got.Line) != tt.line || strings.Contains(strings.Join(got.Details, " "), "hangs") {
			t.Errorf("%s: %q %q, want %q", name, got.Line, got.Details, tt.line)
		}
	}
}

func TestWaited(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		4 * time.Millisecond:    {"4 ms", "4ms"},
		3240 * time.Millisecond: {"3.2 s", "3.2s"},
		65 * time.Second:        {"1 min 5 s", "1m5s"},
	} {
		if got := [2]string{plain(waited(d)), briefly(d)}; got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}
