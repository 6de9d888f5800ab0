package balancer

import (
	"bytes"
	"errors"
	"net/netip"
	"sync"
	"time"

	"relais/balancer/h1"
)

// Refusal is a request that a frontend has refused, or an answer that a backend has, for an admin
// who wants to see it.
type Refusal struct {
	Time   time.Time
	Number uint64 // of the refusals of that frontend or backend, from 1 on

	Frontend, Server string         // of an answer
	Peer             netip.AddrPort // invalid if the client came through a unix socket
	Reason           string         // as in the counters, such as bare_lf
	At               int            // offset in Head of the byte that it is about; -1: of none
	Head             []byte         // how the request began, with secrets blanked out
}

// maxRefusalHead is how much of a refused request is kept, in bytes.
const maxRefusalHead = 1 << 10

// LastRefusal returns the last request that the frontend has refused, if there was any. It is safe
// for concurrent use.
func (f *Frontend) LastRefusal() (Refusal, bool) { return f.refused.load() }

func (l *lastRefusal) load() (Refusal, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.last
	last.Head = bytes.Clone(last.Head)
	return last, !last.Time.IsZero()
}

// LastRefusal returns the last answer of a server of the backend that was refused, if there was
// any. It is safe for concurrent use.
func (b *Backend) LastRefusal() (Refusal, bool) { return b.refused.load() }

// lastRefusal is the last refusal, in a buffer of its own.
type lastRefusal struct {
	mu   sync.Mutex
	last Refusal
}

func (l *lastRefusal) keep(r Refusal, head *h1.Head) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Head, r.Number = head.AppendTo(l.last.Head[:0], maxRefusalHead), l.last.Number+1
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

// refuseAnswer counts an answer that err stands against, and keeps it.
func (x *exchange) refuseAnswer(err error) {
	var fault *h1.Fault
	if !errors.As(err, &fault) {
		return
	}
	x.backend.Counters.Refused.Inc(fault.Name)
	r := Refusal{Time: time.Now(), Peer: x.peer, At: -1, Reason: fault.Name, Frontend: x.frontend.Name, Server: x.server.Name}
	if seen, ok := errors.AsType[*h1.Seen](x.response.Head.Seen(err)); ok {
		r.At = seen.At
	}
	x.backend.refused.keep(r, &x.response.Head)
}
