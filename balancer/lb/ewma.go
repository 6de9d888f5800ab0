package lb

import (
	"math"
	"time"
)

const (
	// memory is the time in which what is known of a server's latency falls to 1/e.
	memory = 10 * time.Second

	// near is how many times the least cost a server may cost to take turns with the cheapest. Without
	// it noise would decide, and a quiet farm would use one server.
	near = 1.5

	// failing is how many times the mean latency a failure counts at least.
	failing = 2
)

// ewma gives the request to the server that will likely be done with it first: the cost of a server
// is its latency times what it has to do. The latency follows peaks at once and forgets them
// slowly, and is forgotten altogether when nothing new is learnt, so that everybody is tried again.
// The age of the oldest request in flight counts as soon as it is longer.
type ewma struct {
	unkeyed
	servers []*Server
	work    work
	peak    float64   // latency of the farm's requests
	faded   time.Time // when peak and the servers' latencies were made to count less
}

// Reset starts servers that are new, or were away, with the latency that the others have on
// average. It would be a guess to measure them by what they did before they went down.
func (a *ewma) Reset(servers []*Server) {
	servers = weighted(nil, servers)
	for _, s := range a.servers {
		s.member = false
	}
	for _, s := range servers {
		s.member = true
	}
	for _, s := range a.servers {
		if !s.member {
			s.latency = 0
		}
	}
	a.servers = servers
	a.level()
}

// level sets what hangs on the averages of the servers.
func (a *ewma) level() {
	weight, latency, known := 0, 0.0, 0
	for _, s := range a.servers {
		weight += s.counts
		if s.latency > 0 {
			latency += s.latency
			known++
		}
	}
	for _, s := range a.servers {
		s.burden = float64(weight) / float64(len(a.servers)*s.counts)
		if s.latency == 0 && known > 0 {
			s.latency = latency / float64(known)
		}
	}
}

func (a *ewma) Pick(_ Key, now time.Time, ok func(*Server) bool) *Server {
	a.fade(now)
	least := math.Inf(1)
	for _, s := range a.servers {
		s.cost = math.Inf(1)
		if ok(s) {
			s.cost = a.cost(s, now)
			least = min(least, s.cost)
		}
	}
	if math.IsInf(least, 1) {
		return nil
	}
	return inTurn(a.servers, func(s *Server) bool { return s.cost <= near*least })
}

// fade makes the past count less, for all at once and not at every request, as it costs a look at
// every server.
func (a *ewma) fade(now time.Time) {
	if a.faded.IsZero() {
		a.faded = now
	}
	elapsed := now.Sub(a.faded)
	if elapsed < memory/100 {
		return
	}
	left := decay(elapsed, float64(memory))
	for _, s := range a.servers {
		if s.latency > 0 {
			s.latency = max(s.latency*left, 1)
		}
	}
	a.peak *= left
	a.faded = now
}

// cost is the latency times the requests that the server would have, those in flight by its weight.
// The one that is to be placed is not: weights would send everything to the heaviest server as
// long as there is no more than one request at a time.
func (a *ewma) cost(s *Server, now time.Time) float64 {
	latency := s.latency
	if latency == 0 {
		latency = a.work.mean()
	}
	if !s.Oldest.IsZero() {
		latency = max(latency, a.bounded(now.Sub(s.Oldest)))
	}
	return latency * (1 + float64(a.work.of(s, now))*s.burden)
}

// bounded is a latency as far as it counts.
func (a *ewma) bounded(took time.Duration) float64 {
	return min(max(float64(took), 1), outlier*a.work.mean())
}

// Done takes a failure for as slow as the slowest request of late.
func (a *ewma) Done(s *Server, took time.Duration, failed bool, now time.Time) {
	a.fade(now)
	a.work.done(s, took, failed, now)
	sample := a.bounded(took)
	if failed {
		sample = max(sample, a.peak, failing*a.work.mean())
	} else {
		a.peak = max(a.peak, sample)
	}
	if s.member {
		s.learn(sample, now)
	}
}

// learn takes a peak as it is, and what is below the latency so far the less the sooner it comes
// after the last one.
func (s *Server) learn(sample float64, now time.Time) {
	fresh := min(float64(now.Sub(s.learned))/float64(memory), 1)
	s.latency = max(sample, s.latency+(sample-s.latency)*fresh)
	s.learned = now
}
