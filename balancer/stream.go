package balancer

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"relais/balancer/why"
)

// stream is what a request and a connection of TCP mode have in common: a client that wants a
// server, and what becomes of that.
type stream struct {
	proxy    *Proxy
	sight    *sight
	frontend *Frontend
	backend  *Backend
	id       [32]byte
	peer     netip.AddrPort // of the client; invalid on a unix socket
	began    time.Time

	waiter   waiter
	server   *Server   // of the current or last attempt
	settings *settings // of that server, when the attempt began
	holding  bool      // the server has not been given back
	attempts int       // before the current one

	failure failure
	cause   error
	story   []byte // what went wrong on the way, in words

	tunnelIn, tunnelOut int64 // bytes to the server and to the client, counted as they passed

	picked    time.Time // the server
	connected time.Time
	answered  time.Time // the first of what the server said: of HTTP the head
	ended     time.Time // the exchange, or what is so far its last attempt
	sick      bool      // the server failed, or said so with a 5xx

	tale why.Record
}

func (x *stream) begin(p *Proxy, f *Frontend, client net.Addr, began time.Time) {
	x.proxy, x.frontend, x.backend = p, f, f.backend
	x.sight.home.Store(f)
	x.began = began
	x.sight.began.Store(began.UnixNano())
	x.sight.requests.Add(1)
	x.newID()
	x.peer = address(client)
}

// newID fills x.id with 128 random bits in hexadecimal.
func (x *stream) newID() {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(b[8:], rand.Uint64())
	hex.Encode(x.id[:], b[:])
}

// address is that of a TCP connection; others have none.
func address(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// ends are the client and where it has connected to, if the server is to know.
func (x *stream) ends(local net.Addr) (from, to netip.AddrPort) {
	if !x.settings.target.Private() {
		return from, to
	}
	return x.peer, address(local)
}

// leaving yields when the client leaves, until done is called.
type leaving func() (left <-chan struct{}, done func())

// take gets a server for the next attempt, waiting for one with room unless the client leaves.
func (x *stream) take(leaving leaving) bool {
	now := time.Now() // is asked for as seldom as can be: it is among the dearest calls of a request
	s, f := x.backend.farm.take(&x.waiter, now)
	if s == nil && f == failNone {
		left, done := leaving()
		s, f = x.backend.farm.await(&x.waiter, x.backend.queueTimeout, left)
		done()
		now = time.Now()
	}
	if s == nil {
		x.fail(f, nil)
		return false
	}
	x.holding = true
	if x.server == s {
		x.turnaround(leaving)
		now = time.Now()
	}
	if x.attempts > 0 && x.server != s {
		x.server.Counters.Redispatches.Inc()
	}
	x.server, x.settings = s, s.settings.Load()
	x.sight.server.Store(s)
	x.picked, x.connected, x.answered, x.ended, x.sick = now, time.Time{}, time.Time{}, time.Time{}, false
	s.Counters.Sessions.Inc()
	s.Counters.SessionsTotal.Inc()
	s.Counters.LastSession.Store(x.picked.UnixNano())
	x.attempting()
	return true
}

// hear takes note of the first that the server said.
func (x *stream) hear() { x.answered = time.Now() }

// turnaround waits before the same server is tried again, as HAProxy does.
func (x *stream) turnaround(leaving leaving) {
	left, done := leaving()
	defer done()
	pause := time.NewTimer(min(x.backend.connectTimeout, time.Second))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-left:
	}
}

// giveBack makes room on the server for somebody else, and tells the algorithm how it went.
func (x *stream) giveBack() {
	if !x.holding {
		return
	}
	x.holding = false
	x.server.Counters.Sessions.Dec()
	now := x.ended
	if now.IsZero() {
		now = time.Now()
	}
	said := x.answered
	if said.IsZero() {
		said = now
	}
	x.backend.farm.release(&x.waiter, said.Sub(x.picked), x.sick, now)
}

// again tells whether a failed attempt is followed by another one, and takes note of it. Failed
// connections cost the server nothing, so they do not use the retry budget.
func (x *stream) again(a attempt) bool {
	a.number = x.attempts
	if !x.backend.retry.again(a) {
		return false
	}
	if a.processed && !x.backend.farm.repeat(time.Now()) {
		x.backend.Counters.OverBudget.Inc()
		x.story = append(x.story, "; not repeated: the retry budget is used up"...)
		return false
	}
	x.attempts++
	x.server.Counters.Retries.Inc()
	x.server.Counters.RetryCauses.Inc(cause(a.failure, x.cause))
	x.waiter.tried = append(x.waiter.tried, x.server)
	return true
}

// redispatched tells whether the last attempt was on another server than the first.
func (x *stream) redispatched() bool {
	return len(x.waiter.tried) > 0 && x.waiter.tried[0] != x.server
}

// stopping tells whether connections are to end as soon as their answers are there.
func (x *stream) stopping() bool { return x.proxy.stopping.Load() || x.frontend.gone.Load() }

// fail records what went wrong.
func (x *stream) fail(f failure, err error) { x.record(f, err, explain(f, err)) }

// record counts a failure where it belongs and adds its words to the story.
func (x *stream) record(f failure, err error, words string) {
	x.failure, x.cause = f, err
	if x.sight.killed.Load() && (f == failClientGone || f == failKilled) {
		words = errKilled.Error()
	}
	switch {
	case f.refusal():
		x.frontend.Counters.RequestErrors.Inc()
	case f.withoutServer():
		x.backend.Counters.NoServer.Inc()
	}
	if x.server != nil {
		x.server.blame(f)
	}
	x.countCause(f, err)
	x.sick = x.sick || f.byServer()
	x.failing(words)
	if len(x.story) > 0 {
		x.story = append(x.story, "; "...)
	}
	if x.server != nil && !f.byClient() && !f.withoutServer() {
		x.story = append(append(x.story, x.server.Name...), ": "...)
	}
	x.story = append(x.story, words...)
}

// reason is the story for the log, with its good end if it has one.
func (x *stream) reason() string {
	if len(x.story) > 0 && x.failure == failNone {
		x.story = append(append(x.story, "; answered by "...), x.server.Name...)
	}
	return string(x.story)
}

// blame counts a failure where it belongs. What the client or the balancer itself did is never
// held against the server.
func (s *Server) blame(f failure) {
	switch f {
	case failConnect, failConnectTimeout:
		s.Counters.ConnectErrors.Inc()
	case failEmpty, failJunk, failTimeout, failCut, failStall, failStatus:
		s.Counters.ResponseErrors.Inc()
		if f == failCut || f == failStall {
			s.Counters.ServerAborts.Inc()
		}
	case failClientGone, failClientSlow:
		s.Counters.ClientAborts.Inc()
	case failInternal:
		s.Counters.Internal.Inc()
	}
}
