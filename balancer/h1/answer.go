package h1

import (
	"errors"
	"io"
	"os"
	"time"
)

// Response reads one answer from a server connection, interim answers included. It is reused
// from request to request.
type Response struct {
	Head Head

	conn     *ServerConn
	buf      []byte
	r, w     int // buf[r:w] has arrived and not been taken
	toHead   bool
	patience time.Duration
	left     int64
	decoder  Decoder
	ended    bool // the body, by the end of the connection
}

// Start begins an answer of which the first n bytes are in buf. buf bounds the head. toHead
// says that the request was a HEAD, patience how long to wait for each further piece.
func (a *Response) Start(c *ServerConn, buf []byte, n int, toHead bool, patience time.Duration) {
	a.conn, a.buf, a.r, a.w = c, buf, 0, n
	a.toHead, a.patience = toHead, patience
}

// Next reads the head of the next answer, interim or final.
func (a *Response) Next(maxHeaders int) error {
	a.w = copy(a.buf, a.buf[a.r:a.w])
	a.r, a.ended = 0, false
	a.Head.reset(maxHeaders, true)
	for {
		done, err := a.Head.next(a.buf[:a.w])
		if err != nil {
			return a.Head.Seen(err)
		}
		if done {
			return a.begin()
		}
		if a.w == len(a.buf) {
			return errHeadTooLarge
		}
		n, err := a.conn.Receive(a.buf[a.w:], a.patience)
		if err != nil {
			return cut(err)
		}
		a.w += n
	}
}

func (a *Response) begin() error {
	a.r = a.Head.end
	if err := a.Head.finishResponse(a.toHead); err != nil {
		return a.Head.Seen(err)
	}
	a.left = max(a.Head.Length, 0)
	if a.Head.Length == Chunked {
		a.decoder = Decoder{trailer: a.decoder.trailer[:0]}
	}
	return nil
}

// Interim tells whether the answer is a 1xx that another one follows.
func (a *Response) Interim() bool { return a.Head.Status < 200 && a.Head.Status != 101 }

// Done tells whether the whole body has been read.
func (a *Response) Done() bool {
	switch a.Head.Length {
	case Chunked:
		return a.decoder.Done()
	case UntilClose:
		return a.ended
	}
	return a.left == 0
}

// Trailer returns the trailer fields of a chunked body that is Done.
func (a *Response) Trailer() []byte { return a.decoder.Trailer() }

// Gather waits for the rest of a body that is short enough for the buffer, at most for patience.
// It returns an error if the server breaks off meanwhile, none if the body is not there in time.
func (a *Response) Gather(patience time.Duration) error {
	end := int64(a.r) + a.Head.Length
	if a.Head.Length <= 0 || end > int64(len(a.buf)) {
		return nil
	}
	need := time.Now().Add(patience)
	for int64(a.w) < end {
		n, err := a.conn.Receive(a.buf[a.w:end], time.Until(need))
		a.w += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return cut(err)
		}
	}
	return nil
}

// ReadBody reads some of the body into p; less than there is only if p is full. It returns
// io.EOF at the end of the body and io.ErrUnexpectedEOF for one that was cut short.
func (a *Response) ReadBody(p []byte) (int, error) {
	for !a.Done() {
		n, err := a.readSome(p)
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.EOF
}

// ReadArrived reads what has already arrived of the body into p.
func (a *Response) ReadArrived(p []byte) (int, error) {
	n := copy(p, a.buf[a.r:a.w])
	switch a.Head.Length {
	case Chunked:
		data, used, err := a.decoder.Decode(p[:n])
		a.r += used
		return data, err
	case UntilClose:
	default:
		n = int(min(int64(n), a.left))
		a.left -= int64(n)
	}
	a.r += n
	return n, nil
}

func (a *Response) readSome(p []byte) (int, error) {
	if a.r < a.w {
		return a.ReadArrived(p)
	}
	if a.left > 0 {
		p = p[:min(int64(len(p)), a.left)]
	}
	n, err := a.conn.Receive(p, a.patience)
	switch a.Head.Length {
	case Chunked:
		return a.decode(p[:n], err)
	case UntilClose:
		a.ended = errors.Is(err, io.EOF)
		if a.ended {
			err = nil
		}
		return n, err
	}
	a.left -= int64(n)
	return n, cut(err)
}

// decode takes the framing off what has just been received. Bytes behind the end of the body
// stay visible as surplus.
func (a *Response) decode(p []byte, err error) (int, error) {
	if err != nil {
		return 0, cut(err)
	}
	n, used, err := a.decoder.Decode(p)
	if used < len(p) {
		a.r, a.w = 0, 1
	}
	return n, err
}

// Reusable tells whether the connection can carry another request: the answer is complete,
// nothing came behind it, and the server did not say that it will close.
func (a *Response) Reusable() bool {
	return a.Done() && a.r == a.w && !a.Head.Close && a.Head.Length != UntilClose && a.Head.Status != 101
}

// KeepAliveTimeout is the idle limit that the server announced with the answer; 0: none.
func (a *Response) KeepAliveTimeout() time.Duration { return a.Head.keepAliveTimeout() }

// Arrived is how many bytes have arrived behind the head, framing included.
func (a *Response) Arrived() int { return a.w - a.r }
