package accesslog

import "time"

// Filter says which entries get a line. The zero Filter keeps none.
type Filter struct {
	Sample float64       // share of all entries that is kept, from 0 to 1
	Slow   time.Duration // entries that took so long are kept; 0: that is no reason
	Errors bool          // entries with a trouble are kept
}

// Keeps tells whether x gets a line. The answer for a request depends on its id alone, unless it
// is slow or in trouble: whoever asks twice gets the same answer, in any process.
func (f *Filter) Keeps(x *Entry) bool {
	switch {
	case f.Sample >= 1:
		return true
	case f.Errors && x.troubled():
		return true
	case f.Slow > 0 && x.Timers.Total >= f.Slow.Microseconds():
		return true
	}
	return f.Sample > 0 && share(x.ID) < f.Sample
}

// troubled tells whether the exchange is not what HAProxy takes for normal (option dontlog-normal):
// a status of 5xx, another attempt, or an end before its time. Answers that the frontend itself
// gives on purpose are normal, and so is whatever becomes of cookies.
func (x *Entry) troubled() bool {
	if x.Status >= 500 || x.Retries > 0 || x.Redispatched || len(x.Termination) < 2 {
		return true
	}
	end := x.Termination[:2]
	return end != "--" && end != "LR"
}

// share spreads ids evenly over [0, 1): FNV-1a, and then the finalizer of MurmurHash3, since the
// upper bits of the former depend little on the last bytes.
func share(id []byte) float64 {
	h := uint64(14695981039346656037)
	for _, c := range id {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return float64((h^h>>33)>>11) / (1 << 53)
}
