package why

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// reader reads the records of a chunk, which it does not trust: what is not sound ends it.
type reader struct {
	rest  []byte
	last  int64    // when the record before began, in unix microseconds
	words []string // that the chunk has had so far
	fault bool

	record     Record
	situations []uint64 // numbers of those of the attempts, and behind them of the record's own
	ids        []byte   // in which the ids stand
}

// begin begins with the first record of a chunk.
func (r *reader) begin(data []byte) {
	r.rest, r.last, r.fault = data, 0, false
	r.words = r.words[:0]
}

// next reads the next record into r.record, which is there until the one after; false: there is
// none.
func (r *reader) next() bool {
	if len(r.rest) == 0 || r.fault {
		return false
	}
	e := &r.record
	began, size := binary.Varint(r.rest)
	r.skip(size)
	r.last += began
	e.Began = time.UnixMicro(r.last)
	r.ids = r.ids[:0]
	e.ID = r.token()
	e.ClientID = r.token()
	e.Client = r.client()
	e.Frontend, e.Backend = r.word(), r.word()
	e.Method, e.Host = append(e.Method[:0], r.word()...), append(e.Host[:0], r.word()...)
	e.Target = r.take(r.number())
	e.Status = int(r.number())
	e.Termination, e.Reason = r.word(), r.word()
	e.Timers = Timers{r.timer(), r.timer(), r.timer(), r.timer()}
	e.Place, e.Stick = int(r.number()), Stick(r.byte())
	e.Wanted = r.word()
	situation := r.number()
	r.attempts()
	r.situations = append(r.situations, situation)
	return !r.fault
}

func (r *reader) attempts() {
	e := &r.record
	e.Attempts, r.situations = e.Attempts[:0], r.situations[:0]
	count := r.number()
	if count > maxAttempts {
		r.fault = true
		return
	}
	for range count {
		e.Attempts = append(e.Attempts, Attempt{Server: r.word(), Pick: Pick(r.byte()), After: r.timer(), Failed: r.word()})
		r.situations = append(r.situations, r.number())
	}
}

// skip leaves bytes behind; not positive: there was nothing sound.
func (r *reader) skip(size int) {
	if size <= 0 {
		r.fault, size = true, 0
	}
	r.rest = r.rest[size:]
}

func (r *reader) byte() byte {
	b := r.take(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	r.skip(size)
	return n
}

// take returns the next size bytes, or nothing if there are fewer.
func (r *reader) take(size uint64) []byte {
	if size > uint64(len(r.rest)) {
		r.fault = true
		return nil
	}
	b := r.rest[:size]
	r.rest = r.rest[size:]
	return b
}

func (r *reader) word() string {
	switch kind := r.number(); kind {
	case wordNone:
		return ""
	case wordPlain, wordNew:
		word := string(r.take(r.number()))
		if kind == wordNew {
			r.words = append(r.words, word)
		}
		return word
	default:
		if n := kind - wordFirst; n < uint64(len(r.words)) {
			return r.words[n]
		}
	}
	r.fault = true
	return ""
}

func (r *reader) timer() time.Duration {
	return time.Duration(int64(r.number())-1) * time.Microsecond
}

// token returns an id. Ids that were read before may move, and are still right where they are.
func (r *reader) token() []byte {
	head := r.byte()
	packed := r.take(uint64(head >> kindBits))
	start := len(r.ids)
	r.ids = tokenKind(head&(1<<kindBits-1)).appendTo(r.ids, packed)
	return r.ids[start:]
}

func (r *reader) client() netip.AddrPort {
	var addr netip.Addr
	switch size := r.byte(); size {
	case 0:
		return netip.AddrPort{}
	case 4, 16:
		addr, _ = netip.AddrFromSlice(r.take(uint64(size)))
	default:
		r.fault = true
	}
	port := r.take(2)
	if r.fault {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(port))
}
