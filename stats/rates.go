package stats

import (
	"iter"
	"math"
	"sync"
	"time"
)

// Rates turns totals that only go up into rates per second and their maxima. The owner samples
// all totals about once a second; between two samples a rate is what HAProxy's is: the events
// since the last sample and the share of the second before that still lies within one second.
// The zero value is ready. It is safe for concurrent use.
type Rates[K comparable] struct {
	mu    sync.Mutex
	rates map[K]rated
}

// rated is one total at its last sample.
type rated struct {
	at        time.Time
	total     uint64
	perSecond float64 // between the two last samples
	peak      uint64  // highest rate sampled or shown, so that a rate is never above its maximum
}

// shortest is the least time between two samples; a rate over less would be noise.
const shortest = time.Second / 2

// Sample takes all totals as of now. What is not among them is forgotten.
func (r *Rates[K]) Sample(now time.Time, totals iter.Seq2[K, uint64]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := make(map[K]rated, len(r.rates))
	for key, total := range totals {
		last, known := r.rates[key]
		next[key] = last.sample(now, total, known)
	}
	r.rates = next
}

// At returns the events of the last second before now and their maximum so far, given the total
// as of now. Both are 0 for what was never sampled.
func (r *Rates[K]) At(now time.Time, key K, total uint64) (perSecond, peak uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.rates[key]
	if !known {
		return 0, 0
	}
	perSecond = last.slide(now, total)
	last.peak = max(last.peak, perSecond)
	r.rates[key] = last
	return perSecond, last.peak
}

func (l rated) sample(now time.Time, total uint64, known bool) rated {
	elapsed := now.Sub(l.at)
	switch {
	case !known || total < l.total: // new, or counting from 0 again
		return rated{at: now, total: total, peak: l.peak}
	case elapsed < shortest:
		return l
	}
	perSecond := float64(total-l.total) / elapsed.Seconds()
	return rated{at: now, total: total, perSecond: perSecond, peak: max(l.peak, round(perSecond))}
}

// slide estimates the rate over the second before now.
func (l rated) slide(now time.Time, total uint64) uint64 {
	if total < l.total {
		return 0
	}
	since, elapsed := float64(total-l.total), max(0, now.Sub(l.at).Seconds())
	if elapsed >= 1 {
		return round(since / elapsed)
	}
	return round(since + l.perSecond*(1-elapsed))
}

func round(f float64) uint64 { return uint64(math.Round(f)) }
