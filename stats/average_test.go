package stats

import "testing"

// The average is exact over the first samples, as HAProxy's is, and then follows the last ones.
func TestAverage(t *testing.T) {
	for _, test := range []struct {
		name          string
		samples       func(observe func(us uint64))
		average, peak uint64
		within        uint64
	}{
		{"none", func(func(uint64)) {}, 0, 0, 0},
		{"one", func(observe func(uint64)) { observe(20000) }, 20000, 20000, 0},
		{"a few", func(observe func(uint64)) { observe(10000); observe(20000); observe(0) }, 10000, 20000, 0},
		{"two after a window", func(observe func(uint64)) {
			for range 20 * averageWindow {
				observe(1000)
			}
			for range 10 * averageWindow {
				observe(3000)
			}
		}, 3000, 3000, 2},
		{"longer than fits", func(observe func(uint64)) {
			for range 2 * averageWindow {
				observe(1 << 60)
			}
		}, longestSample, 1 << 60, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			var a Average
			test.samples(a.Observe)
			average, peak := a.Load()
			if average+test.within < test.average || average > test.average+test.within || peak != test.peak {
				t.Errorf("average %d, peak %d; want %d, %d", average, peak, test.average, test.peak)
			}
		})
	}
}

func BenchmarkAverage(b *testing.B) {
	var a Average
	for b.Loop() {
		a.Observe(1234)
	}
}
