package stats

import "sync"

// ByReason counts apart what happens for different reasons, which are words of a small fixed set.
// The zero value is ready. It is safe for concurrent use.
type ByReason struct {
	mu     sync.RWMutex
	counts map[string]*Counter // of the reasons that there have been
}

// Inc adds one. Only the first time of a reason allocates.
func (b *ByReason) Inc(reason string) {
	b.mu.RLock()
	c := b.counts[reason]
	b.mu.RUnlock()
	if c == nil {
		c = b.first(reason)
	}
	c.Inc()
}

func (b *ByReason) first(reason string) *Counter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.counts == nil {
		b.counts = map[string]*Counter{}
	}
	if b.counts[reason] == nil {
		b.counts[reason] = &Counter{}
	}
	return b.counts[reason]
}

// Load returns the counts of the reasons that there have been; nil if there was none.
func (b *ByReason) Load() map[string]uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if len(b.counts) == 0 {
		return nil
	}
	counts := make(map[string]uint64, len(b.counts))
	for reason, c := range b.counts {
		counts[reason] = c.Load()
	}
	return counts
}
