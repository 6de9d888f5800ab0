package latency_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relais/stats/latency"
)

// distributions are latencies in microseconds, as they are recorded.
func distributions() map[string]func(r *rand.Rand) uint64 {
	return map[string]func(r *rand.Rand) uint64{
		"constant":   func(*rand.Rand) uint64 { return 1234 },
		"uniform":    func(r *rand.Rand) uint64 { return r.Uint64N(50_000) },
		"lognormal":  func(r *rand.Rand) uint64 { return uint64(2000 * math.Exp(r.NormFloat64()*0.8)) },
		"heavy tail": func(r *rand.Rand) uint64 { return uint64(300 / math.Pow(1-r.Float64(), 1.2)) },
		"fast":       func(r *rand.Rand) uint64 { return uint64(40 * math.Exp(r.NormFloat64()*0.5)) },
		"bimodal": func(r *rand.Rand) uint64 {
			if r.IntN(100) < 93 {
				return 400 + r.Uint64N(80)
			}
			return 180_000 + r.Uint64N(40_000)
		},
	}
}

// What is told is within 1 % of the sorted latencies, and not below 100 us off at all.
func TestQuantilesAgainstSorting(t *testing.T) {
	const samples = 1_000_000
	for name, draw := range distributions() {
		t.Run(name, func(t *testing.T) {
			random := newRandom()
			var histogram latency.Histogram
			all := make([]uint64, samples)
			for i := range all {
				all[i] = draw(random)
				histogram.Observe(all[i])
			}
			slices.Sort(all)
			var recent, total latency.Counts
			histogram.AddRecent(&recent, latency.TenSeconds, time.Now())
			histogram.AddTotal(&total)
			q := recent.Quantiles()
			if q != total.Quantiles() || q.Count != samples {
				t.Fatalf("recently %+v, in total %+v", q, total.Quantiles())
			}
			for _, p := range []struct {
				thousandths int
				got         time.Duration
			}{{500, q.P50}, {900, q.P90}, {990, q.P99}, {999, q.P999}} {
				exact := min(all[samples*p.thousandths/1000-1], 3_600_000_000)
				got := float64(p.got) / float64(time.Microsecond)
				if off := math.Abs(got-float64(exact)) / max(1, float64(exact)); off > 0.01 || exact < 100 && off > 0 {
					t.Errorf("p%g is %v, exactly %d us: %.2f %% off", float64(p.thousandths)/10, p.got, exact, off*100)
				}
			}
		})
	}
}

func TestQuantilesOfFew(t *testing.T) {
	const absent = -1
	for _, tt := range []struct {
		observations uint64 // 1 us, 2 us ... up to 90 us, and again
		want         latency.Quantiles
	}{
		{0, latency.Quantiles{P50: absent, P90: absent, P99: absent, P999: absent}},
		{1, latency.Quantiles{P50: 1 * time.Microsecond, P90: absent, P99: absent, P999: absent}},
		{2, latency.Quantiles{P50: 1 * time.Microsecond, P90: absent, P99: absent, P999: absent}},
		{3, latency.Quantiles{P50: 2 * time.Microsecond, P90: absent, P99: absent, P999: absent}},
		{10, latency.Quantiles{P50: 5 * time.Microsecond, P90: 9 * time.Microsecond, P99: absent, P999: absent}},
		{90, latency.Quantiles{P50: 45 * time.Microsecond, P90: 81 * time.Microsecond, P99: absent, P999: absent}},
		{180, latency.Quantiles{P50: 45 * time.Microsecond, P90: 81 * time.Microsecond, P99: 90 * time.Microsecond, P999: absent}},
		{9990, latency.Quantiles{P50: 45 * time.Microsecond, P90: 81 * time.Microsecond, P99: 90 * time.Microsecond, P999: absent}},
		{10_080, latency.Quantiles{P50: 45 * time.Microsecond, P90: 81 * time.Microsecond, P99: 90 * time.Microsecond, P999: 90 * time.Microsecond}},
	} {
		var histogram latency.Histogram
		for i := range tt.observations {
			histogram.Observe(i%90 + 1)
		}
		var counts latency.Counts
		histogram.AddTotal(&counts)
		tt.want.Count = tt.observations
		if got := counts.Quantiles(); got != tt.want {
			t.Errorf("%d observations: %+v, want %+v", tt.observations, got, tt.want)
		}
	}
}

// A backend's percentiles are those of all its servers' requests, not a mean of theirs.
func TestQuantilesOfABackend(t *testing.T) {
	var fast, slow, idle latency.Histogram
	for range 9900 {
		fast.Observe(50)
	}
	for range 100 {
		slow.Observe(3_600_000_000 * 2)
	}
	var counts latency.Counts
	for round := range 2 { // the same scratch again
		counts.Reset()
		for _, h := range []*latency.Histogram{&slow, &idle, &fast} {
			h.AddRecent(&counts, latency.Minute, time.Now())
		}
		q := counts.Quantiles()
		if q.Count != 10_000 || q.P50 != 50*time.Microsecond || q.P99 != 50*time.Microsecond || q.P999 < time.Hour || q.P999 > time.Hour*101/100 {
			t.Errorf("round %d: %+v", round, q)
		}
	}
}
