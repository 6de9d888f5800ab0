package why

import (
	"sync"
	"time"
)

// ring holds encoded records in chunks. It takes memory chunk by chunk as records come; when it
// has all that it may have, each new chunk is written over the oldest. It is safe for concurrent
// use; what takes its lock is a record's encoding, or the copy of a chunk.
type ring struct {
	size int // of a chunk, in bytes

	mu     sync.Mutex
	second int64    // unix, in which the newest of the ordinary records began
	kept   int      // of those that began in it
	chunks []*chunk // the one with number n at n % len, once it is there
	newest int      // number of the chunk that is written; -1: none is there
	words  *dictionary
}

// chunk holds records that refer to nothing outside it but to situations. They can be read from
// the first on only.
type chunk struct {
	number   int
	data     []byte
	last     int64 // when the last record began, in unix microseconds
	from, to int64 // when the oldest and the newest did
	since    int64 // when the first record ended
}

// newRing returns a ring that takes up to limit bytes.
func newRing(size, limit int) *ring {
	return &ring{size: size, chunks: make([]*chunk, limit/size), newest: -1}
}

// keep adds a record.
func (r *ring) keep(record *Record, past *past) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(record, past)
}

// keepSome adds a record unless there were so many of the same second already. Its situations are
// noted in any case: they may be new.
func (r *ring) keepSome(record *Record, most int, past *past) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if second := record.Began.Unix(); second != r.second {
		r.second, r.kept = second, 0
	}
	if r.kept < most {
		r.kept++
		r.add(record, past)
		return
	}
	for i := range record.Attempts {
		past.number(record.Attempts[i].Situation)
	}
}

func (r *ring) add(record *Record, past *past) {
	var id token
	id.pack(record.ID)
	if c := r.current(bound(record)); c != nil {
		c.add(record, &id, r.words, past)
	}
}

// current returns the newest chunk, or the next one if that has no room for need bytes; nil: no
// chunk has.
func (r *ring) current(need int) *chunk {
	if r.newest >= 0 {
		if c := r.chunks[r.newest%len(r.chunks)]; cap(c.data)-len(c.data) >= need {
			return c
		}
	}
	if need > r.size {
		return nil
	}
	r.newest++
	place := &r.chunks[r.newest%len(r.chunks)]
	if *place == nil {
		*place = &chunk{data: make([]byte, 0, r.size)}
	}
	if r.words == nil {
		r.words = newDictionary()
	}
	r.words.clear()
	c := *place
	*c = chunk{number: r.newest, data: c.data[:0]}
	return c
}

// numbers returns those of the chunks that are there, from the oldest up to and without end.
func (r *ring) numbers() (first, end int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(0, r.newest+1-len(r.chunks)), r.newest + 1
}

// since returns when the first record ended that is still there; zero: none is.
func (r *ring) since() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.newest < 0 {
		return time.Time{}
	}
	return time.UnixMicro(r.chunks[max(0, r.newest+1-len(r.chunks))%len(r.chunks)].since)
}

// copyTo copies the data of the chunk with a number, unless it has been written over or is not
// wanted.
func (r *ring) copyTo(to *chunk, number int, wanted func(*chunk) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.chunks[number%len(r.chunks)]
	if c.number != number || !wanted(c) {
		return false
	}
	to.data = append(to.data[:0], c.data...)
	return true
}
