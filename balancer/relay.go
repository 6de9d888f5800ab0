package balancer

import (
	"errors"
	"io"
	"time"

	"relais/balancer/h1"
)

// relayInterim passes an interim answer on to the client. HTTP/1.0 clients know none.
func (x *exchange) relayInterim() (failure, error) {
	if x.head.Minor == 0 {
		return failNone, nil
	}
	x.relay = h1.AppendResponse(x.relay[:0], &x.response.Head, h1.Delivery{})
	n, err := x.client.Answer(x.relay)
	x.bytesOut += int64(n)
	if err != nil {
		return clientFailure(err), err
	}
	return failNone, nil
}

// gathering is how long a short answer is held back to arrive whole. Servers write such an
// answer in one or two pieces; if one dies between them, nothing has reached the client yet and
// another server can be asked.
const gathering = 5 * time.Millisecond

// relayAnswer passes the final answer on to the client, each piece as soon as it is there.
func (x *exchange) relayAnswer() (failure, error) {
	head := &x.response.Head
	if err := x.response.Gather(gathering); err != nil {
		return bodyFailure(err), err
	}
	edits, err := x.edit(x.frontend.responseEdits)
	if err != nil {
		return failInternal, err
	}
	x.status = head.Status
	d := x.delivery(head)
	d.Edits = edits
	x.closing = d.Close
	x.endless = !d.Chunked && head.Length < 0
	x.remind(&d)
	x.relay = h1.AppendResponse(x.relay[:0], head, d)
	x.serverIn += int64(head.Size())
	f, err := x.firstPiece(d.Chunked)
	if f != failNone || x.response.Done() {
		return f, err
	}
	return x.relayRest(d.Chunked)
}

// delivery decides how the answer's body is framed for the client and whether the client's
// connection goes on behind it.
func (x *exchange) delivery(head *h1.Head) h1.Delivery {
	chunked := head.Length == h1.Chunked
	old := x.head.Minor == 0
	closing := x.closing || x.stopping() ||
		head.Length == h1.UntilClose || chunked && old || x.uploading()
	return h1.Delivery{Chunked: chunked && !old, Close: closing, KeepAlive: old && !closing}
}

// firstPiece sends the head together with what has arrived of the body.
func (x *exchange) firstPiece(chunked bool) (failure, error) {
	from, room := len(x.relay), 0
	if chunked {
		room = h1.ChunkRoom
	}
	x.relay = grow(x.relay, room+x.response.Arrived()+2)
	n, err := x.response.ReadArrived(x.relay[from+room : len(x.relay)-2])
	x.relay = x.relay[:from+room+n]
	x.serverIn += int64(n)
	if err != nil {
		return failJunk, err
	}
	if chunked {
		x.relay = append(x.relay[:from], h1.Chunk(x.relay[from:])...)
		x.relay = x.appendEnd(x.relay)
	}
	return x.deliver(x.relay)
}

func grow(b []byte, n int) []byte {
	for cap(b)-len(b) < n {
		b = append(b[:cap(b)], 0)[:len(b)]
	}
	return b[:len(b)+n]
}

// appendEnd appends the end of a chunked body once it is there.
func (x *exchange) appendEnd(b []byte) []byte {
	if !x.response.Done() {
		return b
	}
	return h1.AppendLastChunk(b, x.response.Trailer())
}

// relayRest passes on what follows.
func (x *exchange) relayRest(chunked bool) (failure, error) {
	from := &x.proxy.small
	buf := from.acquire()
	defer func() { from.release(buf) }()
	for !x.response.Done() {
		if from == &x.proxy.small && x.serverIn >= beginning {
			from.release(buf)
			from = &x.proxy.large
			buf = from.acquire()
		}
		if f, err := x.relayPiece(*buf, chunked); f != failNone {
			return f, err
		}
	}
	return failNone, nil
}

// relayPiece passes on what there is, as far as it fits into buf.
func (x *exchange) relayPiece(buf []byte, chunked bool) (failure, error) {
	room := 0
	if chunked {
		room = h1.ChunkRoom
	}
	n, err := x.response.ReadBody(buf[room : len(buf)-maxLastChunk])
	if err != nil && !errors.Is(err, io.EOF) {
		return bodyFailure(err), err
	}
	x.serverIn += int64(n)
	piece := buf[:room+n]
	if chunked {
		piece = x.appendEnd(h1.Chunk(piece))
	}
	return x.deliver(piece)
}

// maxLastChunk leaves room for the end of a chunk and of the body; a long trailer may still
// make the buffer grow.
const maxLastChunk = 16

// deliver writes a piece of the answer to the client.
func (x *exchange) deliver(p []byte) (failure, error) {
	if len(p) == 0 {
		return failNone, nil
	}
	x.started = true
	n, err := x.client.Answer(p)
	x.bytesOut += int64(n)
	if err != nil {
		return clientFailure(err), err
	}
	return failNone, nil
}
