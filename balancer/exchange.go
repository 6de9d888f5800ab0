package balancer

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"relais/balancer/accesslog"
	"relais/balancer/h1"
)

// exchange is one request with everything that becomes of it. It is reused.
type exchange struct {
	proxy    *Proxy
	client   *h1.ClientConn
	head     *h1.Head
	frontend *Frontend
	backend  *Backend
	server   *Server        // of the current or last attempt
	settings *settings      // of that server, when the attempt began
	conn     *h1.ServerConn // of the current attempt

	id       [32]byte
	clientIP [64]byte
	peer     netip.AddrPort

	out       []byte // the request as the server gets it: head and what had arrived of the body
	whole     bool   // out is the whole request
	consumed  bool   // body bytes behind out have been taken from the client
	in        []byte // the head of the answer and the first of its body
	relay     []byte // the head of the answer as the client gets it, and the first of its body
	response  h1.Response
	upload    *upload
	uploadErr error // why the client did not send the rest of its body
	bodyCut   bool  // the exchange ended before it was there
	entry     accesslog.Entry

	waiter   waiter
	slot     *Server // that take gave and release has not got back
	attempts int
	failure  failure
	cause    error
	story    []byte // what went wrong on the way, in words

	status    int
	started   bool // the client has got something of the final answer
	closing   bool // the client's connection ends with this exchange
	endless   bool // only the end of the connection tells the client where the answer ends
	reused    bool // the server connection had been idle
	bytesIn   int64
	bytesOut  int64
	serverIn  int64 // bytes of the answer as the server sent it
	picked    time.Time
	connected time.Time
	answered  time.Time // head of the answer
	ended     time.Time
}

func (p *Proxy) acquire(f *Frontend, client *h1.ClientConn) *exchange {
	x, ok := p.exchanges.Get().(*exchange)
	if !ok {
		x = &exchange{proxy: p}
	}
	x.client, x.head = client, client.Head()
	x.frontend, x.backend = f, f.backend
	x.newID()
	if a, ok := client.RemoteAddr().(*net.TCPAddr); ok {
		x.peer = a.AddrPort()
		x.peer = netip.AddrPortFrom(x.peer.Addr().Unmap().WithZone(""), x.peer.Port())
	}
	return x
}

// release forgets the request. Buffers that a large message has blown up are not kept.
func (p *Proxy) release(x *exchange) {
	x.client.End()
	keep := func(b []byte) []byte {
		if cap(b) > 64<<10 {
			return nil
		}
		return b[:0]
	}
	*x = exchange{
		proxy: p, out: keep(x.out), in: x.in, relay: keep(x.relay), response: x.response,
		waiter: waiter{tried: x.waiter.tried[:0], ready: x.waiter.ready}, story: keep(x.story),
	}
	p.exchanges.Put(x)
}

// newID fills x.id with 128 random bits in hexadecimal.
func (x *exchange) newID() {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(b[8:], rand.Uint64())
	hex.Encode(x.id[:], b[:])
}

// run serves the request from its head to the last byte of the answer.
func (x *exchange) run() {
	x.closing = x.head.Close
	if fault := x.client.Fault(); fault != nil {
		x.fail(headFault(fault), fault)
		x.answerPage(x.failure)
		return
	}
	x.frontend.Counters.Requests.Inc()
	x.backend.Counters.Sessions.Inc()
	x.backend.Counters.SessionsTotal.Inc()
	defer x.backend.Counters.Sessions.Dec()
	if !x.prepare() {
		return
	}
	for ; ; x.attempts++ {
		if !x.attempt() {
			return
		}
	}
}

// prepare composes what is sent to a server.
func (x *exchange) prepare() bool {
	ip := x.peer.Addr().AppendTo(x.clientIP[:0])
	x.out = h1.AppendRequest(x.out[:0], x.head, &h1.Forwarded{
		For: ip, Proto: x.client.Scheme(), Host: x.localHost(), RequestID: x.id[:],
	})
	if x.client.BodyDone() {
		x.whole = true
		return true
	}
	if err := x.appendArrived(); err != nil {
		x.fail(failRequest, err)
		x.answerPage(failRequest)
		return false
	}
	x.whole = x.client.BodyDone()
	return true
}

// appendArrived appends what has already arrived of the body.
func (x *exchange) appendArrived() error {
	from := len(x.out)
	room := h1.ChunkRoom
	if x.head.Length != h1.Chunked {
		room = 0
	}
	x.out = append(x.out, make([]byte, room+x.client.Arrived()+2)...)
	n, err := x.client.ReadArrived(x.out[from+room : len(x.out)-2])
	if err != nil {
		return err
	}
	x.bytesIn += int64(n)
	x.out = x.out[:from+room+n]
	if room > 0 {
		framed := h1.Chunk(x.out[from:])
		x.out = append(x.out[:from], framed...)
		if x.client.BodyDone() {
			x.out = h1.AppendLastChunk(x.out, x.client.Trailer())
		}
	}
	return nil
}

// localHost stands in for the Host that an HTTP/1.0 client did not send.
func (x *exchange) localHost() []byte {
	if x.head.HasHost {
		return nil
	}
	if a, ok := x.client.LocalAddr().(*net.TCPAddr); ok {
		return []byte(a.String())
	}
	return []byte("localhost") // of a unix socket
}

// attempt gives the request to one server and tells whether to try again.
func (x *exchange) attempt() bool {
	s := x.take()
	if s == nil {
		x.answerPage(x.failure)
		return false
	}
	defer x.giveBack()
	if x.server == s {
		x.turnaround()
	}
	if x.attempts > 0 && x.server != s {
		x.server.Counters.Redispatches.Inc()
	}
	x.server = s
	f, processed, err := x.roundTrip(s)
	if f == failNone {
		x.failure = failNone
		return false
	}
	x.fail(f, err)
	if x.backend.retry.again(attempt{
		number: x.attempts, failure: f, processed: processed, answered: x.started,
		replayable: !x.consumed, idempotent: x.head.Idempotent() && x.whole,
	}) {
		s.Counters.Retries.Inc()
		x.waiter.tried = append(x.waiter.tried, s)
		return true
	}
	x.giveUp()
	return false
}

// take gets a server for the next attempt, waiting for one with room unless the client leaves.
func (x *exchange) take() *Server {
	s, f := x.backend.farm.take(&x.waiter, x.backend.queueTimeout, x.leaving)
	x.client.WhileDialing(nil)
	if s == nil {
		x.fail(f, nil)
		return nil
	}
	x.slot = s
	return s
}

// leaving yields when the client leaves.
func (x *exchange) leaving() <-chan struct{} {
	left := make(chan struct{}, 1)
	x.client.WhileDialing(func() {
		select {
		case left <- struct{}{}:
		default:
		}
	})
	return left
}

// giveBack makes room on the server for somebody else.
func (x *exchange) giveBack() {
	if s := x.slot; s != nil {
		x.slot = nil
		x.backend.farm.release(s)
	}
}

// turnaround waits before the same server is tried again, as HAProxy does.
func (x *exchange) turnaround() {
	pause := time.NewTimer(min(x.backend.connectTimeout, time.Second))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-x.leaving():
	}
	x.client.WhileDialing(nil)
}

// stopping tells whether connections are to end as soon as their answers are there.
func (x *exchange) stopping() bool { return x.proxy.stopping.Load() || x.frontend.gone.Load() }

// giveUp tells the client that there is no answer, or no complete one.
func (x *exchange) giveUp() {
	if !x.started {
		x.answerPage(x.failure)
		return
	}
	x.closing = true
	if x.endless {
		x.client.Abort()
	}
}

// fail records what went wrong.
func (x *exchange) fail(f failure, err error) {
	x.failure, x.cause = f, err
	switch {
	case f.refusal():
		x.frontend.Counters.RequestErrors.Inc()
	case f.withoutServer():
		x.backend.Counters.NoServer.Inc()
	}
	if x.server != nil {
		x.server.blame(f)
	}
	if len(x.story) > 0 {
		x.story = append(x.story, "; "...)
	}
	if x.server != nil && !f.byClient() && !f.withoutServer() {
		x.story = append(append(x.story, x.server.Name...), ": "...)
	}
	x.story = append(x.story, explain(f, err)...)
}

// blame counts a failure where it belongs. What the client or the balancer itself did is never
// held against the server.
func (s *Server) blame(f failure) {
	switch f {
	case failConnect, failConnectTimeout:
		s.Counters.ConnectErrors.Inc()
	case failEmpty, failJunk, failTimeout, failCut, failStall:
		s.Counters.ResponseErrors.Inc()
		if f == failEmpty || f == failCut {
			s.Counters.ServerAborts.Inc()
		}
	case failClientGone, failClientSlow:
		s.Counters.ClientAborts.Inc()
	case failInternal:
		s.Counters.Internal.Inc()
	}
}
