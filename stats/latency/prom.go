package latency

import "math"

// Schema is the resolution of Native: eight buckets for each power of two, each 9 % wider than the
// one before.
const Schema = 3

// ZeroThreshold is the width of the zero bucket of Native in seconds. What took less than a
// microsecond was recorded as nothing.
const ZeroThreshold = 1e-6

// Bounds returns the upper bounds in seconds of a classic Prometheus histogram of requests.
func Bounds() []float64 {
	return []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
}

// Sum returns the sum of the latencies in seconds, within 1 %: each counts as the middle of its
// bucket. An exact sum would take another counter that all processors write.
func (c *Counts) Sum() float64 {
	sum := 0.0
	for i := c.from; i < c.to; i++ {
		sum += float64(c.of[i]) * middle(i).Seconds()
	}
	return sum
}

// Classic returns for each bound, in seconds and ascending, how many observations do not exceed
// it: the buckets of a classic Prometheus histogram. Bounds of 1, 2.5 and 5 times a power of ten
// from 100 us on are exact (what took a bound's time to the nanosecond counts as longer). A bucket
// that another bound would cut counts as longer, so that such a bound may be up to 2 % lower.
func (c *Counts) Classic(bounds []float64) []uint64 {
	cumulative := make([]uint64, len(bounds))
	i, below := c.from, uint64(0)
	for b, bound := range bounds {
		for ; i < c.to; i++ {
			if _, to := span(i); float64(to) > math.Round(bound*1e6) {
				break
			}
			below += c.of[i]
		}
		cumulative[b] = below
	}
	return cumulative
}

// Native returns the buckets of a native Prometheus histogram: observations in the zero bucket,
// and the others by the number i of their bucket, which is from 2^((i-1)/8) to 2^(i/8) seconds. An
// observation within 1 % of such an edge may be on the other side of it.
func (c *Counts) Native() (zero uint64, positive map[int]int64) {
	positive = map[int]int64{}
	for i := c.from; i < c.to; i++ {
		switch {
		case c.of[i] == 0:
		case i == 0:
			zero = c.of[0]
		default:
			from, to := span(i)
			positive[nativeOf(float64(from+to)/2e6)] += int64(c.of[i])
		}
	}
	return zero, positive
}

func nativeOf(seconds float64) int { return int(math.Ceil(math.Log2(seconds) * (1 << Schema))) }
