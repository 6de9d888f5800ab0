package latency

import (
	"math"
	"sync"
	"time"
)

// The points of a Trend: how many it remembers, and the time between two of them.
const (
	TrendPoints   = 60
	TrendInterval = 5 * time.Second
)

// Point is what happened in a TrendInterval.
type Point struct {
	Rate float64       // observations per second
	P99  time.Duration // of the TenSeconds up to its end; negative: too few observations
}

// Trend remembers the rate and the p99 of a histogram over the last five minutes, for sparklines.
// The zero value is ready and takes 24 bytes, as does one whose histogram was idle for five
// minutes. It is safe for concurrent use.
type Trend struct {
	mu      sync.Mutex
	counted uint64 // observations as of the newest point
	line    *line  // nil: nothing happened lately
}

// line holds the points.
type line struct {
	base   time.Time
	number int // of the newest point since base, from 1 on
	quiet  int // points without an observation since the last with one
	points [TrendPoints]point
}

// point is a Point, smaller.
type point struct {
	rate float32
	p99  uint32 // microseconds
}

const noP99 = math.MaxUint32

// Tick adds the points of the intervals that have ended. The owner calls it after each h.Tick,
// always with the same h. What scratch holds is lost.
func (t *Trend) Tick(now time.Time, h *Histogram, scratch *Counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	counted := h.counted()
	if counted < t.counted { // cleared
		t.line, t.counted = nil, 0
	}
	if t.line != nil && t.line.ended(now) < 0 { // the clock was set back
		t.line = nil
	}
	if t.line == nil {
		if counted == t.counted {
			return
		}
		t.line = &line{base: now}
	}
	ended := t.line.ended(now)
	if ended == 0 {
		return
	}
	p := point{p99: noP99}
	if fresh := counted - t.counted; fresh > 0 {
		p.rate = float32(float64(fresh) / (float64(ended) * TrendInterval.Seconds()))
		p.p99 = p99Of(h, now, scratch)
	}
	t.counted = counted
	if t.line.add(p, ended); t.line.quiet >= TrendPoints {
		t.line = nil
	}
}

// Points returns the points up to the last tick, oldest first.
func (t *Trend) Points() []Point {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.line == nil {
		return nil
	}
	points := make([]Point, 0, TrendPoints)
	for n := max(1, t.line.number-TrendPoints+1); n <= t.line.number; n++ {
		points = append(points, t.line.points[n%TrendPoints].public())
	}
	return points
}

// Clear forgets the points.
func (t *Trend) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line, t.counted = nil, 0
}

func p99Of(h *Histogram, now time.Time, scratch *Counts) uint32 {
	scratch.Reset()
	h.AddRecent(scratch, TenSeconds, now)
	if p99 := scratch.Quantiles().P99; p99 != absent {
		return uint32(p99 / time.Microsecond)
	}
	return noP99
}

// ended returns the intervals that have ended since the newest point; negative: time went back.
func (l *line) ended(now time.Time) int {
	return int(math.Floor(now.Sub(l.base).Seconds()/TrendInterval.Seconds())) - l.number
}

// add adds p several times: after a late tick nobody knows when things happened.
func (l *line) add(p point, times int) {
	for n := max(1, times-TrendPoints+1); n <= times; n++ {
		l.points[(l.number+n)%TrendPoints] = p
	}
	l.number += times
	l.quiet += times
	if p.rate > 0 {
		l.quiet = 0
	}
}

func (p point) public() Point {
	if p.p99 == noP99 {
		return Point{Rate: float64(p.rate), P99: absent}
	}
	return Point{Rate: float64(p.rate), P99: time.Duration(p.p99) * time.Microsecond}
}
