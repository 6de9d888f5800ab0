package balancer

// roundRobin is the smooth weighted round robin: each round every candidate gains its weight,
// the first one with the most is picked and pays for all. So a server of weight 5 among two of
// weight 1 is picked as a a b a c a a, not five times in a row. It allocates nothing and looks at
// each server once.
func roundRobin(servers []*Server, candidate func(*Server) bool) *Server {
	var best *Server
	total := 0
	for _, s := range servers {
		if !candidate(s) {
			continue
		}
		weight := s.Weight()
		total += weight
		s.credit += weight
		if best == nil || s.credit > best.credit {
			best = s
		}
	}
	if best != nil {
		best.credit -= total
	}
	return best
}
