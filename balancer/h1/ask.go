package h1

import "bytes"

// Name is the host that a request asks for, without its port: of the target if that names one, else
// of the Host field. It is nil if there is none, or none that could be a name or an address.
func (h *Head) Name() []byte {
	if a := h.authority(); a != nil {
		return hostName(a)
	}
	return hostName(h.host)
}

// Path is the path that a request asks for with its query, as sent, or "*".
func (h *Head) Path() []byte {
	a := h.authority()
	if a == nil {
		return h.Target
	}
	path := h.Target[bytes.Index(h.Target, []byte("//"))+len("//")+len(a):]
	if len(path) == 0 || path[0] == '?' {
		return append([]byte("/"), path...) // what an empty path means (RFC 9110 4.2.3)
	}
	return path
}

// Field returns the value of the first field at position from or behind it whose name, which is
// given in lower case, is that one, and the position to go on from; nil if there is none.
func (h *Head) Field(name string, from int) (value []byte, next int) {
	for i := from; i < len(h.fields); i++ {
		f := &h.fields[i]
		if int(f.colon-f.start) == len(name) && equalFold(h.buf[f.start:f.colon], name) {
			return h.buf[f.value:f.valueEnd], i + 1
		}
	}
	return nil, len(h.fields)
}
