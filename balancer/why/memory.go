package why

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Options is how much is remembered. The zero value is fine.
type Options struct {
	Slow time.Duration // from when on a request is slow; 0: 1 s, negative: none is
}

// What a Memory takes at most: 31 MiB, and 0.1 MiB beside it. The abnormal requests of 15 minutes
// at 10,000 requests per second, 1 % of them abnormal, have 256 bytes each. They take about 90, and
// 220 when everything in them is long.
const (
	abnormalSize  = 22 << 20
	abnormalChunk = 256 << 10 // names stand in each chunk once: the larger the better
	ordinarySize  = 6 << 20
	ordinaryChunk = 64 << 10
	mostRings     = 8 // for ordinary ones
	pastSize      = 1 << 20
	samplesSize   = 2 << 20
)

// OrdinaryRate is how many ordinary requests of a second are remembered at least. Of more it is a
// part, which reaches back for half a minute where all of them would reach back for a second.
const OrdinaryRate = 1000

// Memory remembers requests that have ended: the abnormal ones for long, and ordinary ones for as
// long as there is room, without the one taking the place of the other. It also remembers the
// situations of backends and how often servers were picked. An idle one takes a few hundred bytes, a
// full one at most 32 MiB. It is safe for concurrent use.
type Memory struct {
	slow     time.Duration
	abnormal *ring
	ordinary []*ring       // one for each processor, as far as that can be
	local    sync.Pool     // of those, by processor: what a ring is made of stays in its cache
	last     atomic.Uint32 // of ordinary that local has given out
	past     *past
	samples  *samples
	search   chan struct{} // full while one is under way
}

// New returns an empty Memory.
func New(o Options) *Memory {
	if o.Slow == 0 {
		o.Slow = time.Second
	}
	m := &Memory{
		slow: o.Slow, abnormal: newRing(abnormalChunk, abnormalSize), past: newPast(pastSize), samples: newSamples(samplesSize),
		search: make(chan struct{}, 1),
	}
	rings := min(runtime.GOMAXPROCS(0), mostRings)
	for range rings {
		m.ordinary = append(m.ordinary, newRing(ordinaryChunk, ordinarySize/rings))
	}
	m.local.New = func() any { return m.ordinary[m.last.Add(1)%uint32(rings)] }
	return m
}

// Keep remembers a request. It keeps nothing of r but its situations, and of what is long the
// beginning. It takes no memory but, now and then, that of the next piece of the Memory.
func (m *Memory) Keep(r *Record) {
	if r.Abnormal(m.slow) {
		m.abnormal.keep(r, m.past)
		return
	}
	mine := m.local.Get().(*ring)
	mine.keepSome(r, OrdinaryRate, m.past)
	m.local.Put(mine)
}

// Note remembers a situation from its beginning on. One that nobody has noted is remembered from
// the first request on that it belongs to.
func (m *Memory) Note(s *Situation) { m.past.number(s) }

// Reach returns since when the Memory has every abnormal request that ended, and every ordinary one;
// zero: none has come yet.
func (m *Memory) Reach() (abnormal, ordinary time.Time) {
	for _, r := range m.ordinary {
		if t := r.since(); t.After(ordinary) {
			ordinary = t
		}
	}
	return m.abnormal.since(), ordinary
}
