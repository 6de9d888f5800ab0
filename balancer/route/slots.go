package route

import (
	"fmt"
	"sync/atomic"
	"time"

	"relais/internal/config"
)

// slots let through so many requests at once.
type slots struct {
	most   int64
	used   atomic.Int64
	reason string
}

func newSlots(c *config.Concurrency) (action, error) {
	if c.Requests < 1 {
		return nil, fmt.Errorf("concurrency: requests is %d; write 1 or more", c.Requests)
	}
	return &slots{most: int64(c.Requests), reason: fmt.Sprintf("%d requests at once are running already", c.Requests)}, nil
}

func (s *slots) decide(r *Request, _ time.Time) (Decision, bool) {
	for {
		n := s.used.Load()
		if n >= s.most {
			return Decision{Kind: Full, Reason: s.reason}, true
		}
		if s.used.CompareAndSwap(n, n+1) {
			r.held = append(r.held, s)
			return Decision{}, false
		}
	}
}

func (s *slots) release() { s.used.Add(-1) }
