package balancer

import (
	"bytes"
	"errors"
	"net/netip"
	"sync"
	"time"

	"relais/balancer/h1"
)

// Refusal is a request that a frontend has refused, for an admin who wants to see it.
type Refusal struct {
	Time   time.Time
	Peer   netip.AddrPort // invalid if the client came through a unix socket
	Reason string         // as in the counters, such as bare_lf
	At     int            // offset in Head of the byte that it is about; -1: of none
	Head   []byte         // how the request began, with secrets blanked out
}

// maxRefusalHead is how much of a refused request is kept, in bytes.
const maxRefusalHead = 1 << 10

// LastRefusal returns the last request that the frontend has refused, if there was any. It is safe
// for concurrent use.
func (f *Frontend) LastRefusal() (Refusal, bool) {
	l := f.refused
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.last
	last.Head = bytes.Clone(last.Head)
	return last, !last.Time.IsZero()
}

// lastRefusal is the last refusal, in a buffer of its own.
type lastRefusal struct {
	mu   sync.Mutex
	last Refusal
}

func (l *lastRefusal) keep(r Refusal, head *h1.Head) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Head = head.AppendTo(l.last.Head[:0], maxRefusalHead)
	l.last = r
}

// refuse counts a request that err stands against, and keeps it.
func (x *exchange) refuse(err error) {
	r := Refusal{Time: time.Now(), Peer: x.peer, At: -1}
	var seen *h1.Seen
	if errors.As(err, &seen) {
		r.At = seen.At
	}
	var fault *h1.Fault
	if errors.As(err, &fault) {
		r.Reason = fault.Name
		x.frontend.Counters.Refused.Inc(fault.Name)
	}
	x.frontend.refused.keep(r, x.head)
}

// reportTolerated counts the harmless faults of a request that goes on.
func (x *exchange) reportTolerated() {
	for _, fault := range x.head.Tolerated() {
		x.frontend.Counters.Reported.Inc(fault.Name)
	}
}

// countJunk counts an answer that err stands against.
func (x *exchange) countJunk(err error) {
	var fault *h1.Fault
	if errors.As(err, &fault) {
		x.backend.Counters.Refused.Inc(fault.Name)
	}
}
