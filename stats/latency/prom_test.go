package latency_test

import (
	"maps"
	"math"
	"slices"
	"testing"

	"relais/stats/latency"
)

func TestClassic(t *testing.T) {
	for name, draw := range distributions() {
		random := newRandom()
		var histogram latency.Histogram
		want := make([]uint64, len(latency.Bounds()))
		const samples = 100_000
		sum := uint64(0)
		for range samples {
			us := draw(random)
			histogram.Observe(us)
			sum += min(us, 3_600_000_000)
			for i, bound := range latency.Bounds() {
				if float64(us) < bound*1e6 {
					want[i]++
				}
			}
		}
		var c latency.Counts
		histogram.AddTotal(&c)
		if got := c.Classic(latency.Bounds()); !slices.Equal(got, want) {
			t.Errorf("%s: buckets %v, want %v", name, got, want)
		}
		if got, want := c.Sum(), float64(sum)/1e6; math.Abs(got-want) > want*0.01 {
			t.Errorf("%s: sum %g s, want %g s", name, got, want)
		}
	}
}

func TestClassicBoundsThatAreNoEdges(t *testing.T) {
	var histogram latency.Histogram
	for _, us := range []uint64{0, 99, 100, 109, 1010, 1030, 4_099_999, 4_100_000} {
		histogram.Observe(us)
	}
	var c latency.Counts
	histogram.AddTotal(&c)
	bounds := []float64{0.000001, 0.0001, 0.000109, 0.00011, 0.00103, 0.00104, 4.1, math.Inf(1)}
	if got, want := c.Classic(bounds), []uint64{1, 2, 3, 4, 5, 6, 7, 8}; !slices.Equal(got, want) {
		t.Errorf("buckets %v, want %v", got, want)
	}
}

// Every observation is in its bucket or, within 1 % of an edge, in the neighbouring one.
func TestNative(t *testing.T) {
	for us := uint64(1); us < 3_600_000_000; us += us/97 + 1 {
		var histogram latency.Histogram
		histogram.Observe(us)
		var c latency.Counts
		histogram.AddTotal(&c)
		zero, positive := c.Native()
		if zero != 0 || len(positive) != 1 {
			t.Fatalf("%d us: zero %d, buckets %v", us, zero, positive)
		}
		for i, n := range positive {
			// A duration that is recorded as us is anywhere up to the next microsecond.
			low, high := edge(i-1)/1.01, edge(i)*1.01
			if n != 1 || float64(us+1)/1e6 <= low || float64(us)/1e6 > high {
				t.Fatalf("%d us are in bucket %d, from %g to %g s", us, i, edge(i-1), edge(i))
			}
		}
	}
}

func TestNativeHasAll(t *testing.T) {
	for name, draw := range distributions() {
		random := newRandom()
		var histogram latency.Histogram
		for range 10_000 {
			histogram.Observe(draw(random))
		}
		histogram.Observe(0)
		var c latency.Counts
		histogram.AddTotal(&c)
		zero, positive := c.Native()
		all := int64(zero)
		for n := range maps.Values(positive) {
			all += n
		}
		if zero == 0 || all != 10_001 {
			t.Errorf("%s: %d observations, %d of them zero, want 10001", name, all, zero)
		}
	}
}

// edge is the upper bound of bucket i of a native histogram of schema 3, in seconds.
func edge(i int) float64 { return math.Exp2(float64(i) / 8) }
