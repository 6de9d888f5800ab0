package why

import (
	"strings"
	"time"
)

// reckoning is Shares that are being made.
type reckoning struct {
	*Shares
	places   map[string]int // of servers in Shares
	episodes []*episode     // of the backend, in their order
	loads    []load
}

// Why servers are no candidates: one waits for all others to fail, one is not there.
const (
	backup = "backup"
	gone   = "not in the configuration"
)

// load is the requests to the backend in an interval.
type load struct {
	from, to time.Time
	requests uint64
}

// reckon adds up what the servers of a backend have counted from about a moment on.
func (s *samples) reckon(r *reckoning, from time.Time, now Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.IsZero() {
		return
	}
	for i := range s.list {
		v := &s.list[i]
		if !v.to.After(from) {
			continue
		}
		before := r.Requests
		v.each(func(place int32, t *Tally) { r.add(s.counted[place].name, t) })
		r.loads = append(r.loads, load{v.from, v.to, r.Requests - before})
	}
	before := r.Requests
	for name, tally := range now.Servers {
		fresh := s.fresh(name, tally)
		r.add(name, &fresh)
	}
	r.loads = append(r.loads, load{s.last, now.At, r.Requests - before})
	r.From = r.loads[0].from
}

// add adds what a server has counted, if it is of the backend.
func (r *reckoning) add(name string, t *Tally) {
	server, ours := strings.CutPrefix(name, r.Backend+"/")
	if !ours {
		return
	}
	share := r.share(server)
	share.Tally.add(*t, Tally{})
	share.Requests += t.total()
	r.Requests += t.total()
}

// fresh returns what a server has counted since the newest sample.
func (s *samples) fresh(name string, now Tally) Tally {
	place, known := s.servers[name]
	if !known || s.counted[place].seen != s.number {
		return now
	}
	var t Tally
	t.add(now, s.counted[place].Tally)
	return t
}

// share returns that of a server, up to the next call.
func (r *reckoning) share(server string) *Share {
	place, known := r.places[server]
	if !known {
		place = len(r.Servers)
		r.places[server] = place
		r.Servers = append(r.Servers, Share{Server: server, Due: -1})
	}
	return &r.Servers[place]
}

// attend finds out when servers were no candidates, and what they weigh in the end.
func (r *reckoning) attend() {
	for i, e := range r.episodes {
		from, to := r.during(i)
		if !to.After(from) {
			continue
		}
		r.Algorithm = e.algorithm
		there := make(map[string]bool, len(e.names))
		e.each(func(c Candidate) {
			there[c.Server] = true
			r.share(c.Server).absent(c.Out, from, to)
		})
		for j := range r.Servers {
			if s := &r.Servers[j]; !there[s.Server] {
				s.absent(gone, from, to)
			}
		}
	}
	if n := len(r.episodes); n > 0 {
		r.weights(r.episodes[n-1])
	}
}

// during returns from when to when episode i held, within the time that is looked at.
func (r *reckoning) during(i int) (from, to time.Time) {
	from, to = r.episodes[i].since, r.To
	if from.Before(r.From) {
		from = r.From
	}
	if i+1 < len(r.episodes) && r.episodes[i+1].since.Before(to) {
		to = r.episodes[i+1].since
	}
	return from, to
}

// absent adds that the server was no candidate for a reason, none if it was one.
func (s *Share) absent(why string, from, to time.Time) {
	if why == "" {
		return
	}
	if n := len(s.Out); n > 0 && s.Out[n-1].Why == why && s.Out[n-1].To.Equal(from) {
		s.Out[n-1].To = to
		return
	}
	s.Out = append(s.Out, Absence{from, to, why})
}

// weights says what the servers weigh. Backup ones do not share while they wait.
func (r *reckoning) weights(e *episode) {
	all := 0
	e.each(func(c Candidate) {
		if c.Out != backup {
			all += c.Weight
			r.share(c.Server).Weight = c.Weight
		}
	})
	for i := range r.Servers {
		r.Servers[i].Weights = all
	}
}

// weigh finds out what the servers were due by their weights: in each situation a part of the
// requests that came in it. How many came is known for each interval between two samples, and is
// taken to be even within it.
func (r *reckoning) weigh() {
	due, all := make([]float64, len(r.Servers)), 0.0
	for i, e := range r.episodes {
		requests := r.requests(r.during(i))
		weights := 0
		e.each(func(c Candidate) { weights += c.weighs() })
		if requests == 0 || weights == 0 {
			continue
		}
		all += requests
		e.each(func(c Candidate) {
			due[r.places[c.Server]] += requests * float64(c.weighs()) / float64(weights)
		})
	}
	if all == 0 || len(r.episodes) == 0 || r.episodes[0].since.After(r.From) {
		return
	}
	for i := range r.Servers {
		r.Servers[i].Due = due[i] / all
	}
}

// weighs is the weight that counts.
func (c *Candidate) weighs() int {
	if c.Out != "" {
		return 0
	}
	return max(c.Weight, 0)
}

// requests returns how many came in a time.
func (r *reckoning) requests(from, to time.Time) float64 {
	n := 0.0
	for _, l := range r.loads {
		start, end := l.from, l.to
		if start.Before(from) {
			start = from
		}
		if end.After(to) {
			end = to
		}
		if end.After(start) {
			n += float64(l.requests) * float64(end.Sub(start)) / float64(l.to.Sub(l.from))
		}
	}
	return n
}
