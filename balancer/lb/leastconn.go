package lb

import "time"

// leastConn is HAProxy's leastconn: who has the least to do for his weight gets the request;
// equals take turns.
type leastConn struct {
	unkeyed
	servers []*Server
	work    work
}

func (a *leastConn) Reset(servers []*Server) { a.servers = weighted(a.servers, servers) }

func (a *leastConn) Pick(_ Key, now time.Time, ok func(*Server) bool) *Server {
	var least *Server
	for _, s := range a.servers {
		s.load = -1
		if !ok(s) {
			continue
		}
		s.load = a.work.of(s, now)
		if least == nil || lighter(s, least) {
			least = s
		}
	}
	if least == nil {
		return nil
	}
	return inTurn(a.servers, func(s *Server) bool { return s.load >= 0 && !lighter(least, s) })
}

func (a *leastConn) Done(s *Server, took time.Duration, failed bool, now time.Time) {
	a.work.done(s, took, failed, now)
}

// lighter tells whether s has less to do for its weight than other.
func lighter(s, other *Server) bool { return s.load*other.counts < other.load*s.counts }
