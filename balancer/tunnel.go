package balancer

import (
	"errors"
	"io"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"relais/balancer/h1"
)

// tunnel carries bytes both ways between a client and a server that have switched to another
// protocol. It ends when both have closed their sending sides, when one fails, or when neither
// has sent anything for its time-out.
type tunnel struct {
	client   *h1.ClientConn
	server   *h1.ServerConn
	response *h1.Response
	timeout  time.Duration
	report   func(panic any, stack []byte)
	last     atomic.Int64 // unix nanoseconds of the last byte in either direction

	toServer, toClient int64
}

// relayTunnel passes a 101 on and then everything in both directions. A client that closes its
// sending side has not left.
func (x *exchange) relayTunnel() (failure, error) {
	if err := x.response.Switches(x.head); err != nil {
		return failJunk, err
	}
	x.client.WhileServedBy(nil)
	x.status, x.closing = x.response.Head.Status, true
	x.relay = h1.AppendResponse(x.relay[:0], &x.response.Head, h1.Delivery{})
	if f, err := x.deliver(x.relay); f != failNone {
		return f, err
	}
	t := &tunnel{client: x.client, server: x.conn, response: &x.response, timeout: x.backend.tunnelTimeout,
		report: x.proxy.panicReporter(x.frontend.Name)}
	f, err := t.run(x.proxy.acquireRelay(), x.proxy.acquireRelay(), x.proxy.relays.Put)
	x.bytesIn, x.bytesOut, x.serverIn = x.bytesIn+t.toServer, x.bytesOut+t.toClient, x.serverIn+t.toClient
	return f, err
}

// run copies until the end, the client's direction in a goroutine of its own.
func (t *tunnel) run(up, down *[]byte, release func(any)) (f failure, err error) {
	t.last.Store(time.Now().UnixNano())
	t.client.Patience(t.timeout)
	done := make(chan failure, 1)
	go func() {
		done <- t.copyUp(*up)
		release(up)
	}()
	f = t.copyDown(*down)
	release(down)
	if f != failNone {
		t.client.StopReading() // the other direction is of no use any more
	}
	if other := <-done; f == failNone {
		f = other
	}
	return f, nil
}

// copyUp carries what the client sends, and then the end of it.
func (t *tunnel) copyUp(buf []byte) (f failure) {
	defer func() {
		if v := recover(); v != nil {
			t.report(v, debug.Stack())
			t.server.Abandon()
			f = failInternal
		}
	}()
	for {
		n, err := t.read(t.client.ReadTunnel, buf)
		t.toServer += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			_ = t.server.CloseWrite()
			return failNone
		case err != nil:
			t.server.Abandon()
			return clientFailure(err)
		}
		if t.server.Send(buf[:n], t.timeout) != nil {
			return failCut
		}
	}
}

// copyDown carries what the server sends, and then the end of it.
func (t *tunnel) copyDown(buf []byte) failure {
	for {
		n, err := t.read(t.response.ReadTunnel, buf)
		t.toClient += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			_ = t.client.CloseWrite()
			return failNone
		case err != nil:
			return bodyFailure(err)
		}
		if _, err := t.client.Answer(buf[:n]); err != nil {
			return clientFailure(err)
		}
	}
}

// read reads from one side. A silent side is given more time as long as the other one speaks.
func (t *tunnel) read(read func([]byte, time.Duration) (int, error), buf []byte) (int, error) {
	for {
		silent := time.Since(time.Unix(0, t.last.Load()))
		n, err := read(buf, max(t.timeout-silent, time.Millisecond))
		if n > 0 {
			t.last.Store(time.Now().UnixNano())
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(time.Unix(0, t.last.Load())) >= t.timeout {
			return n, err
		}
	}
}
