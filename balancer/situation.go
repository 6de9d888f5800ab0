package balancer

import (
	"slices"
	"strconv"
	"time"

	"relais/balancer/why"
)

// How many situations of a farm are kept, and how many servers there may be in all of them.
const (
	maxSituations = 64
	maxCandidates = 1 << 16
)

// situation is a why.Situation with what the log says of a choice in it, so that nothing has to be
// written for each request.
type situation struct {
	why.Situation
	usable int // candidates
	said   [why.Picks]string
}

// situations are the last ones of a farm, under its lock. One is only made when somebody wants to
// know it: when a thousand servers fall one after the other, no request sees most of what is
// between.
type situations struct {
	since time.Time // of the latest change
	stale bool      // that is not in last yet
	last  *situation
	all   []*situation // the oldest first, last at the end
}

// standing is what a farm has last seen of a server.
type standing struct {
	out    string // as in why.Candidate
	weight int
}

// Situations returns the last situations of the backend that mattered to anybody, the oldest
// first, and that of now at the end. They are not to be changed. It is safe for concurrent use.
func (b *Backend) Situations() []*why.Situation {
	f := b.farm
	f.mu.Lock()
	defer f.mu.Unlock()
	f.situation()
	all := make([]*why.Situation, len(f.situations.all))
	for i, s := range f.situations.all {
		all[i] = &s.Situation
	}
	return all
}

// situation is that of now.
func (f *farm) situation() *situation {
	l := &f.situations
	if l.stale || l.last == nil {
		l.stale = false
		l.add(f.survey())
	}
	return l.last
}

// regard finds out whether anything is not as it was in the last situation. As every reset it goes
// through all servers, but it costs no memory.
func (f *farm) regard(now time.Time) {
	changed, eligible := false, f.eligible
	for _, s := range f.servers {
		is := standing{weight: s.steadyWeight()}
		if len(eligible) > 0 && eligible[0] == &s.node {
			eligible = eligible[1:]
		} else {
			is.out = s.out()
		}
		if s.seen != is {
			s.seen, changed = is, true
		}
	}
	if changed {
		f.situations.change(now)
	}
}

// survey makes the situation of now.
func (f *farm) survey() *situation {
	s := &situation{Situation: why.Situation{
		Backend: f.settings.name, Algorithm: f.settings.balance.String(), Since: f.situations.since,
		Panicking: f.panicking, Servers: make([]why.Candidate, len(f.servers)),
	}}
	for i, server := range f.servers {
		s.Servers[i] = why.Candidate{Server: server.Name, Weight: server.seen.weight, Out: server.seen.out}
		if server.seen.out == "" {
			s.usable++
		}
	}
	for pick := range s.said {
		s.said[pick] = s.choice(why.Pick(pick), s.usable)
	}
	return s
}

// choice is what the log says of a choice among so many servers.
func (s *situation) choice(pick why.Pick, usable int) string {
	of := "/" + strconv.Itoa(len(s.Servers))
	words := ""
	switch pick {
	case why.ByCookie:
		return "cookie"
	case why.Again:
		return "again"
	case why.OnlyOne:
		words = "only 1" + of
	case why.ByHash:
		words = "hash " + s.Algorithm + " " + strconv.Itoa(usable) + of
	case why.ByQueue:
		words = "first free " + strconv.Itoa(usable) + of
	default:
		words = s.Algorithm + " " + strconv.Itoa(usable) + of
	}
	if s.Panicking {
		return "panic " + words
	}
	return words
}

// change says that the last situation is over.
func (l *situations) change(now time.Time) { l.stale, l.since = true, now }

// add puts a situation behind the others, and forgets the oldest if there are too many.
func (l *situations) add(s *situation) {
	l.last = s
	l.all = append(l.all, s)
	from, servers := len(l.all), 0
	for from > 0 && len(l.all)-from < maxSituations && servers+len(l.all[from-1].Servers) <= maxCandidates {
		from--
		servers += len(l.all[from].Servers)
	}
	l.all = slices.Delete(l.all, 0, min(from, len(l.all)-1)) // that of now stays, however large
}

// steadyWeight is the server's weight. Of one that starts slowly it goes up in steps, so that a
// slow start does not make a situation each second.
func (s *Server) steadyWeight() int {
	if s.node.Share == 100 || s.node.Weight == 0 {
		return s.node.Weight
	}
	return max(1, s.node.Weight*(s.node.Share/10*10)/100)
}

// out says why the server is not among those that the algorithm chooses from, in the order in
// which HAProxy would name its state.
func (s *Server) out() string {
	switch {
	case s.Maintenance():
		return s.maintainedBy()
	case s.down.Load():
		return "down"
	case s.isDown():
		return "down (agent)"
	case s.noLB.Load():
		return "no load balancing"
	case s.Draining():
		return s.drainedBy()
	case s.Weight() == 0:
		return "weight 0"
	case s.Backup():
		return "backup"
	}
	return "down" // a moment ago: the farm is about to hear that it is up
}

// maintainedBy is the word for the server's maintenance, with who wants it unless that is an
// operator or the configuration.
func (s *Server) maintainedBy() string {
	switch {
	case s.Unresolved():
		return "maint (resolution)"
	case s.Advice().Maintenance:
		return "maint (agent)"
	case s.Orders().Leader:
		return "maint (tracked server)"
	}
	return "maint"
}

// drainedBy is the same for a server that gets no new requests.
func (s *Server) drainedBy() string {
	switch {
	case s.Orders().State == "drain":
		return "drain"
	case s.Advice().Drain:
		return "drain (agent)"
	}
	return "drain (resolution)"
}
