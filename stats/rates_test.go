package stats_test

import (
	"maps"
	"testing"
	"time"

	"relais/stats"
)

func TestRates(t *testing.T) {
	type step struct {
		at         time.Duration
		total      uint64
		sample     bool
		rate, peak uint64
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"steady traffic shows its rate at any moment", []step{
			{0, 0, true, 0, 0}, {time.Second, 100, true, 100, 100},
			{1300 * time.Millisecond, 130, false, 100, 100}, {1900 * time.Millisecond, 190, false, 100, 100},
			{2 * time.Second, 200, true, 100, 100}}},
		{"what stopped fades within a second", []step{
			{0, 0, true, 0, 0}, {time.Second, 100, true, 100, 100},
			{1500 * time.Millisecond, 100, false, 50, 100}, {2 * time.Second, 100, false, 0, 100}}},
		{"a burst shows at once and stays the maximum", []step{
			{0, 0, true, 0, 0}, {time.Second, 0, true, 0, 0},
			{1100 * time.Millisecond, 70, false, 70, 70}, {2 * time.Second, 70, true, 70, 70},
			{3 * time.Second, 70, true, 0, 70}}},
		{"a late sample is no burst", []step{
			{0, 0, true, 0, 0}, {10 * time.Second, 100, false, 10, 10}, {10 * time.Second, 100, true, 10, 10}}},
		{"two samples at once are no burst", []step{
			{0, 0, true, 0, 0}, {time.Second, 100, true, 100, 100}, {1001 * time.Millisecond, 101, true, 101, 101},
			{2 * time.Second, 200, true, 100, 101}}},
		{"totals that start again are no burst", []step{
			{0, 1000, true, 0, 0}, {time.Second, 1100, true, 100, 100},
			{1500 * time.Millisecond, 5, false, 0, 100}, {2 * time.Second, 10, true, 0, 100},
			{3 * time.Second, 60, true, 50, 100}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var rates stats.Rates[string]
			start := time.Unix(1000, 0)
			for _, s := range tt.steps {
				now := start.Add(s.at)
				if s.sample {
					rates.Sample(now, maps.All(map[string]uint64{"app": s.total}))
				}
				if rate, peak := rates.At(now, "app", s.total); rate != s.rate || peak != s.peak {
					t.Errorf("at %v: %d, peak %d; want %d, peak %d", s.at, rate, peak, s.rate, s.peak)
				}
			}
		})
	}
}

func TestRatesForgetWhatIsGone(t *testing.T) {
	var rates stats.Rates[string]
	start := time.Unix(1000, 0)
	rates.Sample(start, maps.All(map[string]uint64{"web1": 0}))
	rates.Sample(start.Add(time.Second), maps.All(map[string]uint64{"web1": 100}))
	rates.Sample(start.Add(2*time.Second), maps.All(map[string]uint64{"web2": 0}))
	if rate, peak := rates.At(start.Add(2*time.Second), "web1", 100); rate != 0 || peak != 0 {
		t.Errorf("web1 is gone but shows %d, peak %d", rate, peak)
	}
}
