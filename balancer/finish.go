package balancer

import (
	"errors"
	"syscall"
	"time"

	"relais/balancer/accesslog"
	"relais/balancer/dial"
	"relais/balancer/h1"
	"relais/stats"
)

// lingering bounds how long a client may go on sending after it has been answered.
const (
	lingering     = 5 * time.Second
	lingeringSize = 1 << 30
)

// finish ends the exchange, exactly once.
func (x *exchange) finish() {
	if x.ended.IsZero() {
		x.ended = time.Now()
	}
	if !x.silent {
		x.report()
	}
	if x.closing && x.started && (x.client.Fault() != nil || !x.client.BodyDone()) {
		x.client.Linger(lingering, lingeringSize)
	}
}

// report counts the exchange, has its record kept and writes its line.
func (x *exchange) report() {
	x.count()
	x.bytesIn, x.bytesOut = x.bytesIn+x.tunnelIn, x.bytesOut+x.tunnelOut
	if x.proxy.keep == nil && x.proxy.log == nil {
		return
	}
	x.tell()
	if x.proxy.keep != nil {
		x.proxy.keep(&x.tale)
	}
	if x.proxy.log != nil {
		x.describe(&x.entry)
		x.proxy.log(&x.entry)
	}
}

func (x *exchange) count() {
	began, _ := x.client.Times()
	x.bytesIn += int64(x.head.Size())
	f := x.frontend.Counters
	f.BytesIn.Add(uint64(x.bytesIn))
	f.BytesOut.Add(uint64(x.bytesOut))
	f.Responses.Count(x.sentStatus())
	if x.local {
		return
	}
	b := x.backend.Counters
	b.Responses.Count(x.sentStatus())
	b.LastSession.Store(x.ended.UnixNano())
	b.Queue.Observe(microseconds(x.waiter.queued))
	total := microseconds(x.ended.Sub(began))
	if !x.answered.IsZero() {
		b.Connect.Observe(microseconds(x.connected.Sub(x.picked)))
		b.Response.Observe(microseconds(x.answered.Sub(x.connected)))
		b.Total.Observe(total)
	}
	s := x.server
	if s == nil {
		if x.failure == failClientGone {
			b.ClientAborts.Inc()
		}
		return
	}
	x.observeTimes(total)
	s.Counters.BytesIn.Add(uint64(x.bytesIn))
	s.Counters.BytesOut.Add(uint64(x.serverIn))
	s.Counters.Queue.Observe(microseconds(x.waiter.queued))
	if status := x.serverStatus(); status != 0 {
		s.Counters.Responses.Count(status)
	}
	if !x.answered.IsZero() {
		s.Counters.Connect.Observe(microseconds(x.connected.Sub(x.picked)))
		s.Counters.Response.Observe(microseconds(x.answered.Sub(x.connected)))
		s.Counters.Total.Observe(total)
	}
}

// observeTimes adds the exchange to the percentiles of its server: tunnels and failures apart, and
// nothing that the client broke off.
func (x *exchange) observeTimes(total uint64) {
	t := &x.server.Counters.Times
	switch {
	case x.failure.byClient():
	case x.status == 101:
		t.Tunnels.Observe(total)
	case x.failure != failNone || x.answered.IsZero():
		t.Errors.Observe(total)
	default:
		if x.waiter.behind > 0 {
			t.Queue.Observe(microseconds(x.waiter.queued))
		}
		if !x.reused {
			t.Connect.Observe(microseconds(x.connected.Sub(x.picked)))
		}
		t.Response.Observe(microseconds(x.answered.Sub(x.connected)))
		t.Total.Observe(total)
	}
}

// serverStatus is that of the server's own answer, 0 without a whole head of it.
func (x *exchange) serverStatus() int {
	if x.answered.IsZero() || x.failure.headless() && !x.started {
		return 0
	}
	return x.response.Head.Status
}

// sentStatus is that of the answer, or 0 if the client has left before it got any.
func (x *exchange) sentStatus() int {
	if x.failure == failClientGone && !x.started {
		return 0
	}
	return x.status
}

func microseconds(d time.Duration) uint64 { return uint64(max(d, 0) / time.Microsecond) }

// describe fills the entry of the access log.
func (x *exchange) describe(e *accesslog.Entry) {
	began, complete := x.client.Times()
	*e = accesslog.Entry{
		Time: began, ID: x.id[:], ClientID: x.head.RequestID(), Client: x.peer,
		Frontend: x.frontend.Name, Method: x.head.Method, Host: x.head.Host(), Target: x.head.Target,
		Proto: x.proto(), UserAgent: x.head.UserAgent(), Referer: x.head.Referer(),
		Status: x.status, BytesIn: uint64(x.bytesIn), BytesOut: uint64(x.bytesOut),
		Retries: x.attempts, Reused: x.reused, Termination: x.tale.Termination,
		Timers: accesslog.Timers{
			Request: timer(began, complete), Queue: accesslog.NotReached,
			Connect: timer(x.picked, x.connected), Response: timer(x.connected, x.answered),
			Total: timer(began, x.ended),
		},
		TLS: x.client.Scheme() == "https", Conns: x.conns(), Reason: x.tale.Reason, Why: x.brief(),
	}
	if x.local {
		if x.failure.refusal() {
			e.Timers.Request = accesslog.NotReached // a head that is not sound has no end
		}
		return
	}
	if x.headCut() {
		e.Timers.Response = accesslog.NotReached
	}
	e.Backend, e.Queue = x.backend.Name, x.waiter.behind
	e.Conns.Backend = level(&x.backend.Counters.Sessions)
	if x.server != nil || x.waiter.queued > 0 {
		e.Timers.Queue = x.waiter.queued.Microseconds()
	}
	if x.server != nil {
		e.Server, e.Conns.Server = x.server.Name, level(&x.server.Counters.Sessions)
		e.Redispatched = x.redispatched()
	}
}

// headCut tells whether only the beginning of the head of an answer was there.
func (x *exchange) headCut() bool {
	return x.failure.headless() && x.status == verdicts[x.failure].status
}

// conns counts the connections of clients.
func (x *stream) conns() accesslog.Conns {
	return accesslog.Conns{Process: x.proxy.shelf.count.Load(), Frontend: level(&x.frontend.Counters.Conns)}
}

func level(g *stats.Gauge) int64 {
	now, _ := g.Load()
	return now
}

// termination is HAProxy's termination state. Of a client that left it also says when.
func (x *exchange) termination() string {
	switch {
	case x.local && x.failure == failNone:
		return "LR--"
	case x.failure == failClientGone && x.sight.killed.Load():
		return verdicts[failKilled].termination
	case x.failure != failClientGone || x.started || x.bodyCut:
		return verdicts[x.failure].termination
	case x.picked.IsZero():
		return "CQ--"
	case x.connected.IsZero():
		return "CC--"
	}
	return "CH--"
}

var protocols = [2][]byte{[]byte("HTTP/1.0"), []byte("HTTP/1.1")}

// proto is the version of HTTP; empty if the request line was not sound.
func (x *exchange) proto() []byte {
	if len(x.head.Target) == 0 {
		return nil
	}
	return protocols[x.head.Minor]
}

// timer is the time from one moment to the next, if both were reached.
func timer(from, to time.Time) int64 {
	if from.IsZero() || to.Before(from) {
		return accesslog.NotReached
	}
	return to.Sub(from).Microseconds()
}

// explain says in words why an attempt failed.
func explain(f failure, err error) string {
	var errno syscall.Errno
	var seen *h1.Seen
	var fault *h1.Fault
	var handshake *dial.HandshakeError
	switch {
	case errors.As(err, &seen):
		return seen.Error()
	case errors.As(err, &fault):
		return fault.Reason
	case (f == failConnect || f == failConnectTimeout) && errors.As(err, &handshake):
		return handshake.Error()
	case f == failConnect && errors.As(err, &errno):
		return errno.Error()
	case f == failConnect:
		return err.Error()
	case (f == failEmpty || f == failCut) && errors.As(err, &errno):
		return verdicts[f].words + " (" + errno.Error() + ")"
	}
	return verdicts[f].words
}
