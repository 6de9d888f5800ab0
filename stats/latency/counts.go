package latency

import (
	"encoding/binary"
	"time"
)

// Counts is the sum of any number of histograms, such as of a backend's servers, and the scratch
// paper of ticks. It is large (11 KiB), so its owner keeps one and resets it. The zero value is
// ready. It is not safe for concurrent use.
type Counts struct {
	of       [buckets]uint64
	from, to int // all others are 0
	count    uint64

	tick, part []byte // encoded: paper for windows.add
}

// Quantiles are the percentiles of some observations. A percentile is the nearest rank: the least
// latency that at least so many per cent of the observations do not exceed. Of its bucket the
// middle is told, which is within 1 % of what was recorded and, below 100 us, exact.
//
// A percentile that too few observations would be beyond is negative. That is p50 of none, p90
// below 10, p99 below 100 and p99.9 below 10,000 observations.
type Quantiles struct {
	Count               uint64
	P50, P90, P99, P999 time.Duration
}

// absent is what Quantiles and Point have in the place of a percentile of too few observations.
const absent = time.Duration(-1)

// Reset makes c empty.
func (c *Counts) Reset() {
	clear(c.of[c.from:c.to])
	c.from, c.to, c.count = 0, 0, 0
}

// Count returns the number of observations.
func (c *Counts) Count() uint64 { return c.count }

// Quantiles returns the percentiles.
func (c *Counts) Quantiles() Quantiles {
	q := Quantiles{Count: c.count}
	wanted := [...]struct {
		thousandths, least uint64
		to                 *time.Duration
	}{{500, 1, &q.P50}, {900, 10, &q.P90}, {990, 100, &q.P99}, {999, 10_000, &q.P999}}
	i, below := c.from, uint64(0)
	for _, w := range wanted {
		if c.count < w.least {
			*w.to = absent
			continue
		}
		rank := (c.count*w.thousandths + 999) / 1000
		for below+c.of[i] < rank {
			below += c.of[i]
			i++
		}
		*w.to = middle(i)
	}
	return q
}

// middle returns the middle of the recorded latencies that bucket i stands for.
func middle(i int) time.Duration {
	from, to := span(i)
	return time.Duration(from+to-1) * time.Microsecond / 2
}

func (c *Counts) add(i int, n uint64) {
	if n == 0 {
		return
	}
	if c.count == 0 {
		c.from, c.to = i, i+1
	}
	c.from, c.to = min(c.from, i), max(c.to, i+1)
	c.of[i] += n
	c.count += n
}

// encode appends the counts: uvarints, one for each bucket from the first on, where 0 is followed
// by the number of buckets that are empty.
func (c *Counts) encode(to []byte) []byte {
	empty := c.from
	for _, n := range c.of[c.from:c.to] {
		if n == 0 {
			empty++
			continue
		}
		if empty > 0 {
			to = binary.AppendUvarint(append(to, 0), uint64(empty))
			empty = 0
		}
		to = binary.AppendUvarint(to, n)
	}
	return to
}

// decode adds what encode made. Most numbers take one byte, which it reads itself.
func (c *Counts) decode(from []byte) {
	empty := false // the next number is one of empty buckets
	for i := 0; len(from) > 0; {
		n, size := uint64(from[0]), 1
		if n >= 0x80 {
			n, size = binary.Uvarint(from)
		}
		from = from[size:]
		switch {
		case empty:
			i, empty = i+int(n), false
		case n == 0:
			empty = true
		default:
			c.add(i, n)
			i++
		}
	}
}
