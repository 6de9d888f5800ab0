package app

import (
	"sync"
	"time"
)

// history is what was answered in the last minutes, second by second.
type history struct {
	mu   sync.Mutex
	past []traffic // the latest last
}

// longestPast bounds how far it goes back, in seconds.
const longestPast = 300

func (h *history) add(t traffic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.past) == longestPast {
		h.past = append(h.past[:0], h.past[1:]...)
	}
	h.past = append(h.past, t)
}

// baseline is what traffic is compared with.
type baseline struct {
	now    traffic       // at the moment of the change
	before traffic       // what was answered in the time before it
	span   time.Duration // that time
}

// over returns the baseline of the last span, or of what is known of it.
func (h *history) over(span time.Duration, now traffic) baseline {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := now
	for i := len(h.past) - 1; i >= 0 && now.at.Sub(h.past[i].at) <= span; i-- {
		first = h.past[i]
	}
	return baseline{now: now, before: now.since(first), span: now.at.Sub(first.at).Round(time.Second)}
}
