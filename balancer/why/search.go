package why

import (
	"bytes"
	"cmp"
	"math"
	"net/netip"
	"slices"
	"time"
)

// Query is what requests must be like to be found. Its zero value finds all.
type Query struct {
	Since, Until time.Time    // when they began; zero: at any time
	Client       netip.Prefix // invalid: any, also through a unix socket
	Path         string       // the target begins with it, or holds it if it does not begin with "/"
	Backend      string
	Server       string // of any of the attempts
	StatusFrom   int    // the status is at least this
	StatusTo     int    // and at most this; 0: any
	Abnormal     bool   // only abnormal ones
	Limit        int    // how many are returned, the newest; 0: 20
}

const defaultLimit = 20

// Find returns the requests with an id, their own or the one that their client sent, the newest
// first. As clients may send an id any number of times, at most 20 are returned.
func (m *Memory) Find(id []byte) []Record {
	id = id[:min(len(id), maxToken)]
	if len(id) == 0 {
		return nil
	}
	return m.scan(scan{limit: defaultLimit, from: math.MinInt64, to: math.MaxInt64, fits: func(r *Record) bool {
		return bytes.Equal(r.ID, id) || bytes.Equal(r.ClientID, id)
	}}, false)
}

// Search returns the requests that q describes, the newest first. It looks at all that it must,
// which takes some 100 ms when the Memory is full; meanwhile other searches wait, and requests
// wait for no longer than it takes to copy a chunk, some 20 us.
func (m *Memory) Search(q Query) []Record {
	s := scan{limit: cmp.Or(max(q.Limit, 0), defaultLimit), from: math.MinInt64, to: math.MaxInt64, fits: q.fits}
	if !q.Since.IsZero() {
		s.from = q.Since.UnixMicro()
	}
	if !q.Until.IsZero() {
		s.to = q.Until.UnixMicro()
	}
	return m.scan(s, q.Abnormal)
}

func (q *Query) fits(r *Record) bool {
	switch {
	case q.StatusFrom > 0 && r.Status < q.StatusFrom, q.StatusTo > 0 && r.Status > q.StatusTo:
		return false
	case q.Backend != "" && r.Backend != q.Backend:
		return false
	case q.Server != "" && !slices.ContainsFunc(r.Attempts, func(a Attempt) bool { return a.Server == q.Server }):
		return false
	case q.Client.IsValid() && !q.Client.Contains(r.Client.Addr().Unmap()):
		return false
	}
	return q.Path == "" || bytes.HasPrefix(r.Target, []byte(q.Path)) || q.Path[0] != '/' && bytes.Contains(r.Target, []byte(q.Path))
}

func (m *Memory) scan(s scan, abnormal bool) []Record {
	m.search <- struct{}{}
	defer func() { <-m.search }()
	s.ring(m.abnormal)
	if !abnormal {
		for _, r := range m.ordinary {
			s.ring(r)
		}
	}
	return s.records(m.past)
}
