package lb

import "time"

// roundRobin is HAProxy's roundrobin: servers take turns by their weights, and changes of the
// weights count at once.
type roundRobin struct {
	unkeyed
	incurious
	servers []*Server
}

func (a *roundRobin) Reset(servers []*Server) { a.servers = weighted(a.servers, servers) }

func (a *roundRobin) Pick(_ Key, _ time.Time, ok func(*Server) bool) *Server {
	return inTurn(a.servers, ok)
}

// inTurn is the smooth weighted round robin: each round every candidate gains its weight, the first
// one with the most is picked and pays for all. So a server of weight 5 among two of weight 1 is
// picked as a a b a c a a, not five times in a row. It looks at each server once.
func inTurn(servers []*Server, candidate func(*Server) bool) *Server {
	var best *Server
	total := 0
	for _, s := range servers {
		if !candidate(s) {
			continue
		}
		total += s.counts
		s.credit += s.counts
		if best == nil || s.credit > best.credit {
			best = s
		}
	}
	if best != nil {
		best.credit -= total
	}
	return best
}
