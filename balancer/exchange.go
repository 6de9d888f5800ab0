package balancer

import (
	"net"

	"relais/balancer/accesslog"
	"relais/balancer/h1"
	"relais/balancer/lb"
)

// exchange is one request with everything that becomes of it. It is reused.
type exchange struct {
	stream
	client   *h1.ClientConn
	head     *h1.Head
	conn     *h1.ServerConn // of the current attempt
	clientIP [64]byte

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
	stick     stick
	ruling    ruling
	routing   *routing // nil: neither rules nor edits have been looked at yet

	status   int
	local    bool // the frontend itself answers: no backend is asked
	silent   bool // it is neither counted nor logged
	started  bool // the client has got something of the final answer
	closing  bool // the client's connection ends with this exchange
	endless  bool // only the end of the connection tells the client where the answer ends
	reused   bool // the server connection had been idle
	bytesIn  int64
	bytesOut int64
	serverIn int64 // bytes of the answer as the server sent it
	repeat   bool  // the answer was dropped: another attempt follows
}

func (p *Proxy) acquire(f *Frontend, client *h1.ClientConn) *exchange {
	x, ok := p.exchanges.Get().(*exchange)
	if !ok {
		x = &exchange{}
	}
	x.sight = sightOf(client)
	began, _ := client.Times()
	x.begin(p, f, client.RemoteAddr(), began)
	x.client, x.head = client, client.Head()
	return x
}

// release forgets the request. Buffers that a large message has blown up are not kept.
func (p *Proxy) release(x *exchange) {
	x.client.End()
	x.sight.rest()
	keep := func(b []byte) []byte {
		if cap(b) > 64<<10 {
			return nil
		}
		return b[:0]
	}
	clear(x.tale.Attempts) // situations are not to be held
	out, in, relay, response, routing := keep(x.out), x.in, keep(x.relay), x.response, x.routing.end()
	tried, ready, story, attempts := x.waiter.tried[:0], x.waiter.ready, keep(x.story), x.tale.Attempts[:0]
	*x = exchange{} // with its new values here, the whole would be made elsewhere and copied
	x.out, x.in, x.relay, x.response, x.routing = out, in, relay, response, routing
	x.waiter.tried, x.waiter.ready, x.story, x.tale.Attempts = tried, ready, story, attempts
	p.exchanges.Put(x)
}

// run serves the request from its head to the last byte of the answer.
func (x *exchange) run() {
	x.closing = x.head.Close
	if fault := x.client.Fault(); fault != nil {
		x.frontend.Counters.Requests.Inc()
		x.local = true
		x.fail(headFault(fault), x.head.Seen(fault))
		x.answerPage(x.failure)
		return
	}
	if x.monitor() {
		return
	}
	x.reportTolerated()
	x.frontend.Counters.Requests.Inc()
	if x.redirect() {
		return
	}
	if x.frontend.rules != nil {
		defer x.leaveRules()
		if x.route() {
			return
		}
	}
	x.sight.backend.Store(x.backend)
	x.backend.Counters.Sessions.Inc()
	x.backend.Counters.SessionsTotal.Inc()
	defer x.backend.Counters.Sessions.Dec()
	if !x.prepare() {
		return
	}
	x.waiter.key = x.hashKey()
	for x.attempt() {
	}
}

// hashKey is what the backend's algorithm hashes of the request.
func (x *exchange) hashKey() lb.Key {
	h := x.backend.hasher
	switch {
	case h == nil:
		return lb.Key{}
	case h.Kind() == lb.URI:
		return h.URI(x.head.Target)
	case h.Kind() == lb.Header:
		return h.Header(x.head.Lookup(h.HeaderName()))
	}
	return h.Source(x.peer.Addr())
}

// prepare composes what is sent to a server.
func (x *exchange) prepare() bool {
	x.recognize()
	edits, err := x.edit(x.frontend.requestEdits)
	if err != nil {
		x.fail(failRequest, err)
		x.answerPage(failRequest)
		return false
	}
	ip := x.peer.Addr().AppendTo(x.clientIP[:0])
	x.out = h1.AppendRequest(x.out[:0], x.head, &h1.Forwarded{
		For: ip, Trusted: x.frontend.trusts(x.peer.Addr()), Proto: x.client.Scheme(), Host: x.localHost(), RequestID: x.id[:],
		Cookie: x.backend.cookieEdit(), Edits: edits,
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
	if !x.take(x.leaving) {
		x.answerPage(x.failure)
		return false
	}
	defer x.giveBack()
	x.repeat = false
	f, processed, err := x.roundTrip(x.server)
	x.observe(f, x.status)
	if f == failNone {
		x.failure = failNone
		return false
	}
	if f == failStatus {
		return x.repeat
	}
	x.fail(f, err)
	if x.mayRepeat(f, processed) {
		return true
	}
	x.giveUp()
	return false
}

// mayRepeat decides whether a failed attempt is followed by another one.
func (x *exchange) mayRepeat(f failure, processed bool) bool {
	return x.again(attempt{
		failure: f, processed: processed, answered: x.started,
		replayable: !x.consumed, idempotent: x.head.Idempotent() && x.whole,
	})
}

// leaving yields when the client leaves, until done is called.
func (x *exchange) leaving() (left <-chan struct{}, done func()) {
	c := make(chan struct{}, 1)
	x.client.WhileDialing(func() {
		select {
		case c <- struct{}{}:
		default:
		}
	})
	return c, func() { x.client.WhileDialing(nil) }
}

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

// fail records what went wrong, with what was seen on the wire.
func (x *exchange) fail(f failure, err error) {
	switch {
	case f.refusal():
		x.refuse(err)
	case f == failJunk:
		x.refuseAnswer(err)
	}
	x.stream.fail(f, err)
}
