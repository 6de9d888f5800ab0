package why

import (
	"bytes"
	"container/heap"
	"slices"
)

// scan is a search under way: what is wanted, and the newest that was found.
type scan struct {
	from, to int64 // when the records began, in unix microseconds
	fits     func(*Record) bool
	limit    int

	found  finds
	chunk  chunk // a copy
	reader reader
}

// find is a record that was found, and the numbers of its situations, the record's own last.
type find struct {
	record     Record
	situations []uint64
}

// ring looks at the chunks of a ring, the newest first. Those that are written over or come
// meanwhile are not seen.
func (s *scan) ring(r *ring) {
	first, end := r.numbers()
	for number := end - 1; number >= first; number-- {
		if r.copyTo(&s.chunk, number, s.worth) {
			s.look()
		}
	}
}

// worth tells whether a chunk may have something that is wanted.
func (s *scan) worth(c *chunk) bool {
	return c.to >= s.from && c.from <= s.to && (len(s.found) < s.limit || c.to > s.found[0].record.Began.UnixMicro())
}

// look looks at the records of a chunk.
func (s *scan) look() {
	for s.reader.begin(s.chunk.data); s.reader.next(); {
		r := &s.reader.record
		if s.reader.last < s.from || s.reader.last > s.to || !s.fits(r) {
			continue
		}
		if len(s.found) < s.limit {
			heap.Push(&s.found, s.reader.find())
		} else if r.Began.After(s.found[0].record.Began) {
			s.found[0] = s.reader.find()
			heap.Fix(&s.found, 0)
		}
	}
}

// records returns what was found, the newest first.
func (s *scan) records(past *past) []Record {
	slices.SortStableFunc(s.found, func(a, b find) int { return b.record.Began.Compare(a.record.Began) })
	known := map[uint64]*Situation{}
	situation := func(number uint64) *Situation {
		if _, seen := known[number]; !seen {
			known[number] = past.get(number)
		}
		return known[number]
	}
	records := make([]Record, len(s.found))
	for i, f := range s.found {
		records[i] = f.record
		for j := range f.record.Attempts {
			f.record.Attempts[j].Situation = situation(f.situations[j])
		}
		records[i].NoServer = situation(f.situations[len(f.record.Attempts)])
	}
	return records
}

// find returns a copy of the record that was read.
func (r *reader) find() find {
	e := r.record
	e.ID, e.ClientID = bytes.Clone(e.ID), bytes.Clone(e.ClientID)
	e.Method, e.Host, e.Target = bytes.Clone(e.Method), bytes.Clone(e.Host), bytes.Clone(e.Target)
	e.Attempts = slices.Clone(e.Attempts)
	return find{e, slices.Clone(r.situations)}
}

// finds is a heap with the oldest record on top.
type finds []find

// Len is of heap.Interface.
func (f finds) Len() int { return len(f) }

// Less is of heap.Interface.
func (f finds) Less(i, j int) bool { return f[i].record.Began.Before(f[j].record.Began) }

// Swap is of heap.Interface.
func (f finds) Swap(i, j int) { f[i], f[j] = f[j], f[i] }

// Push is of heap.Interface.
func (f *finds) Push(x any) { *f = append(*f, x.(find)) }

// Pop is of heap.Interface.
func (f *finds) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

var _ heap.Interface = (*finds)(nil)
