package latency

import (
	"math/bits"
	"time"
)

// limit is the longest latency that is told apart, in microseconds: an hour.
const limit = uint64(time.Hour / time.Microsecond)

// buckets is their number: 100 of one microsecond, 175 for each decade from 100 us to 1000 s, and
// 100 from there to an hour. The last begins with the hour.
const buckets = 100 + 7*175 + 100

// segment is a range of latencies whose buckets have the same width, all in microseconds.
type segment struct {
	from, to uint64
	width    uint64
	inverse  uint64 // of the width: multiplying costs less than dividing
	first    int    // bucket
}

// shift is the scale of segment.inverse. No segment has more than 100 buckets and none is wider
// than 2^26, so that a product stays below 2^62, and rounding up never reaches the next bucket.
const shift = 55

// segments and octaves are the layout: buckets are linear between two edges, and the edges are 1,
// 2.5 and 5 times the powers of ten, for those are Prometheus's customary bounds, and a bound that
// is an edge is counted exactly. A bucket is at most 2 % as wide as its values are high.
var (
	segments = layout()
	octaves  = octavesOf(segments)
)

// index returns the bucket of a latency of us microseconds.
func index(us uint64) int {
	us = min(us, limit)
	s := &segments[octaves[bits.Len64(us)]]
	if us >= s.to {
		s = &segments[octaves[bits.Len64(us)]+1]
	}
	return s.first + int((us-s.from)*s.inverse>>shift)
}

// span returns the lowest latency in bucket i, and the lowest that is above it.
func span(i int) (from, to uint64) {
	s := &segments[0]
	if i >= 100 {
		decade, rest := (i-100)/175, (i-100)%175
		third := 0
		if rest >= 75 {
			third = 1 + (rest-75)/50
		}
		s = &segments[1+3*decade+third]
	}
	from = s.from + uint64(i-s.first)*s.width
	return from, from + s.width
}

func layout() (all [24]segment) {
	all[0] = segment{to: 100, width: 1, inverse: 1 << shift}
	from, first := uint64(100), 100
	for i := 1; i < len(all); i++ {
		s := segment{from: from, width: from / 50, first: first}
		s.to = 2 * from
		if i%3 == 1 {
			s.to = from * 5 / 2
		}
		s.inverse = (1<<shift + s.width - 1) / s.width
		all[i] = s
		from, first = s.to, first+int((s.to-s.from)/s.width)
	}
	return all
}

// octavesOf tells for each length of a number in bits the segment of the lowest such number. An
// edge is at least twice the one before, so that all others are in that segment or the next.
func octavesOf(segments [24]segment) (octaves [33]uint8) {
	for i := 1; i < len(octaves); i++ {
		octaves[i] = octaves[i-1]
		if s := segments[octaves[i]]; uint64(1)<<(i-1) >= s.to {
			octaves[i]++
		}
	}
	return octaves
}
