package lb

import (
	"slices"
	"time"
)

// scale is how many nodes of the ring a server has for each unit of its weight, nodesPerServer how
// many the numbers of two servers are apart. Both are HAProxy's.
const (
	scale          = 16
	nodesPerServer = 4096
)

// ring is HAProxy's hash-type consistent: servers stand on a ring at many places, and a key belongs
// to whoever is nearest. When a server leaves, only its own keys go elsewhere, and they come back
// with it.
type ring struct {
	incurious
	factor  int // percent of the average load that a server may have; 0: any
	servers []*Server
	nodes   []uint64 // sorted: place on the ring, and in the lower half the index in servers
	total   int      // requests in flight as of the current Pick
}

func (a *ring) Keyed() bool { return true }

// Reset sorts the nodes. No two are at one place, as distribute is one-to-one, so the order of the
// servers does not matter.
func (a *ring) Reset(servers []*Server) {
	a.servers = weighted(a.servers, servers)
	a.nodes = a.nodes[:0]
	for i, s := range a.servers {
		s.before = len(a.nodes)
		s.nodes = (s.counts*scale + 99) / 100
		for n := range s.nodes {
			place := distribute(uint32(s.ID*nodesPerServer + n))
			a.nodes = append(a.nodes, uint64(place)<<32|uint64(i))
		}
	}
	slices.Sort(a.nodes)
}

func (a *ring) Pick(key Key, _ time.Time, ok func(*Server) bool) *Server {
	if !key.Set {
		return inTurn(a.servers, ok)
	}
	if len(a.nodes) == 0 {
		return nil
	}
	a.count()
	var loaded *Server // the nearest of those that ok holds for
	at := a.nearest(key.Hash)
	for range a.nodes {
		if s := a.servers[uint32(a.nodes[at])]; ok(s) {
			if a.light(s) {
				return s
			}
			if loaded == nil {
				loaded = s
			}
		}
		if at++; at == len(a.nodes) {
			at = 0
		}
	}
	return loaded
}

// nearest returns the node that is closest to hash, on either side.
func (a *ring) nearest(hash uint32) int {
	last := len(a.nodes) - 1
	next, _ := slices.BinarySearch(a.nodes, uint64(hash)<<32)
	if next > last {
		next = 0
	}
	previous := next - 1
	if previous < 0 {
		previous = last
	}
	if hash-place(a.nodes[previous]) <= place(a.nodes[next])-hash {
		return previous
	}
	return next
}

func place(node uint64) uint32 { return uint32(node >> 32) }

func (a *ring) count() {
	if a.factor == 0 {
		return
	}
	a.total = 0
	for _, s := range a.servers {
		a.total += s.Served
	}
}

// light tells whether s may have one more request under HAProxy's hash-balance-factor, which is
// "Consistent Hashing with Bounded Loads" (Mirrokni, Thorup, Zadimoghaddam; arXiv 1608.01350) with
// weights: the requests in flight and this one, times the factor, are dealt out as slots.
func (a *ring) light(s *Server) bool {
	if a.factor == 0 {
		return true
	}
	slots := ((a.total+1)*a.factor + 99) / 100
	each, rest := slots/len(a.nodes), slots%len(a.nodes)
	own := s.nodes*each + (s.before+s.nodes)*rest/len(a.nodes) - s.before*rest/len(a.nodes)
	return s.Served < max(own, 1)
}
