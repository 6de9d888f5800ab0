// Package why remembers why requests went where they went and what became of them, so that an
// admin can ask afterwards. It imports the standard library only.
package why

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// Record is the story of one request that has ended.
type Record struct {
	Began    time.Time
	ID       []byte         // the balancer's own
	ClientID []byte         // the request id that the client sent; empty: none
	Client   netip.AddrPort // invalid: it came through a unix socket

	Frontend string
	Backend  string // empty: none was chosen
	Method   []byte
	Host     []byte
	Target   []byte // as sent; long ones are cut

	Status      int
	Termination string // HAProxy's four characters
	Reason      string // what went wrong, in words; empty: nothing did

	Timers Timers
	Place  int // in the queue when it came there, from 1 on; 0: it did not wait

	Stick    Stick
	Wanted   string // server that the client's cookie named; empty: none
	Attempts []Attempt
	NoServer *Situation // of the backend when there was no server for it in the end; nil: there was one
}

// Timers say where the time went. A step that was not reached is negative.
type Timers struct{ Queue, Connect, Response, Total time.Duration }

// Attempt is one server that a request was given to.
type Attempt struct {
	Server    string
	Pick      Pick          // how it was chosen
	After     time.Duration // since the request began
	Failed    string        // what went wrong, in words; empty: it answered
	Situation *Situation    // of the backend at that moment
}

// Pick is how a server was chosen.
type Pick uint8

// The ways to choose a server.
const (
	ByAlgorithm Pick = iota // the algorithm of the backend had the choice
	ByHash                  // the algorithm goes by something of the request, such as its source
	ByCookie                // the client's cookie named it
	OnlyOne                 // no other server was usable, or had room
	ByQueue                 // the request had waited, and this server had room first
	Again                   // the one before failed; no other was usable
	Picks       = iota
)

// Stick is what a request's cookie had to say about servers.
type Stick uint8

// What there is to say.
const (
	NoCookie   Stick = iota // the backend has no cookie, or the client sent none
	BadCookie               // it names no server
	DownCookie              // its server was not usable
	Stuck                   // its server was taken
)

// Situation is the servers of a backend as the algorithm saw them from one change to the next. It
// is shared, never changed and not copied. One Memory at most remembers it.
type Situation struct {
	Backend   string
	Algorithm string // such as roundrobin
	Since     time.Time
	Panicking bool // so few servers were up that all were used
	Servers   []Candidate

	number atomic.Uint64 // in the Memory; 0: it has not been there
}

// Candidate is one server of a Situation.
type Candidate struct {
	Server string
	Weight int    // effective, with slowstart
	Out    string // why it was not a candidate, such as "down", "drain", "maint", "backup"; empty: it was one
}
