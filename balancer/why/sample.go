package why

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// SampleInterval is how often the owner of a Memory gives it a Sample, and samplesFor how long it
// remembers them.
const (
	SampleInterval = 10 * time.Second
	samplesFor     = 15*time.Minute + SampleInterval
)

// Sample is what the servers have counted up to a moment, by "backend/server".
type Sample struct {
	At      time.Time
	Servers map[string]Tally
}

// Tally is what one server has counted since it is there.
type Tally struct {
	Picks  [Picks]uint64 // requests that it was given, by how it was chosen
	Failed uint64        // attempts on it that failed
	Away   uint64        // of them, those that went on to another server
}

// add adds what was counted from before to now; of counters that began anew, all that they have.
func (t *Tally) add(now, before Tally) {
	for i := range t.Picks {
		t.Picks[i] += since(before.Picks[i], now.Picks[i])
	}
	t.Failed += since(before.Failed, now.Failed)
	t.Away += since(before.Away, now.Away)
}

func since(before, now uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

// total is how many requests the server was given.
func (t *Tally) total() uint64 {
	var n uint64
	for _, picks := range t.Picks {
		n += picks
	}
	return n
}

// samples remembers what was counted from one Sample to the next, of the servers that counted
// anything: 5 to 20 bytes for each, so 0.5 to 1.8 MB for 15 minutes of 1,000 busy servers, and 150
// bytes for each name. If its bytes do not suffice, it does not reach back as far. It is safe for
// concurrent use.
type samples struct {
	limit int // bytes

	mu      sync.Mutex
	last    time.Time        // of the newest Sample
	servers map[string]int32 // places in counted
	counted []counted
	free    []int32    // places
	list    []interval // the oldest first
	size    int        // of list, in bytes
	number  int        // of the newest sample
}

// counted is what a server had counted when the newest Sample was taken.
type counted struct {
	name string
	Tally
	seen int // number of the last sample in which it was
}

// interval is what was counted from one Sample to the next.
type interval struct {
	from, to time.Time
	data     []byte
}

func newSamples(limit int) *samples { return &samples{limit: limit, servers: map[string]int32{}} }

// Count takes a sample. The owner gives one every SampleInterval, and one before servers go.
func (m *Memory) Count(s Sample) { m.samples.add(s) }

func (s *samples) add(sample Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	first := s.last.IsZero()
	next := interval{from: s.last, to: sample.At}
	for name, tally := range sample.Servers {
		place, known := s.place(name)
		c := &s.counted[place]
		var fresh Tally
		switch {
		case first: // nobody knows since when this was counted
		case known && c.seen == s.number-1:
			fresh.add(tally, c.Tally)
		default: // a server that is new, or back
			fresh = tally
		}
		c.Tally, c.seen = tally, s.number
		if fresh != (Tally{}) {
			next.data = fresh.append(binary.AppendUvarint(next.data, uint64(place)))
		}
	}
	if !first {
		next.data = slices.Clone(next.data)
		s.list = append(s.list, next)
		s.size += cap(next.data)
	}
	s.last = sample.At
	s.forget(sample.At.Add(-samplesFor))
}

// place returns where a server is counted.
func (s *samples) place(name string) (place int32, known bool) {
	if place, known = s.servers[name]; known {
		return place, true
	}
	if n := len(s.free); n > 0 {
		place, s.free = s.free[n-1], s.free[:n-1]
	} else {
		place = int32(len(s.counted))
		s.counted = append(s.counted, counted{})
	}
	s.counted[place] = counted{name: name}
	s.servers[name] = place
	return place, false
}

// forget forgets what is older than a moment or does not fit, and servers that nothing is known of
// any more.
func (s *samples) forget(before time.Time) {
	for len(s.list) > 0 && (s.list[0].to.Before(before) || s.size > s.limit) {
		s.size -= cap(s.list[0].data)
		s.list[0] = interval{}
		s.list = s.list[1:]
	}
	for name, place := range s.servers {
		if s.number-s.counted[place].seen > len(s.list) {
			delete(s.servers, name)
			s.free = append(s.free, place)
		}
	}
}

// append adds the counts that are not 0: which ones, and they themselves.
func (t *Tally) append(b []byte) []byte {
	counts := t.counts()
	var which uint64
	for i, n := range counts {
		if *n > 0 {
			which |= 1 << i
		}
	}
	for b = binary.AppendUvarint(b, which); which != 0; which &= which - 1 {
		b = binary.AppendUvarint(b, *counts[bits.TrailingZeros64(which)])
	}
	return b
}

// counts are all that there is to count.
func (t *Tally) counts() (counts [Picks + 2]*uint64) {
	for i := range t.Picks {
		counts[i] = &t.Picks[i]
	}
	counts[Picks], counts[Picks+1] = &t.Failed, &t.Away
	return counts
}

// each calls do for each server that counted anything.
func (v *interval) each(do func(place int32, t *Tally)) {
	data := v.data
	number := func() uint64 {
		n, size := binary.Uvarint(data)
		data = data[size:]
		return n
	}
	for len(data) > 0 {
		place := int32(number())
		var t Tally
		counts := t.counts()
		for which := number(); which != 0; which &= which - 1 {
			*counts[bits.TrailingZeros64(which)] = number()
		}
		do(place, &t)
	}
}
