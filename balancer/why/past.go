package why

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// past is the situations of the last time, by their numbers, in a bounded number of bytes. It is
// safe for concurrent use.
//
// From one situation to the next few servers change, so the names are shared with the situation
// before, and servers that are alike and next to each other are one run.
type past struct {
	limit int // bytes

	first atomic.Uint64 // number of the oldest that is remembered, from 1 on

	mu     sync.Mutex
	list   []*episode          // with the numbers first, first+1 …
	latest map[string]*episode // by backend
	size   int                 // of those in list, in bytes
}

// episode is a Situation, smaller. It is never changed.
type episode struct {
	backend, algorithm string
	since              time.Time
	panicking          bool
	names              []string
	runs               []run
	size               int
}

// run is some servers that are alike.
type run struct {
	servers, weight int
	out             string
}

func newPast(limit int) *past {
	p := &past{limit: limit, latest: map[string]*episode{}}
	p.first.Store(1)
	return p
}

// number returns the number of a situation, which it gets with its first request, and again if it
// has been forgotten meanwhile; 0 if s is nil.
func (p *past) number(s *Situation) uint64 {
	if s == nil {
		return 0
	}
	if n := s.number.Load(); n >= p.first.Load() {
		return n
	}
	return p.add(s)
}

func (p *past) add(s *Situation) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := s.number.Load(); n >= p.first.Load() {
		return n
	}
	e := newEpisode(s, p.latest[s.Backend])
	p.latest[s.Backend] = e
	p.list = append(p.list, e)
	p.size += e.size
	for p.size > p.limit && len(p.list) > 1 {
		p.forget()
	}
	n := p.first.Load() + uint64(len(p.list)) - 1
	s.number.Store(n)
	return n
}

// forget forgets the oldest.
func (p *past) forget() {
	e := p.list[0]
	p.list[0] = nil
	p.list = p.list[1:]
	p.first.Add(1)
	p.size -= e.size
	if p.latest[e.backend] == e {
		delete(p.latest, e.backend)
	}
}

// get returns the situation with a number, nil if it has been forgotten.
func (p *past) get(number uint64) *Situation {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := number - p.first.Load() // of a smaller one it is huge
	if number == 0 || i >= uint64(len(p.list)) {
		return nil
	}
	return p.list[i].situation()
}

// of returns the situations of a backend in their order.
func (p *past) of(backend string) []*episode {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*episode
	for _, e := range p.list {
		if e.backend == backend {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b *episode) int { return a.since.Compare(b.since) })
	return slices.CompactFunc(list, func(a, b *episode) bool { return a.since.Equal(b.since) }) // one may have come twice
}

func newEpisode(s *Situation, before *episode) *episode {
	const header, name, each = 160, 16, 40 // bytes in memory
	e := &episode{backend: s.Backend, algorithm: s.Algorithm, since: s.Since, panicking: s.Panicking, size: header}
	if before != nil && before.sameNames(s) {
		e.names = before.names
	} else {
		e.names = make([]string, len(s.Servers))
		for i := range s.Servers {
			e.names[i] = s.Servers[i].Server
			e.size += name + len(e.names[i])
		}
	}
	for i := range s.Servers {
		c := &s.Servers[i]
		if n := len(e.runs); n > 0 && e.runs[n-1].weight == c.Weight && e.runs[n-1].out == c.Out {
			e.runs[n-1].servers++
			continue
		}
		e.runs = append(e.runs, run{1, c.Weight, c.Out})
		e.size += len(c.Out)
	}
	e.size += cap(e.runs) * each
	return e
}

func (e *episode) sameNames(s *Situation) bool {
	if len(e.names) != len(s.Servers) {
		return false
	}
	for i, name := range e.names {
		if name != s.Servers[i].Server {
			return false
		}
	}
	return true
}

func (e *episode) situation() *Situation {
	s := &Situation{
		Backend: e.backend, Algorithm: e.algorithm, Since: e.since, Panicking: e.panicking,
		Servers: make([]Candidate, 0, len(e.names)),
	}
	e.each(func(c Candidate) { s.Servers = append(s.Servers, c) })
	return s
}

func (e *episode) each(do func(Candidate)) {
	names := e.names
	for _, r := range e.runs {
		for range r.servers {
			do(Candidate{names[0], r.weight, r.out})
			names = names[1:]
		}
	}
}
