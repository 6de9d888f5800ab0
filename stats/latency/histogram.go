// Package latency counts how long things take, such that percentiles of the last seconds and
// minutes, sparklines and Prometheus histograms come from the same counts. It imports the standard
// library only.
//
// A latency is counted in a bucket that is at most 2 % wide, so that what is told of it is within
// 1 % of what was recorded. What was not used takes no memory: a Histogram is one pointer until
// its first observation, has its counters in pieces for the latencies that occur, and remembers
// the last minutes in a few bytes for each bucket that was hit.
package latency

import (
	"sync"
	"sync/atomic"
	"time"
)

// Histogram counts latencies from 1 us to 1 h. The zero value is ready and takes one pointer. It
// is safe for concurrent use; Observe takes no lock and, once the like was seen, no memory.
type Histogram struct{ p atomic.Pointer[histogram] }

// piece is the number of buckets whose counters are allocated together. It divides the buckets of
// every segment, and makes a chunk fill its size class of the allocator.
const piece = 25

// histogram is a Histogram that was used.
type histogram struct {
	chunks [buckets / piece]atomic.Pointer[chunk]
	dirty  atomic.Bool // observed since the last tick; set after the counter, cleared before they are read

	mu      sync.Mutex     // for what is below, and for chunk.seen
	counted uint64         // observations as of the last tick
	wraps   map[int]uint64 // of the counters that have overflown, by bucket; nil: none has
	recent  *windows       // nil: nothing happened lately
}

// chunk holds the counters of some neighbouring buckets.
type chunk struct {
	counts [piece]atomic.Uint32 // since the beginning, modulo 2^32
	seen   [piece]uint32        // of counts, at the last tick
}

// Observe counts a latency of us microseconds. What is longer than an hour counts as an hour.
func (h *Histogram) Observe(us uint64) {
	p := h.p.Load()
	if p == nil {
		h.p.CompareAndSwap(nil, new(histogram))
		if p = h.p.Load(); p == nil { // cleared at this very moment
			return
		}
	}
	p.observe(min(us, limit))
}

// Tick moves what was observed since the last tick into the windows. The owner calls it about
// once a second or two for each histogram, and never goes back in time; if it does, the windows
// begin anew. It costs two reads when nothing was observed. What scratch holds is lost.
func (h *Histogram) Tick(now time.Time, scratch *Counts) {
	if p := h.p.Load(); p != nil {
		p.tick(now, scratch)
	}
}

// AddRecent adds what was observed in the window before now to c, up to this moment. A window
// holds nothing that is older than its name says (and its last tick late), but lacks up to a fifth
// at its far end, so that it need not be remembered more finely.
func (h *Histogram) AddRecent(c *Counts, w Window, now time.Time) {
	p := h.p.Load()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.recent != nil {
		p.recent.addTo(c, w, now)
	}
	p.eachChunk(func(first int, k *chunk) {
		for i := range k.counts {
			c.add(first+i, uint64(k.counts[i].Load()-k.seen[i]))
		}
	})
}

// AddTotal adds all that was observed since the last Clear to c.
func (h *Histogram) AddTotal(c *Counts) {
	p := h.p.Load()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.eachChunk(func(first int, k *chunk) {
		for i := range k.counts {
			fresh := k.counts[i].Load() - k.seen[i]
			c.add(first+i, p.wraps[first+i]<<32+uint64(k.seen[i])+uint64(fresh))
		}
	})
}

// Clear forgets everything and gives the memory back. An observation at the same moment counts as
// one before.
func (h *Histogram) Clear() { h.p.Store(nil) }

// counted returns the observations as of the last tick.
func (h *Histogram) counted() uint64 {
	p := h.p.Load()
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counted
}

func (h *histogram) observe(us uint64) {
	i := index(us)
	k := h.chunks[i/piece].Load()
	if k == nil {
		h.chunks[i/piece].CompareAndSwap(nil, new(chunk))
		k = h.chunks[i/piece].Load()
	}
	k.counts[i%piece].Add(1)
	if !h.dirty.Load() { // it seldom is not, and a store would take the line from other processors
		h.dirty.Store(true)
	}
}

func (h *histogram) tick(now time.Time, scratch *Counts) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.recent != nil && h.recent.over(now) {
		h.recent = nil
	}
	if !h.dirty.Load() {
		return
	}
	h.dirty.Store(false)
	scratch.Reset()
	h.eachChunk(func(first int, k *chunk) {
		for i := range k.counts {
			h.see(first+i, &k.seen[i], k.counts[i].Load(), scratch)
		}
	})
	h.counted += scratch.count
	if h.recent == nil {
		h.recent = &windows{base: now}
	}
	h.recent.add(now, scratch)
}

// see takes the counter of bucket i as of now.
func (h *histogram) see(i int, seen *uint32, count uint32, fresh *Counts) {
	fresh.add(i, uint64(count-*seen))
	if count < *seen {
		if h.wraps == nil {
			h.wraps = map[int]uint64{}
		}
		h.wraps[i]++
	}
	*seen = count
}

func (h *histogram) eachChunk(do func(first int, k *chunk)) {
	for i := range h.chunks {
		if k := h.chunks[i].Load(); k != nil {
			do(i*piece, k)
		}
	}
}
