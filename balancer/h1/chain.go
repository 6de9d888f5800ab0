package h1

import "bytes"

// appendForwarded appends what a server is told about the client. Of a trusted proxy the chains
// go on with its own address behind them, and what it says of the scheme and the host stays.
func (h *Head) appendForwarded(dst []byte, f *Forwarded) []byte {
	switch {
	case f.Trusted:
		dst = h.appendChains(dst, f)
	case len(f.For) > 0 && !f.drops("X-Forwarded-For"):
		dst = appendField(dst, "X-Forwarded-For: ", f.For)
	}
	if (!f.Trusted || h.value(nameForwardedProto) == nil) && !f.drops("X-Forwarded-Proto") {
		dst = append(append(append(dst, "X-Forwarded-Proto: "...), f.Proto...), "\r\n"...)
	}
	if h.HasHost && (!f.Trusted || h.value(nameForwardedHost) == nil) && !f.drops("X-Forwarded-Host") {
		dst = appendField(dst, "X-Forwarded-Host: ", h.host)
	}
	return dst
}

// appendChains appends X-Forwarded-For, and Forwarded if there is one: servers that read it would
// otherwise take the proxy for the one that asks them.
func (h *Head) appendChains(dst []byte, f *Forwarded) []byte {
	peer := f.For
	if !f.drops("X-Forwarded-For") {
		dst = h.appendChain(append(dst, "X-Forwarded-For: "...), nameForwardedFor)
		dst = append(append(dst, peer...), "\r\n"...)
	}
	if h.value(nameForwardedList) == nil || f.drops("Forwarded") {
		return dst
	}
	dst = h.appendChain(append(dst, "Forwarded: "...), nameForwardedList)
	if bytes.IndexByte(peer, ':') < 0 {
		return appendField(dst, "for=", peer)
	}
	return append(append(append(dst, `for="[`...), peer...), "]\"\r\n"...) // RFC 7239 6
}

// drops tells whether an edit puts something else in the place of what a server is told by a name.
func (f *Forwarded) drops(name string) bool { return f.Edits != nil && f.Edits.drops([]byte(name)) }

// appendChain appends the values of all fields of the given kind, each with a comma behind it.
// Whatever they hold goes on as it came; only a quotation that does not end would take in what
// follows it.
func (h *Head) appendChain(dst []byte, n name) []byte {
	for i := range h.fields {
		f := &h.fields[i]
		value := h.buf[f.value:f.valueEnd]
		if f.name != n || len(value) == 0 {
			continue
		}
		if _, open := unquoted(value, 0); open && n == nameForwardedList {
			continue
		}
		dst = append(append(dst, value...), ", "...)
	}
	return dst
}

// ForwardedProto returns the scheme in which the first of a chain of proxies was asked, as the
// last one tells it.
func (h *Head) ForwardedProto() []byte {
	first, _ := nextElement(h.value(nameForwardedProto))
	return first
}
