package lb

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// random is HAProxy's random: of some servers that are drawn by weight the one that has the least
// to do for his weight gets the request. Unlike HAProxy's it compares different ones, so that a
// server that hangs is never taken while another one is free.
type random struct {
	unkeyed
	draws   int
	rand    *rand.Rand
	servers []*Server
	ends    []int // sums of the weights up to each server
	work    work
}

func newRandom(draws int) (*random, error) {
	if draws < 1 {
		return nil, fmt.Errorf("balance random: %d draws, want at least 1", draws)
	}
	return &random{draws: draws, rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}, nil
}

func (a *random) Reset(servers []*Server) {
	a.servers = weighted(a.servers, servers)
	a.ends = a.ends[:0]
	total := 0
	for _, s := range a.servers {
		total += s.counts
		a.ends = append(a.ends, total)
	}
}

func (a *random) Pick(_ Key, now time.Time, ok func(*Server) bool) *Server {
	if len(a.servers) == 0 {
		return nil
	}
	var best *Server
	compared := 0
	for tries := 4 * a.draws; tries > 0 && compared < a.draws; tries-- {
		s := a.servers[a.draw()]
		if s == best || !ok(s) {
			continue
		}
		best = a.lighter(best, s, now)
		compared++
	}
	if compared == 0 || compared == 1 && a.draws > 1 {
		best = a.leastOfAll(best, now, ok)
	}
	return best
}

func (a *random) Done(s *Server, took time.Duration, failed bool, now time.Time) {
	a.work.done(s, took, failed, now)
}

// draw returns the index of a server.
func (a *random) draw() int {
	i, _ := slices.BinarySearch(a.ends, a.rand.IntN(a.ends[len(a.ends)-1])+1)
	return i
}

// lighter returns the one of two servers that has less to do for its weight, best if they are
// equal. Without a best it is s.
func (a *random) lighter(best, s *Server, now time.Time) *Server {
	s.load = a.work.of(s, now)
	if best == nil || lighter(s, best) {
		return s
	}
	return best
}

// leastOfAll is for when the draws have not met two servers: nearly all are refused, or one has
// nearly all the weight.
func (a *random) leastOfAll(best *Server, now time.Time, ok func(*Server) bool) *Server {
	start := a.draw()
	for i := range a.servers {
		if s := a.servers[(start+i)%len(a.servers)]; s != best && ok(s) {
			best = a.lighter(best, s, now)
		}
	}
	return best
}
