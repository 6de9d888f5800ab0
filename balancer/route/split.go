package route

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"relais/internal/config"
)

// split shares requests among backends in proportion to their weights, spread as evenly as can
// be: it is the smooth weighted round robin by which servers are picked too.
type split struct {
	parts []config.Split
	total int

	mu      sync.Mutex
	credits []int
}

func newSplit(parts []config.Split) (action, error) {
	s := &split{parts: parts, credits: make([]int, len(parts))}
	for _, p := range parts {
		if p.Weight < 0 {
			return nil, fmt.Errorf("split: the weight of %s is %d; write 0 or more", p.Backend, p.Weight)
		}
		s.total += p.Weight
	}
	if s.total == 0 {
		return nil, errors.New("split: no backend has a weight; write one above 0")
	}
	return s, nil
}

func (s *split) decide(*Request, time.Time) (Decision, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := -1
	for i, p := range s.parts {
		s.credits[i] += p.Weight
		if p.Weight > 0 && (best < 0 || s.credits[i] > s.credits[best]) {
			best = i
		}
	}
	s.credits[best] -= s.total
	return Decision{Kind: Backend, Backend: s.parts[best].Backend}, true
}
