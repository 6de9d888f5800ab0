package lb

import (
	"math"
	"time"
)

// slots is HAProxy's map: each server has slots by its weight, well mixed. static-rr goes through
// them one after the other, and hash-type map-based takes the one that the key falls on. When a
// server leaves or returns most keys go elsewhere, but to the very same place as before once the
// same servers are there again.
//
// As with HAProxy, a server keeps the first weight that is known of it: later changes count for
// nothing, but for 0, and slow start does not count at all.
type slots struct {
	incurious
	keyed bool
	slots []*Server
	next  int // for requests without a key
}

func (a *slots) Keyed() bool { return a.keyed }

// Reset costs the number of slots, which is the sum of the weights in lowest terms, times that of
// the servers, unless all are equal.
func (a *slots) Reset(servers []*Server) {
	servers = weighted(nil, servers)
	weights, total := a.weights(servers)
	if total == len(servers) {
		a.slots = servers
		return
	}
	a.slots = make([]*Server, 0, total)
	scores := make([]int, len(servers))
	for range total {
		best := earner(scores, weights, total)
		scores[best] -= total
		a.slots = append(a.slots, servers[best])
	}
}

// earner adds the weights to the scores and returns the index of who has earned a slot. HAProxy
// rounds scores to whole slots and prefers the first server among equals.
func earner(scores, weights []int, total int) (best int) {
	bar := math.MinInt
	for i, w := range weights {
		scores[i] += w
		if scores[i] >= bar {
			best, bar = i, (scores[i]+total)/total*total
		}
	}
	return best
}

// weights returns the weights of servers in lowest terms, and their sum.
func (a *slots) weights(servers []*Server) (weights []int, total int) {
	divisor := 0
	for _, s := range servers {
		if s.owner != a {
			s.owner, s.fixed = a, s.Weight
		}
		divisor = gcd(divisor, s.fixed)
	}
	for _, s := range servers {
		weights = append(weights, s.fixed/divisor)
		total += s.fixed / divisor
	}
	return weights, total
}

func (a *slots) Pick(key Key, _ time.Time, ok func(*Server) bool) *Server {
	n := len(a.slots)
	if n == 0 {
		return nil
	}
	if a.next >= n {
		a.next = 0
	}
	start := a.next
	if key.Set {
		start = int(key.Hash % uint32(n))
	}
	for i := range n {
		at := start + i
		if at >= n {
			at -= n
		}
		if s := a.slots[at]; ok(s) {
			if !key.Set {
				a.next = at + 1
			}
			return s
		}
	}
	return nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
