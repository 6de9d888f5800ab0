package balancer

import (
	"slices"
	"time"

	"relais/balancer/lb"
	"relais/balancer/why"
)

// pick returns the server of a request's next attempt: the one that its cookie names if that is
// alive, else one that the algorithm chooses among those with room, one not tried yet if any of
// those is usable. Without one, full says that there is a server that may have room later.
func (f *farm) pick(w *waiter, now time.Time) (s *Server, full bool) {
	w.situation = f.situation()
	if s = w.want; s != nil && s.alive() && !w.tried.has(s) && slices.Contains(f.servers, s) {
		if s.room() {
			w.pick = why.ByCookie
			return s, false
		}
		return nil, true
	}
	if s, full = f.balance(w.key, w.tried, now); s != nil || full || len(w.tried) == 0 {
		w.pick = f.picked(s)
		return s, full
	}
	w.pick = why.Again
	return f.balance(w.key, nil, now)
}

// choice is what is being chosen. The algorithms get one function for all of them, because a
// closure of each would be on the heap.
type choice struct {
	avoid tried
	keyed bool // a hash keeps to its server even if that is full
}

func (f *farm) candidate(n *lb.Server) bool {
	s := f.servers[n.ID-1]
	return !f.choice.avoid.has(s) && (f.choice.keyed || s.room())
}

// balance has the algorithm choose.
func (f *farm) balance(key lb.Key, avoid tried, now time.Time) (s *Server, full bool) {
	f.choice = choice{avoid, key.Set && f.settings.algorithm.Keyed()}
	node := f.settings.algorithm.Pick(key, now, f.ok)
	if node == nil {
		f.choice.keyed = true // room or not
		return nil, slices.ContainsFunc(f.eligible, f.ok) || f.hopeful(now)
	}
	if s = f.servers[node.ID-1]; s.room() {
		return s, false
	}
	return nil, true
}

// picked is how the algorithm has come to the server that it has just picked, which may be nil.
func (f *farm) picked(s *Server) why.Pick {
	switch {
	case s == nil:
	case f.alone(s):
		return why.OnlyOne
	case f.choice.keyed:
		return why.ByHash
	}
	return why.ByAlgorithm
}

// alone tells whether there was no other candidate. With room on two servers that is plain at once.
func (f *farm) alone(s *Server) bool {
	for _, n := range f.eligible {
		if n != &s.node && f.candidate(n) {
			return false
		}
	}
	return true
}

// hopeful tells whether a request may wait although no server is usable: one that is new is just
// being checked for the first time.
func (f *farm) hopeful(now time.Time) bool {
	return len(f.eligible) == 0 && slices.ContainsFunc(f.servers, func(s *Server) bool { return s.hopeful(now) })
}

// reset finds out among which servers the algorithm may choose, and with which weights.
func (f *farm) reset(now time.Time) {
	var up, enabled, backups []*Server
	for i, s := range f.servers {
		s.node.ID, s.node.Weight = i+1, s.Weight()
		s.node.Share = s.warm(f.settings.slowstart, now)
		s.limit = s.limited()
		switch {
		case s.Backup():
			if s.Usable() {
				backups = append(backups, s)
			}
		case s.enabled():
			enabled = append(enabled, s)
			if s.Usable() {
				up = append(up, s)
			}
		}
	}
	if !f.settings.allBackups && len(backups) > 1 {
		backups = backups[:1]
	}
	panicking := len(up)*100 < f.settings.panicThreshold*len(enabled)
	switch {
	case panicking:
		up = enabled
	case len(up) == 0:
		up = backups
	}
	f.eligible = f.eligible[:0]
	for _, s := range up {
		f.eligible = append(f.eligible, &s.node)
	}
	f.settings.algorithm.Reset(f.eligible)
	f.regard(now)
	if f.panicking != panicking {
		f.panicking = panicking
		f.situations.change(now)
		f.panicked(panicking)
	}
}
