package h1

import "bytes"

// Edits are changes that somebody wants in a head on its way to the next hop. Nothing in them can
// end a line or touch how the message is framed. The zero value, as nil, changes nothing. Reset
// makes room for those of another head.
type Edits struct {
	dropped []string // in lower case
	added   []edited
	lines   []byte // of all of added
	host    []byte // empty: the message's own
	target  []byte
}

// edited is an added field, a line of Edits.lines.
type edited struct {
	name     string
	from, to int
	dropped  bool
}

// Reset takes everything back.
func (e *Edits) Reset() {
	*e = Edits{dropped: e.dropped[:0], added: e.added[:0], lines: e.lines[:0], host: e.host[:0], target: e.target[:0]}
}

// Drop takes out the fields of a name, which is in lower case, also those added so far and those
// that the proxy itself would add about the client. Fields that frame the message stay.
func (e *Edits) Drop(name string) {
	e.dropped = append(e.dropped, name)
	for i := range e.added {
		if a := &e.added[i]; equalFold([]byte(a.name), name) {
			a.dropped = true
		}
	}
}

// Add adds a field behind all others. The error is a *Fault.
func (e *Edits) Add(name string, value []byte) error {
	if !validToken([]byte(name)) || !validValue(value) || isFraming(classify([]byte(name))) {
		return errEditedField
	}
	from := len(e.lines)
	e.lines = appendPlain(e.lines, []byte(name), value)
	e.added = append(e.added, edited{name: name, from: from, to: len(e.lines)})
	return nil
}

// SetHost sets the Host of a request. The error is a *Fault.
func (e *Edits) SetHost(host []byte) error {
	if len(host) == 0 || !validHost(host) {
		return errEditedHost
	}
	e.host = append(e.host[:0], host...)
	return nil
}

// SetTarget sets the target of a request to a path with a query, which is nil for none. The error
// is a *Fault.
func (e *Edits) SetTarget(path, query []byte) error {
	if len(path) == 0 || path[0] != '/' || bytes.IndexByte(path, '?') >= 0 {
		return errEditedTarget
	}
	e.target = append(e.target[:0], path...)
	if query != nil {
		e.target = append(append(e.target, '?'), query...)
	}
	if !validTarget(ascii(e.target)) { // bytes above ASCII have been let in, or are the configuration's
		return errEditedTarget
	}
	return nil
}

// drops tells whether the fields of a name are taken out.
func (e *Edits) drops(name []byte) bool {
	if e == nil {
		return false
	}
	for _, dropped := range e.dropped {
		if equalFold(name, dropped) {
			return true
		}
	}
	return false
}

// appendLines appends the fields that are added.
func (e *Edits) appendLines(dst []byte) []byte {
	if e == nil {
		return dst
	}
	for i := range e.added {
		if a := &e.added[i]; !a.dropped {
			dst = append(dst, e.lines[a.from:a.to]...)
		}
	}
	return dst
}

// targetOf is the target of a request as it goes on.
func (e *Edits) targetOf(h *Head) []byte {
	if e == nil || len(e.target) == 0 {
		return h.Target
	}
	return e.target
}

// hostOf is the Host as it goes on, or what stands for it.
func (e *Edits) hostOf(host []byte) []byte {
	if e == nil || len(e.host) == 0 {
		return host
	}
	return e.host
}

// isFraming names the fields that say where a message goes, where it ends and what becomes of the
// connection.
func isFraming(n name) bool {
	switch n {
	case nameHost, nameContentLength, nameTransferEncoding, nameConnection, nameHop, nameTE, nameKeepAlive, nameUpgrade,
		nameWebSocketKey, nameWebSocketAccept:
		return true
	}
	return false
}
