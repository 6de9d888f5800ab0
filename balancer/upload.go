package balancer

import (
	"errors"
	"io"
	"runtime/debug"
	"sync/atomic"
	"time"

	"relais/balancer/h1"
)

var errUpload = errors.New("internal error while sending the request body")

// upload sends the part of a request body that had not arrived when the head was sent, in a
// goroutine beside the one that waits for the answer: a server may answer before it has read
// everything.
type upload struct {
	client   *h1.ClientConn
	server   *h1.ServerConn
	chunked  bool
	patience time.Duration
	flight   *flight
	report   func(panic any, stack []byte)

	whole atomic.Bool // the body has been read; its last piece may be on its way

	done      chan struct{} // closed at the end; what follows is valid then
	clientErr error         // the client left or fell silent
	serverErr error         // the server does not read any more
	bytes     int64
}

// startUpload begins to send the rest of the body.
func (x *exchange) startUpload(c *h1.ServerConn) {
	x.consumed = true
	x.upload = &upload{
		client: x.client, server: c, chunked: x.head.Length == h1.Chunked,
		patience: x.backend.serverTimeout, flight: &x.waiter.flight, done: make(chan struct{}),
		report: x.proxy.panicReporter(x.frontend.Name),
	}
	large := &x.proxy.large
	buf := large.acquire()
	u := x.upload
	go func() {
		u.run(*buf)
		large.release(buf)
		close(u.done)
		if u.clientErr != nil {
			u.server.Cancel() // the server must not take a part for the whole
		}
	}()
}

// run sends until the end of the body.
func (u *upload) run(buf []byte) {
	defer func() {
		if v := recover(); v != nil {
			u.clientErr = errUpload
			u.report(v, debug.Stack())
		}
	}()
	for !u.whole.Load() {
		var piece []byte
		u.flight.owe(notYet)
		if piece, u.clientErr = u.read(buf); u.clientErr != nil {
			return
		}
		u.flight.owe(time.Now().UnixNano()) // also for a server that does not read on
		if u.serverErr = u.server.Send(piece, u.patience); u.serverErr != nil {
			return
		}
	}
	u.server.UploadDone()
}

// read returns the next piece of the body, framed for the server, in buf.
func (u *upload) read(buf []byte) ([]byte, error) {
	room := 0
	if u.chunked {
		room = h1.ChunkRoom
	}
	n, err := u.client.ReadBody(buf[room : len(buf)-maxLastChunk])
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	u.bytes += int64(n)
	last := u.client.BodyDone()
	u.whole.Store(last)
	piece := buf[:room+n]
	if !u.chunked {
		return piece, nil
	}
	piece = h1.Chunk(piece)
	if last {
		piece = h1.AppendLastChunk(piece, u.client.Trailer())
	}
	return piece, nil
}

// uploading tells whether there is more of the request to come: an answer that does not wait for
// it ends the connection.
func (x *exchange) uploading() bool {
	if x.upload == nil {
		return !x.client.BodyDone()
	}
	return !x.upload.whole.Load()
}

// lastPiece bounds how long a server may take to read the end of a request that it has already
// answered.
const lastPiece = time.Second

// stopUpload ends an upload and tells whether the request was sent whole.
func (x *exchange) stopUpload() bool {
	u := x.upload
	if u == nil {
		return true
	}
	x.upload = nil
	if u.whole.Load() {
		u.wait(lastPiece)
	} else {
		x.client.StopReading()
		x.closing, x.bodyCut = true, true // the rest of the body is still to come
	}
	select {
	case <-u.done:
	default:
		_ = u.server.Close() // ends a Send that waits
		<-u.done
	}
	x.bytesIn += u.bytes
	if !errors.Is(u.clientErr, h1.ErrAbandoned) {
		x.uploadErr = u.clientErr
	}
	return u.whole.Load() && u.serverErr == nil
}

func (u *upload) wait(limit time.Duration) {
	select {
	case <-u.done:
		return
	default:
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-u.done:
	case <-timer.C:
	}
}
