package h1

import "bytes"

// parseRequestLine reads METHOD SP TARGET SP VERSION.
func (h *Head) parseRequestLine(line []byte) error {
	first := bytes.IndexByte(line, ' ')
	last := bytes.LastIndexByte(line, ' ')
	if first < 0 || first == last {
		return errStartLine
	}
	h.Method, h.Target = line[:first], line[first+1:last]
	if !validToken(h.Method) {
		return errMethod
	}
	if err := h.version(line[last+1:]); err != nil {
		return err
	}
	return h.checkTarget()
}

// tooLarge says which part of a head is larger than the limit: the line that has not ended.
func (h *Head) tooLarge() error {
	if h.lines == 0 {
		return errTargetTooLong
	}
	return errHeadTooLarge
}

// checkTarget accepts the forms of RFC 9112 3.2 that a gateway serves.
func (h *Head) checkTarget() error {
	switch {
	case string(h.Method) == "CONNECT":
		return errConnect
	case !validTarget(h.Target) && !h.toleratesTarget():
		return errTarget
	case h.Target[0] == '/':
		return nil
	case string(h.Target) == "*" && string(h.Method) == "OPTIONS":
		return nil
	case h.authority() != nil:
		return nil
	}
	return errTarget
}

// authority is the HOST[:PORT] of a target in absolute form, nil in any other.
func (h *Head) authority() []byte {
	rest := h.Target
	switch {
	case len(rest) > 7 && equalFold(rest[:7], "http://"):
		rest = rest[7:]
	case len(rest) > 8 && equalFold(rest[:8], "https://"):
		rest = rest[8:]
	default:
		return nil
	}
	if i := bytes.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	if len(rest) == 0 {
		return nil
	}
	return rest
}

// finishRequest checks the complete head of a request.
func (h *Head) finishRequest() error {
	if err := h.frame(); err != nil {
		return err
	}
	if h.Length == UntilClose {
		h.Length = 0
	}
	for i := range h.fields {
		f := &h.fields[i]
		if f.name != nameHost {
			continue
		}
		if h.HasHost || !validHost(h.buf[f.value:f.valueEnd]) {
			h.at = int(f.value)
			return errHost
		}
		h.HasHost, h.host = true, h.buf[f.value:f.valueEnd]
	}
	if !h.HasHost && h.Minor == 1 {
		return errNoHost
	}
	if a := h.authority(); a != nil && h.HasHost && !bytes.EqualFold(h.withoutPort(a), h.withoutPort(h.host)) {
		return errAuthority
	}
	if h.Minor == 0 && h.Length > 0 && !h.mayHaveBody() {
		return errOldBody
	}
	return h.finishUpgrade()
}

// withoutPort takes the default port of the target's scheme off an authority.
func (h *Head) withoutPort(authority []byte) []byte {
	if h.Target[4]|0x20 == 's' {
		return bytes.TrimSuffix(authority, []byte(":443"))
	}
	return bytes.TrimSuffix(authority, []byte(":80"))
}

// mayHaveBody tells whether an HTTP/1.0 request with this method may have a body: old servers
// take that of a GET for the next request.
func (h *Head) mayHaveBody() bool {
	switch string(h.Method) {
	case "GET", "HEAD", "DELETE":
		return false
	}
	return true
}

// validHost refuses what cannot be in HOST[:PORT] (RFC 3986 3.2.2), user information included.
func validHost(b []byte) bool {
	if len(b) > 0 && b[0] == ':' {
		return false // a port without a host
	}
	for _, c := range b {
		if c <= 0x20 || c >= 0x7f || bytes.IndexByte([]byte(`/\?#@,"<>^{|}`), c) >= 0 {
			return false
		}
	}
	return true
}

// Idempotent tells whether a request with this method may be sent twice (RFC 9110 9.2.2).
func (h *Head) Idempotent() bool {
	switch string(h.Method) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}
