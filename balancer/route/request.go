package route

import (
	"bytes"
	"net/netip"
)

// Request is a request as rules look at it: what the client has sent, byte for byte. Nothing is
// decoded or normalised but what is said here. It is reused: Begin starts another one. It is not
// safe for concurrent use.
type Request struct {
	method, path, query []byte // query is nil without a "?"
	header              Header
	source              netip.Addr

	host       []byte // in lower case, without a trailing dot
	value      []byte // a decoded parameter
	edited     []byte // a path, a value that an edit sets
	candidates candidates
	held       []*slots // until Release
}

// Header is the fields of a request.
type Header interface {
	// Field returns the value of the first field at position from or behind it whose name, which
	// is given in lower case, is that one, and the position to go on from; nil if there is none.
	Field(name string, from int) (value []byte, next int)
}

// Begin makes r another request, whose slots of the last one have been released. host is a name
// or an address without a port, empty if there is none; target is the path as sent, with the
// query, or "*"; source is invalid if the client came through a unix socket. The bytes must not
// change as long as r is used.
func (r *Request) Begin(method, host, target []byte, header Header, source netip.Addr) {
	r.method, r.header, r.source = method, header, source
	r.path, r.query = target, nil
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		r.path, r.query = target[:i], target[i+1:]
	}
	r.host = r.host[:0]
	for _, c := range bytes.TrimSuffix(host, []byte(".")) {
		r.host = append(r.host, lower(c))
	}
}

// Path is the path as sent.
func (r *Request) Path() []byte { return r.path }

// Query is the query as sent, without the "?"; nil if there is none.
func (r *Request) Query() []byte { return r.query }

// Release gives back what the rules of Decide have let the request have. It is called when the
// request has ended, whatever became of it, and may be called again.
func (r *Request) Release() {
	for _, s := range r.held {
		s.release()
	}
	r.held = r.held[:0]
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}
