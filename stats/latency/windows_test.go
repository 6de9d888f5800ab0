package latency_test

import (
	"testing"
	"time"

	"relais/stats/latency"
)

// recent returns the counts of all windows.
func recent(h *latency.Histogram, now time.Time) (counts [3]uint64) {
	for _, w := range latency.Windows() {
		var c latency.Counts
		h.AddRecent(&c, w, now)
		counts[w] = c.Count()
	}
	return counts
}

func TestWindows(t *testing.T) {
	const s, m = time.Second, time.Minute
	type step struct {
		at      time.Duration
		observe int
		tick    bool
		want    [3]uint64
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"what was just observed shows before the tick", []step{
			{0, 3, false, [3]uint64{3, 3, 3}}, {0, 0, true, [3]uint64{3, 3, 3}}, {0, 2, false, [3]uint64{5, 5, 5}}}},
		{"it leaves the windows one after the other, without a tick", []step{
			{0, 7, true, [3]uint64{7, 7, 7}}, {9 * s, 0, false, [3]uint64{7, 7, 7}},
			{10 * s, 0, false, [3]uint64{0, 7, 7}}, {59 * s, 0, false, [3]uint64{0, 7, 7}},
			{m, 0, false, [3]uint64{0, 0, 7}}, {5*m - s, 0, false, [3]uint64{0, 0, 7}},
			{5 * m, 0, false, [3]uint64{0, 0, 0}}}},
		{"it is in a window for at least four fifths of it", []step{
			{0, 1, true, [3]uint64{1, 1, 1}}, {s, 7, true, [3]uint64{8, 8, 8}}, {9 * s, 0, true, [3]uint64{8, 8, 8}},
			{10 * s, 0, true, [3]uint64{0, 8, 8}}}},
		{"and comes into them anew", []step{
			{0, 7, true, [3]uint64{7, 7, 7}}, {12 * s, 2, true, [3]uint64{2, 9, 9}},
			{72 * s, 1, true, [3]uint64{1, 1, 10}}, {5 * m, 1, true, [3]uint64{1, 1, 2}},
			{20 * m, 0, true, [3]uint64{0, 0, 0}}, {20 * m, 5, true, [3]uint64{5, 5, 5}},
			{20*m + 12*s, 0, true, [3]uint64{0, 5, 5}}}},
		{"a clock that jumps ahead empties them", []step{
			{0, 7, true, [3]uint64{7, 7, 7}}, {24 * time.Hour, 1, true, [3]uint64{1, 1, 1}},
			{24*time.Hour + 12*s, 0, true, [3]uint64{0, 1, 1}}}},
		{"a clock that is set back begins them anew", []step{
			{time.Hour, 7, true, [3]uint64{7, 7, 7}}, {time.Hour + 50*s, 2, true, [3]uint64{2, 2 + 7, 2 + 7}},
			{0, 1, true, [3]uint64{1, 1, 1}}, {5 * s, 1, true, [3]uint64{2, 2, 2}},
			{13 * s, 0, true, [3]uint64{1, 2, 2}}}},
		{"a reader whose clock was read before the tick misses nothing", []step{
			{0, 1, true, [3]uint64{1, 1, 1}}, {4 * s, 1, true, [3]uint64{2, 2, 2}}, {3 * s, 0, false, [3]uint64{2, 2, 2}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var histogram latency.Histogram
			var scratch latency.Counts
			start := time.Unix(1_000_000, 0)
			for _, step := range tt.steps {
				now := start.Add(step.at)
				for range step.observe {
					histogram.Observe(1500)
				}
				if step.tick {
					histogram.Tick(now, &scratch)
				}
				if got := recent(&histogram, now); got != step.want {
					t.Errorf("at %v: %v, want %v", step.at, got, step.want)
				}
			}
		})
	}
}

// Under steady traffic a window holds what its name says, without at most its oldest fifth.
func TestWindowsOfSteadyTraffic(t *testing.T) {
	var histogram latency.Histogram
	var scratch latency.Counts
	start := time.Unix(1_000_000, 0)
	for second := range 1000 {
		for us := range uint64(10) {
			histogram.Observe(us * 300)
		}
		now := start.Add(time.Duration(second) * time.Second)
		histogram.Tick(now, &scratch)
		got := recent(&histogram, now)
		for _, w := range latency.Windows() {
			full := uint64(w.Duration()/time.Second) * 10
			if second > 300 && (got[w] < full*4/5 || got[w] > full) {
				t.Fatalf("second %d: %d in the last %v, want %d to %d", second, got[w], w, full*4/5, full)
			}
		}
	}
}

func TestWindowNames(t *testing.T) {
	for i, want := range []string{"10s", "1m", "5m"} {
		if w := latency.Windows()[i]; w.String() != want {
			t.Errorf("window %v is called %q, want %q", w.Duration(), w, want)
		}
	}
}
