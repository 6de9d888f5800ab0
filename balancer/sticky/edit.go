package sticky

import "bytes"

// AppendEdited appends what a server gets of the value of a Cookie field. Without ok it gets
// nothing, not even the field. Other cookies stay as they are, byte for byte.
func (c *Cookie) AppendEdited(dst, value []byte) (edited []byte, ok bool) {
	if !bytes.Contains(value, c.name) {
		return append(dst, value...), true
	}
	switch {
	case c.mode == insert && c.indirect:
		return c.appendOthers(dst, value)
	case c.mode == prefix:
		return c.appendUnprefixed(dst, value), true
	}
	return append(dst, value...), true
}

// appendOthers leaves the cookie out.
func (c *Cookie) appendOthers(dst, value []byte) (edited []byte, ok bool) {
	from, kept, removed := len(dst), 0, false
	for more := true; more; {
		var one pair
		one, value, more = nextPair(value)
		if one.named(c.name) {
			removed = true
			continue
		}
		if kept > 0 {
			dst = append(dst, ';')
		} else if removed {
			one.raw = bytes.TrimLeft(one.raw, " \t")
		}
		dst = append(dst, one.raw...)
		kept++
	}
	return dst, !removed || len(bytes.Trim(dst[from:], "; \t")) > 0
}

// appendUnprefixed gives the server its own value back, also if it was another server's.
func (c *Cookie) appendUnprefixed(dst, value []byte) []byte {
	for more := true; more; {
		var one pair
		one, value, more = nextPair(value)
		if _, rest, found := cutPrefix(one.value()); found && one.named(c.name) {
			dst = append(append(append(dst, one.raw[:one.from]...), rest...), one.raw[one.to:]...)
		} else {
			dst = append(dst, one.raw...)
		}
		if more {
			dst = append(dst, ';')
		}
	}
	return dst
}

// Outcome is what an answer does to the client's cookie: the fourth character of HAProxy's
// termination state.
type Outcome uint8

// What an answer may do.
const (
	Untouched Outcome = iota // N: nothing
	Deleted                  // D: the server's own cookie of that name does not reach the client
	Inserted                 // I: it gets the cookie
	Rewritten                // R: the server's cookie is prefixed, or its value replaced
)

// Answer is what one answer tells the client about its server.
type Answer struct {
	Outcome Outcome

	cookie *Cookie
	server int
	direct bool
}

// Answer begins an answer of a server, -1 for one that the cookie does not know. direct tells that
// the client's cookie names it.
func (c *Cookie) Answer(server int, direct bool) Answer {
	return Answer{cookie: c, server: server, direct: direct}
}

// Fields returns the lines that the answer gets beside the server's: none if the client knows.
// storable tells that a shared cache may keep the answer.
func (a *Answer) Fields(storable bool) []byte {
	if a.cookie.mode != insert || a.direct || a.server < 0 {
		return nil
	}
	a.Outcome = Inserted
	line := a.cookie.lines[a.server]
	if a.cookie.nocache && storable {
		return line
	}
	return line[:len(line)-len(private)]
}

// AppendEdited appends what the client gets of the value of a Set-Cookie field. Without ok it gets
// nothing, not even the field.
func (a *Answer) AppendEdited(dst, value []byte) (edited []byte, ok bool) {
	own, rest, more := nextPair(value)
	switch {
	case !own.named(a.cookie.name):
		return append(dst, value...), true
	case a.cookie.mode == insert:
		a.Outcome = max(a.Outcome, Deleted)
		return dst, false
	case a.server < 0:
		return append(dst, value...), true
	}
	a.Outcome = Rewritten
	dst = append(append(dst, own.raw[:own.from]...), a.cookie.values[a.server]...)
	if a.cookie.mode == prefix {
		dst = append(append(dst, prefixEnd), own.value()...)
	}
	dst = append(dst, own.raw[own.to:]...)
	if more {
		dst = append(append(dst, ';'), rest...)
	}
	return dst, true
}
