package balancer

import (
	"slices"
	"time"
)

// Generation is a configuration that was in force, as long as something that began under it goes
// on.
type Generation struct {
	Number  int
	Retired time.Time // zero: it is in force
	Streams int       // requests and sessions that began under it
}

// retire takes note that a generation is not in force any more.
func (p *Proxy) retire(number int, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = append(p.retired, Generation{Number: number, Retired: now})
}

// Generations returns the generation in force, and before it those that something still holds.
func (p *Proxy) Generations() []Generation {
	p.mu.Lock()
	all := append(slices.Clone(p.retired), Generation{Number: p.Table().Generation})
	p.mu.Unlock()
	for _, s := range p.Streams() {
		if s.Began.IsZero() {
			continue
		}
		for i := range all {
			if all[i].Number == s.Generation {
				all[i].Streams++
			}
		}
	}
	last := len(all) - 1
	return append(slices.DeleteFunc(all[:last:last], func(g Generation) bool { return g.Streams == 0 }), all[last])
}

// sweep ends what has outstayed hard_stop_after: on a generation that is not in force any more,
// or in a tunnel of a server that is to take nothing more.
func (p *Proxy) sweep(now time.Time) {
	p.mu.Lock()
	retired := slices.Clone(p.retired)
	p.mu.Unlock()
	held := map[int]bool{}
	p.shelf.each(func(s *sight) {
		v := s.stream()
		b := v.Backend
		if v.Began.IsZero() || b == nil {
			return
		}
		held[v.Generation] = true
		since := now
		if i := slices.IndexFunc(retired, func(g Generation) bool { return g.Number == v.Generation }); i >= 0 {
			since = retired[i].Retired
		}
		if v.Server != nil && v.Tunnel {
			if withdrawn := v.Server.withdrawn.Load(); withdrawn != 0 && time.Unix(0, withdrawn).Before(since) {
				since = time.Unix(0, withdrawn)
			}
		}
		if now.Sub(since) > b.hardStopAfter {
			s.kill()
		}
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = slices.DeleteFunc(p.retired, func(g Generation) bool { return g.Retired.Before(now.Add(-time.Minute)) && !held[g.Number] })
}
