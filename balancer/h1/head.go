package h1

import (
	"bytes"
	"iter"
)

// field is one header line: buf[start:end] is the line without its CRLF, buf[start:colon] the
// name, buf[value:end] the value without the space around it.
type field struct {
	start, colon, value, valueEnd, end int32
	name                               name
}

// Head is the start line and the header fields of one message, as offsets into the bytes that
// arrived. It grows with the bytes: next takes the lines that are complete.
type Head struct {
	buf    []byte // the bytes the offsets refer to
	pos    int    // start of the first line not yet taken
	lines  int    // lines taken, the start line included
	end    int    // behind the blank line, once it is there
	fields []field
	limit  int  // of fields
	answer bool // the start line is a status line
	at     int  // of the byte that a fault is about; -1: of none

	tolerant  bool     // harmless faults do not matter
	tolerated []*Fault // those that there were

	// Request line.
	Method, Target []byte
	// Status line.
	Status int
	Reason []byte

	Minor int // of the HTTP/1.x version

	// Framing, once the head is complete.
	Length  int64 // of the body; -1: chunked; -2: until the connection closes (answers only)
	Close   bool  // the sender does not want the connection to go on
	HasHost bool
	host    []byte // field value
	te      bool   // TE: trailers

	relength bool // Content-Length is to be written anew
	upgrades bool // Connection: upgrade
	// Upgrade is the protocol that a request asks to switch to, or that an answer switches to;
	// nil: none.
	Upgrade []byte
}

// Body lengths that are not a number of bytes.
const (
	Chunked    = -1
	UntilClose = -2
)

// Host returns the value of the Host field.
func (h *Head) Host() []byte { return h.host }

// Size is the number of bytes of the head, of one that is not complete what has arrived of it.
func (h *Head) Size() int {
	if h.end == 0 {
		return len(h.buf)
	}
	return h.end
}

// Value returns the value of the first field of the given kind, nil if there is none.
func (h *Head) value(n name) []byte {
	for i := range h.fields {
		if f := &h.fields[i]; f.name == n {
			return h.buf[f.value:f.valueEnd]
		}
	}
	return nil
}

// Lookup returns the value of the first field of the given name, in lower case, if there is one.
func (h *Head) Lookup(name string) (value []byte, there bool) {
	for i := range h.fields {
		f := &h.fields[i]
		if equalFold(h.buf[f.start:f.colon], name) {
			return h.buf[f.value:f.valueEnd], true
		}
	}
	return nil, false
}

// UserAgent, Referer and RequestID are the client's own words, for the log.
func (h *Head) UserAgent() []byte { return h.value(nameUserAgent) }

// Referer returns the Referer field.
func (h *Head) Referer() []byte { return h.value(nameReferer) }

// RequestID returns the X-Request-Id field.
func (h *Head) RequestID() []byte { return h.value(nameRequestID) }

// Cookies yields the values of the Cookie fields.
func (h *Head) Cookies() iter.Seq[[]byte] { return h.values(nameCookie) }

// values yields the values of the fields of the given kind.
func (h *Head) values(n name) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range h.fields {
			if f := &h.fields[i]; f.name == n && !yield(h.buf[f.value:f.valueEnd]) {
				return
			}
		}
	}
}

func (h *Head) reset(limit int, answer bool) {
	*h = Head{fields: h.fields[:0], tolerated: h.tolerated[:0], limit: limit, answer: answer, at: -1}
}

// next takes the lines that are complete in buf, which has grown at its end since the last
// call, and tells whether the head is complete.
func (h *Head) next(buf []byte) (bool, error) {
	h.buf = buf
	for {
		i := bytes.IndexByte(buf[h.pos:], '\n')
		if i < 0 {
			return false, nil
		}
		from, to := h.pos, h.pos+i-1
		h.pos += i + 1
		if i == 0 || buf[to] != '\r' {
			h.at = h.pos - 1
			return false, errBareLF
		}
		done, err := h.take(from, to)
		if err != nil {
			h.at = from + h.offence(buf[from:to], err)
		}
		if done || err != nil {
			return done, err
		}
	}
}

// take reads the line buf[from:to].
func (h *Head) take(from, to int) (done bool, err error) {
	h.lines++
	switch {
	case h.lines == 1 && from == to && from == 0:
		h.lines = 0 // one empty line before a message is skipped (RFC 9112 2.2)
		return false, nil
	case h.lines == 1 && h.answer:
		return false, h.parseStatusLine(h.buf[from:to])
	case h.lines == 1:
		return false, h.parseRequestLine(h.buf[from:to])
	case from == to:
		h.end = h.pos
		return true, nil
	default:
		return false, h.takeField(from, to)
	}
}

func (h *Head) takeField(from, to int) error {
	line := h.buf[from:to]
	if line[0] == ' ' || line[0] == '\t' {
		return errFold
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 0 || !validToken(line[:colon]) && !h.toleratesName(line[:colon]) {
		return errFieldName
	}
	if !validValue(line[colon+1:]) && !h.toleratesValue(line[:colon], line[colon+1:]) {
		return errControl
	}
	if len(h.fields) == h.limit {
		return errTooManyFields
	}
	value := colon + 1
	for value < len(line) && (line[value] == ' ' || line[value] == '\t') {
		value++
	}
	valueEnd := len(line)
	for valueEnd > value && (line[valueEnd-1] == ' ' || line[valueEnd-1] == '\t') {
		valueEnd--
	}
	h.fields = append(h.fields, field{
		start: int32(from), colon: int32(from + colon), value: int32(from + value),
		valueEnd: int32(from + valueEnd), end: int32(to), name: classify(line[:colon]),
	})
	return nil
}

// version reads HTTP/1.0 or HTTP/1.1.
func (h *Head) version(b []byte) error {
	if len(b) != 8 || string(b[:7]) != "HTTP/1." || b[7] != '0' && b[7] != '1' {
		return errVersion
	}
	h.Minor = int(b[7] - '0')
	return nil
}

// frame reads the fields that say how long the body is and whether the connection goes on.
// Afterwards Length is the stated length, Chunked, or UntilClose when nothing is stated.
func (h *Head) frame() error {
	h.Length, h.Close = UntilClose, h.Minor == 0
	var codings codings
	for i := range h.fields {
		f := &h.fields[i]
		value := h.buf[f.value:f.valueEnd]
		switch f.name {
		case nameContentLength:
			if err := h.contentLength(f, value); err != nil {
				h.at = int(f.value)
				return err
			}
		case nameTransferEncoding:
			codings.add(value)
			codings.at = int(f.value)
		case nameConnection:
			h.connection(value)
		case nameTE:
			h.te = h.te || listHas(value, "trailers")
		}
	}
	err := h.frameCodings(&codings)
	if err != nil {
		h.at = codings.at
	}
	return err
}

func (h *Head) frameCodings(c *codings) error {
	switch {
	case !c.any:
		return nil
	case h.Minor == 0:
		return errTransferOld
	case c.bad || !c.chunked:
		return errTransfer
	case c.other:
		return errTransferCoding
	case h.Length != UntilClose:
		return errTwoFramings
	}
	h.Length = Chunked
	return nil
}

// codings collects the transfer codings of a message, over all lines.
type codings struct {
	any     bool
	chunked bool // chunked was there
	other   bool // another one was there
	bad     bool // chunked was not the last one, or something was not a name
	at      int  // of the last field
}

func (c *codings) add(value []byte) {
	c.any = true
	for more := true; more; more = value != nil {
		var coding []byte
		coding, value = nextElement(value)
		c.bad = c.bad || c.chunked || !validToken(coding)
		if equalFold(coding, "chunked") {
			c.chunked = true
		} else {
			c.other = true
		}
	}
}

func listHas(value []byte, token string) bool {
	for value != nil {
		var element []byte
		if element, value = nextElement(value); equalFold(element, token) {
			return true
		}
	}
	return false
}

// contentLength reads a length. Equal ones become one line (RFC 9112 6.3): the lines after the
// first are dropped, and a list is written anew.
func (h *Head) contentLength(f *field, value []byte) error {
	if h.Length != UntilClose || bytes.IndexByte(value, ',') >= 0 {
		f.name = nameHop
		h.relength = h.relength || h.Length == UntilClose
	}
	for {
		var element []byte
		element, value = nextElement(value)
		n, ok := parseLength(element)
		if !ok {
			return errContentLength
		}
		if h.Length != UntilClose && h.Length != n {
			return errLengths
		}
		h.Length = n
		if value == nil {
			return nil
		}
	}
}

func parseLength(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// connection reads the tokens of a Connection field and marks the fields that it lists.
func (h *Head) connection(value []byte) {
	for value != nil {
		var token []byte
		token, value = nextElement(value)
		switch {
		case equalFold(token, "close"):
			h.Close = true
		case equalFold(token, "keep-alive"):
			h.Close = h.Close && h.Minor == 1
		case equalFold(token, "upgrade"):
			h.upgrades = true
		default:
			h.list(token)
		}
	}
}

// list marks the fields of the given name as meant for this hop only. A sender cannot take away
// so what frames the message or what servers trust.
func (h *Head) list(token []byte) {
	for i := range h.fields {
		f := &h.fields[i]
		if int(f.colon-f.start) == len(token) && f.name == nameOther && !protected(token) &&
			bytes.EqualFold(h.buf[f.start:f.colon], token) {
			f.name = nameListed
		}
	}
}

func protected(token []byte) bool {
	for _, s := range []string{"cookie", "authorization", "content-type", "content-encoding", "set-cookie", "expect", "cache-control"} {
		if equalFold(token, s) {
			return true
		}
	}
	return false
}
