package discovery

import (
	"math/rand/v2"
	"time"
)

const (
	longestTTL     = time.Hour
	longestBackoff = 30 * time.Second
	backoffPauses  = 8 // intervals, which a back-off does not exceed either
)

// pause returns how long to wait for the next question. Jitter only shortens it. "No such name" is
// an answer like any other: what comes back is found an interval later.
func (r *record) pause(n Name) time.Duration {
	usual := jittered(n.Interval, 10)
	switch {
	case r.failures > 0:
		return max(usual, jittered(backoff(n.Interval, r.failures), 2))
	case n.HonorTTL && r.answer.Err == nil:
		return max(usual, jittered(r.ttl, 10))
	}
	return usual
}

// backoff returns the longest pause after so many failures in a row: interval doubled for each,
// within bounds, but never less than interval.
func backoff(interval time.Duration, failures int) time.Duration {
	most := max(interval, min(longestBackoff, interval*backoffPauses))
	for range failures {
		if interval *= 2; interval >= most {
			return most
		}
	}
	return interval
}

// jittered takes up to a part of it off d, by chance, so that names that were asked for together
// drift apart.
func jittered(d time.Duration, part int) time.Duration {
	return d - rand.N(d/time.Duration(part)+1)
}
