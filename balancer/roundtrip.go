package balancer

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"relais/balancer/h1"
)

// roundTrip makes one attempt on a server: it sends the request, reads the answer and passes it
// to the client. processed says, of a failed attempt, that the server may have acted on the
// request.
func (x *exchange) roundTrip(s *Server) (f failure, processed bool, err error) {
	n, f, processed, err := x.send(s)
	if f != failNone {
		return f, processed, err
	}
	x.hear()
	f, err = x.answer(n)
	x.leave(f)
	return f, true, err
}

// send gets a connection, sends the request over it and waits for the first bytes of the
// answer. Idle connections that turn out to be closed cost nothing but another look into the
// pool, as nothing has been sent then.
func (x *exchange) send(s *Server) (n int, f failure, processed bool, err error) {
	for at := x.picked; ; at = time.Now() {
		c := x.settings.pool.Get(x.head.Idempotent() && x.whole)
		x.reused = c != nil
		if c == nil {
			if c, f, err = x.dial(s); err != nil {
				return 0, f, false, err
			}
			at = time.Now()
		} else {
			s.Counters.Reuses.Inc()
		}
		x.conn, x.connected = c, at
		x.client.WhileServedBy(c)
		n, err = x.exchangeOver(c)
		if err == nil {
			return n, failNone, true, nil
		}
		processed = !c.Unprocessed()
		x.client.WhileServedBy(nil)
		x.stopUpload()
		x.settings.pool.Discard(c)
		x.conn = nil
		if x.uploadErr != nil {
			err = x.uploadErr
		}
		f = x.sendFailure(err)
		if errors.Is(err, h1.ErrStale) || errors.Is(err, h1.ErrDirty) {
			s.Counters.RacesAvoided.Inc()
			if !x.consumed {
				continue
			}
		}
		return 0, f, processed, err
	}
}

// dial opens a connection to a server, unless the client leaves meanwhile.
func (x *exchange) dial(s *Server) (*h1.ServerConn, failure, error) {
	ctx, cancel := context.WithCancel(s.untilDown())
	defer cancel()
	x.client.WhileDialing(cancel)
	defer x.client.WhileDialing(nil)
	from, to := x.ends(x.client.LocalAddr())
	c, f, err := s.dial(ctx, x.settings, x.backend.connectTimeout, from, to)
	if f == failDown && x.client.Left() {
		f = failClientGone
	}
	return c, f, err
}

// exchangeOver sends the request over a connection and waits for the first bytes of the answer.
func (x *exchange) exchangeOver(c *h1.ServerConn) (int, error) {
	patience := x.backend.serverTimeout
	if x.whole {
		return c.Exchange(x.out, x.answerBuffer(), x.reused, patience)
	}
	if err := c.Begin(x.out, x.reused, patience); err != nil {
		return 0, err
	}
	x.startUpload(c)
	return c.Await(x.answerBuffer(), patience)
}

func (x *exchange) answerBuffer() []byte {
	if size := x.backend.maxHeaderSize + 4<<10; len(x.in) != size {
		x.in = make([]byte, size)
	}
	return x.in
}

// sendFailure says why there is no answer.
func (x *exchange) sendFailure(err error) failure {
	if x.uploadErr != nil {
		return clientFailure(err)
	}
	switch {
	case errors.Is(err, h1.ErrAbandoned):
		return failClientGone
	case errors.Is(err, h1.ErrCancelled):
		return failDown
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failTimeout
	}
	return failEmpty
}

// answer reads the answer, of which n bytes have arrived, and passes it on.
func (x *exchange) answer(n int) (failure, error) {
	x.response.Start(x.conn, x.in, n, string(x.head.Method) == "HEAD", x.backend.serverTimeout)
	for {
		if err := x.response.Next(x.backend.maxHeaders); err != nil {
			return x.headFailure(err), err
		}
		if !x.response.Interim() {
			break
		}
		if f, err := x.relayInterim(); f != failNone {
			return f, err
		}
	}
	x.waiter.flight.answer() // not before: behind an interim answer or half a head it may still hang
	if x.response.Head.Status == 101 {
		return x.relayTunnel()
	}
	if x.dropAnswer() {
		return failStatus, nil
	}
	if !x.backend.shutdownSessions {
		return x.relayAnswer() // without the cost of the rest
	}
	r := x.enlist(x.conn.Abandon)
	f, err := x.relayAnswer()
	return x.delist(r, f), err
}

// dropAnswer tells whether another server is asked because of the status of an answer.
func (x *exchange) dropAnswer() bool {
	status := x.response.Head.Status
	x.sick = status >= 500 && status != 501 && status != 505 // which blame the request
	if !x.backend.retry.status(status) || !x.mayRepeat(failStatus, true) {
		return false
	}
	x.repeat = true
	x.observe(failNone, status) // the server has answered
	x.record(failStatus, nil, "answered "+strconv.Itoa(status))
	return true
}

// headFailure says why the head of an answer could not be read.
func (x *exchange) headFailure(err error) failure {
	var fault *h1.Fault
	switch {
	case errors.As(err, &fault):
		return failJunk
	case errors.Is(err, h1.ErrAbandoned):
		return failClientGone
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failTimeout
	}
	return failEmpty
}

// bodyFailure says why the body of an answer is incomplete.
func bodyFailure(err error) failure {
	var fault *h1.Fault
	if errors.Is(err, h1.ErrAbandoned) {
		return failClientGone
	}
	if errors.As(err, &fault) {
		return failJunk
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return failStall
	}
	return failCut
}

// clientFailure says why the client could not be written to or read from.
func clientFailure(err error) failure {
	var fault *h1.Fault
	if errors.As(err, &fault) {
		return failRequest
	}
	if errors.Is(err, errUpload) {
		return failInternal
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return failClientSlow
	}
	return failClientGone
}

// leave gives the connection back to the pool if another request can use it. One with a PROXY
// header speaks for this client alone.
func (x *exchange) leave(f failure) {
	x.client.WhileServedBy(nil)
	uploaded := x.stopUpload()
	c := x.conn
	x.conn, x.ended = nil, time.Now()
	reusable := uploaded && x.response.Reusable() && !x.settings.target.Private()
	if f == failNone && reusable && !x.stopping() {
		x.settings.pool.Announce(x.response.KeepAliveTimeout())
		x.settings.pool.Put(c, x.ended)
		return
	}
	x.settings.pool.Discard(c)
}
