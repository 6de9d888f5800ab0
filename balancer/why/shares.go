package why

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Shares is how the requests to a backend were shared among its servers in some time.
type Shares struct {
	Backend   string
	Algorithm string    // in the end; empty: not known
	From, To  time.Time // From is To if nothing has been counted yet
	Requests  uint64    // that servers were given; one that went to two servers counts twice
	Servers   []Share   // the one with the most requests first
}

// Share is what one server got.
type Share struct {
	Server string
	Tally
	Requests uint64

	Weight, Weights int // its own in the end, and of all servers but backup ones; Weights 0: not known

	// Due is the part of the requests, from 0 to 1, that weights alone would have given it among
	// those that were candidates at the time; negative: not known.
	Due float64
	Out []Absence
}

// Absence is a time in which a server was no candidate.
type Absence struct {
	From, To time.Time
	Why      string // as in Candidate.Out
}

// Shares tells how the requests to a backend were shared from about a moment on, at most 15 minutes
// ago, up to now, whose counters it gets.
func (m *Memory) Shares(backend string, from time.Time, now Sample) *Shares {
	r := reckoning{
		Shares: &Shares{Backend: backend, From: now.At, To: now.At},
		places: map[string]int{}, episodes: m.past.of(backend),
	}
	m.samples.reckon(&r, from, now)
	r.attend()
	r.weigh()
	slices.SortFunc(r.Servers, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), strings.Compare(a.Server, b.Server))
	})
	return r.Shares
}
