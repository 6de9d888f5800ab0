package h1

import "strconv"

// Forwarded is what the proxy tells a server about the client.
type Forwarded struct {
	For       []byte // the client's address; empty: it has none
	Trusted   bool   // that is a proxy, whose word about its own client is passed on
	Proto     string // http or https
	Host      []byte // for requests without a Host of their own
	RequestID []byte
	Cookie    CookieEdit // of Cookie fields; nil: they go on as they came
	Edits     *Edits     // what else is changed; nil: nothing
}

// CookieEdit decides what goes on of the fields that carry cookies.
type CookieEdit interface {
	// AppendEdited appends to dst what goes on of a field's value. Without ok the field does not
	// go on.
	AppendEdited(dst, value []byte) (edited []byte, ok bool)
}

// AppendRequest appends the head of the request as a server gets it: the client's spelling,
// values and order, without what was meant for this hop only and without what the client
// claims about itself that only a proxy may say. chunked tells how the body will be framed.
func AppendRequest(dst []byte, h *Head, f *Forwarded) []byte {
	dst = append(dst, h.Method...)
	dst = append(dst, ' ')
	dst = append(dst, f.Edits.targetOf(h)...)
	dst = append(dst, " HTTP/1.1\r\n"...)
	if !h.HasHost {
		dst = appendField(dst, "Host: ", f.Edits.hostOf(f.Host))
	}
	dst = h.appendFields(dst, f.Trusted, f.Cookie, f.Edits)
	switch {
	case h.Upgrade != nil:
		dst = appendUpgrade(dst, h.Upgrade)
	case h.te:
		dst = append(dst, "TE: trailers\r\nConnection: TE\r\n"...)
	}
	dst = h.appendForwarded(dst, f)
	dst = appendField(dst, "X-Request-Id: ", f.RequestID)
	dst = f.Edits.appendLines(dst)
	return append(dst, "\r\n"...)
}

// Delivery is how an answer reaches the client.
type Delivery struct {
	Chunked   bool // the body is framed in chunks
	Close     bool // the connection ends with this answer
	KeepAlive bool // an HTTP/1.0 client is told that it goes on

	Cookie CookieEdit // of Set-Cookie fields; nil: they go on as they came
	Fields []byte     // lines that follow those of the server
	Edits  *Edits     // what else is changed; nil: nothing
}

// AppendResponse appends the head of the answer as the client gets it.
func AppendResponse(dst []byte, h *Head, d Delivery) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(h.Status), 10)
	if len(h.Reason) == 0 {
		dst = append(dst, ' ')
	}
	dst = append(append(dst, h.Reason...), "\r\n"...)
	dst = append(h.appendFields(dst, false, d.Cookie, d.Edits), d.Fields...)
	if d.Chunked {
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	}
	switch {
	case h.Upgrade != nil:
		dst = appendUpgrade(dst, h.Upgrade)
	case d.Close:
		dst = append(dst, "Connection: close\r\n"...)
	case d.KeepAlive:
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	dst = d.Edits.appendLines(dst)
	return append(dst, "\r\n"...)
}

// appendFields appends the fields that go on to the next hop, as they came. Only those that say
// where a message goes and where it ends are written plainly, without a tab or a second space
// before the value: servers differ in how they read these. trusted says that the sender of a
// request may say who its client is.
func (h *Head) appendFields(dst []byte, trusted bool, cookie CookieEdit, e *Edits) []byte {
	for i := range h.fields {
		f := &h.fields[i]
		switch {
		case !h.forwards(f, trusted):
		case f.name == nameHost:
			dst = appendPlain(dst, h.buf[f.start:f.colon], e.hostOf(h.buf[f.value:f.valueEnd]))
		case f.name == nameContentLength:
			dst = appendPlain(dst, h.buf[f.start:f.colon], h.buf[f.value:f.valueEnd])
		case f.name == nameTransferEncoding:
			dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
		case e.drops(h.buf[f.start:f.colon]) && !isFraming(f.name):
		case cookie != nil && f.name == h.cookieName():
			dst = h.appendCookie(dst, f, cookie)
		default:
			dst = append(dst, h.buf[f.start:f.end+2]...)
		}
	}
	if h.relength {
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, h.Length, 10)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// cookieName is the kind of field that carries cookies.
func (h *Head) cookieName() name {
	if h.answer {
		return nameSetCookie
	}
	return nameCookie
}

func (h *Head) appendCookie(dst []byte, f *field, edit CookieEdit) []byte {
	before := len(dst)
	dst, ok := edit.AppendEdited(append(dst, h.buf[f.start:f.value]...), h.buf[f.value:f.valueEnd])
	if !ok {
		return dst[:before]
	}
	return append(dst, h.buf[f.valueEnd:f.end+2]...)
}

func (h *Head) forwards(f *field, trusted bool) bool {
	switch f.name {
	case nameConnection, nameHop, nameKeepAlive, nameListed, nameTE, nameUpgrade:
		return false
	case nameForwardedFor, nameForwardedList, nameAlias, nameRequestID:
		return h.Status != 0 // a server may say what it wants
	case nameForwarded, nameForwardedHost, nameForwardedProto:
		return h.Status != 0 || trusted
	case nameTransferEncoding:
		return h.Status == 0 // for an answer the Delivery decides
	case nameContentLength:
		return h.Status == 0 || h.Status >= 200 && h.Status != 204 // RFC 9110 8.6
	}
	return true
}

func appendPlain(dst, name, value []byte) []byte {
	return append(append(append(append(dst, name...), ": "...), value...), "\r\n"...)
}

func appendUpgrade(dst, protocol []byte) []byte {
	return append(appendField(dst, "Upgrade: ", protocol), "Connection: Upgrade\r\n"...)
}

func appendField(dst []byte, name string, value []byte) []byte {
	return append(append(append(dst, name...), value...), "\r\n"...)
}
