package lb

import "time"

// first is HAProxy's first: the first server that has room gets the request, so that the last ones
// can be switched off. Weights count for nothing, but for 0.
type first struct {
	unkeyed
	incurious
	servers []*Server
}

func (a *first) Reset(servers []*Server) { a.servers = weighted(a.servers, servers) }

func (a *first) Pick(_ Key, _ time.Time, ok func(*Server) bool) *Server {
	for _, s := range a.servers {
		if ok(s) {
			return s
		}
	}
	return nil
}
