package lb

import (
	"math"
	"time"
)

const (
	// unknownMean is what requests are supposed to take before one has succeeded. It is long, so that
	// a server that fails at once does not get everything while the first answers are awaited.
	unknownMean = float64(time.Second)

	// outlier is how many times the mean a request counts at most: a download of an hour says nothing
	// about the next request.
	outlier = 10

	// forgotten is when decayed failures are none.
	forgotten = 0.01

	// inertia is the number of requests over which the mean is taken.
	inertia = 64
)

// work knows how busy the servers of a farm are. A failure counts as a request in flight for as
// long as an ordinary request takes, or as the failure itself has taken: a server that fails within
// a millisecond is never busy, and one that hangs has nothing to do once everybody has given up, so
// that they would otherwise get nearly everything.
type work struct {
	latency float64 // mean of the farm's requests that succeeded, in ns; 0: there was none
}

// mean is how long an ordinary request takes, in nanoseconds.
func (w *work) mean() float64 {
	if w.latency == 0 {
		return unknownMean
	}
	return w.latency
}

func (w *work) done(s *Server, took time.Duration, failed bool, now time.Time) {
	if failed {
		s.failures = w.failures(s, now) + 1
		s.failed, s.lasts = now, float64(took)
		return
	}
	sample := max(float64(took), float64(time.Microsecond))
	if w.latency == 0 {
		w.latency = sample
	}
	w.latency += (min(sample, outlier*w.latency) - w.latency) / inertia
}

// of returns the requests that s has in flight, with those that have failed lately. Failures decay
// exponentially; rounded like this, a single one counts for exactly as long as it should.
func (w *work) of(s *Server, now time.Time) int {
	if s.failures == 0 {
		return s.Served
	}
	left := w.failures(s, now)
	if left < forgotten {
		s.failures = 0
	}
	return s.Served + int(left+1-1/math.E)
}

func (w *work) failures(s *Server, now time.Time) float64 {
	return s.failures * decay(now.Sub(s.failed), max(w.mean(), s.lasts))
}

// decay is what is left of 1 after elapsed when it falls to 1/e within constant, in nanoseconds.
func decay(elapsed time.Duration, constant float64) float64 {
	return math.Exp(-max(float64(elapsed), 0) / constant)
}
