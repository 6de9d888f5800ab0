package balancer

import (
	"crypto/tls"
	"net"
	"runtime/debug"
	"time"

	"relais/balancer/accesslog"
	"relais/balancer/tunnel"
)

// session is one connection of TCP mode with everything that becomes of it.
type session struct {
	stream
	client tunnel.Conn
}

// starter is a client connection that begins with something before the bytes of the application:
// a PROXY header, a TLS handshake.
type starter interface{ Start() error }

// ServeTCP serves a connection of a frontend in TCP mode to its end, and closes it. The server is
// asked for at once: in many protocols it speaks first.
func (p *Proxy) ServeTCP(f *Frontend, conn net.Conn) {
	x := &session{client: conn.(tunnel.Conn)}
	x.began = time.Now()
	f.Counters.ConnsTotal.Inc()
	f.Counters.Conns.Inc()
	defer f.Counters.Conns.Dec()
	defer conn.Close()
	defer func() {
		if v := recover(); v != nil {
			p.onPanic(f.Name, v, debug.Stack())
		}
	}()
	if !x.start(f.startTimeout) {
		return // nothing has been asked of us, and the bind has told why
	}
	x.sight = p.shelf.add(f, conn.RemoteAddr())
	defer p.shelf.remove(x.sight)
	x.begin(p, f, conn.RemoteAddr(), x.began)
	x.sight.backend.Store(x.backend)
	x.run()
	x.finish()
}

// start reads what comes before the application's bytes.
func (x *session) start(timeout time.Duration) bool {
	s, ok := x.client.(starter)
	if !ok {
		return true
	}
	return x.client.SetReadDeadline(time.Now().Add(timeout)) == nil && s.Start() == nil &&
		x.client.SetReadDeadline(time.Time{}) == nil
}

// run finds a server and carries bytes until both sides have ended.
func (x *session) run() {
	b := x.backend.Counters
	b.Sessions.Inc()
	b.SessionsTotal.Inc()
	defer b.Sessions.Dec()
	if h := x.backend.hasher; h != nil {
		x.waiter.key = h.Source(x.peer.Addr()) // nothing else is there to be hashed in TCP mode
	}
	for x.attempt() {
	}
}

// attempt tries one server and tells whether to try again. Nothing of what the client says is
// read before there is a connection, so that any other server will do.
func (x *session) attempt() bool {
	if !x.take(staying) {
		return false
	}
	defer x.giveBack()
	from, to := x.ends(x.client.LocalAddr())
	conn, f, err := x.server.connect(x.server.untilDown(), x.settings, x.backend.connectTimeout, from, to)
	x.observe(f, 0)
	if err != nil {
		x.fail(f, err)
		return x.again(attempt{failure: f, replayable: true})
	}
	defer conn.Close()
	x.failure, x.connected = failNone, time.Now()
	x.hear()
	x.waiter.flight.answer()
	x.carry(conn)
	return false
}

// staying says that a client cannot be seen to leave: the end of its stream may be all it has to
// say.
func staying() (left <-chan struct{}, done func()) { return nil, func() {} }

// carry carries bytes between client and server.
func (x *session) carry(server net.Conn) {
	t := x.newTunnel(x.client, server)
	running := x.enlist(func() { t.Cut(errShutdown) })
	r := t.Run()
	if f := x.delist(running, tunnelFailures[r.End]); f != failNone {
		x.record(f, r.Err, sessionWords[f])
	}
}

// sessionWords says how a session ended before its time.
var sessionWords = map[failure]string{
	failClientGone: "the client reset the connection",
	failCut:        "reset the connection",
	failClientSlow: "no byte passed for timeout.tunnel",
	failStall:      "no byte passed for timeout.tunnel",
	failKilled:     "ended by the balancer",
	failShutdown:   "went down, and the session was ended",
	failInternal:   verdicts[failInternal].words,
}

// finish counts the session, has its record kept and writes its line, exactly once.
func (x *session) finish() {
	x.ended = time.Now()
	b := x.backend.Counters
	b.LastSession.Store(x.ended.UnixNano())
	b.Queue.Observe(microseconds(x.waiter.queued))
	if !x.connected.IsZero() {
		connect, total := microseconds(x.connected.Sub(x.picked)), microseconds(x.ended.Sub(x.began))
		b.Connect.Observe(connect)
		b.Total.Observe(total)
		x.server.Counters.Connect.Observe(connect)
		x.server.Counters.Total.Observe(total)
		x.server.Counters.Times.Tunnels.Observe(total)
	} else if x.server != nil && x.failure.byServer() {
		x.server.Counters.Times.Errors.Observe(microseconds(x.ended.Sub(x.began)))
	}
	x.tell()
	x.tale.Termination = verdicts[x.failure].termination
	if x.proxy.keep != nil {
		x.proxy.keep(&x.tale)
	}
	if x.proxy.log != nil {
		entry := x.entry()
		x.proxy.log(&entry)
	}
}

func (x *session) entry() accesslog.Entry {
	e := accesslog.Entry{
		TCP: true, Time: x.began, ID: x.id[:], Client: x.peer, Frontend: x.frontend.Name, Backend: x.backend.Name,
		BytesIn: uint64(x.tunnelIn), BytesOut: uint64(x.tunnelOut),
		Retries: x.attempts, Redispatched: x.redispatched(), Termination: x.tale.Termination,
		Timers: accesslog.Timers{
			Request: accesslog.NotReached, Queue: accesslog.NotReached,
			Connect: timer(x.picked, x.connected), Response: accesslog.NotReached, Total: timer(x.began, x.ended),
		},
		Reason: x.tale.Reason, Why: x.brief(), Conns: x.conns(), Queue: x.waiter.behind,
	}
	if x.server != nil || x.waiter.queued > 0 {
		e.Timers.Queue = x.waiter.queued.Microseconds()
	}
	e.Conns.Backend = level(&x.backend.Counters.Sessions)
	_, e.TLS = x.client.(interface{ ConnectionState() tls.ConnectionState })
	if x.server != nil {
		e.Server, e.Conns.Server = x.server.Name, level(&x.server.Counters.Sessions)
	}
	return e
}
