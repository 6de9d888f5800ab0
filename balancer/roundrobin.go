package balancer

import "sync"

// roundRobin is the smooth weighted round robin: each round every usable server gains its
// weight, the first one with the most is picked and pays for all. So a server of weight 5 among
// two of weight 1 is picked as a a b a c a a, not five times in a row.
type roundRobin struct {
	mu      sync.Mutex
	current []int // per server, in the order of the backend
}

// pick returns the next usable server that is not in avoid; nil: there is none. It allocates
// nothing and looks at each server once.
func (r *roundRobin) pick(servers []*Server, avoid *tried) *Server {
	r.mu.Lock()
	defer r.mu.Unlock()
	best, total := -1, 0
	for i, s := range servers {
		if !s.Usable() || avoid.has(i) {
			continue
		}
		total += s.Weight
		r.current[i] += s.Weight
		if best < 0 || r.current[i] > r.current[best] {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	r.current[best] -= total
	return servers[best]
}

// tried is the set of servers that a request has already failed on.
type tried struct{ servers []int }

func (t *tried) add(i int) { t.servers = append(t.servers, i) }

func (t *tried) has(i int) bool {
	for _, n := range t.servers {
		if n == i {
			return true
		}
	}
	return false
}

// pick returns the server for the next attempt: one not tried yet if there is one.
func (b *Backend) pick(avoid *tried) *Server {
	if s := b.roundRobin.pick(b.Servers, avoid); s != nil || len(avoid.servers) == 0 {
		return s
	}
	return b.roundRobin.pick(b.Servers, &tried{})
}
