package h1

import "time"

// parseStatusLine reads VERSION SP CODE [SP REASON].
func (h *Head) parseStatusLine(line []byte) error {
	if len(line) < 12 || line[8] != ' ' || len(line) > 12 && line[12] != ' ' || h.version(line[:8]) != nil {
		return errStatusLine
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return errStatusLine
		}
		h.Status = h.Status*10 + int(c-'0')
	}
	if h.Status < 100 || !validValue(line[12:]) {
		return errStatusLine
	}
	h.Reason = line[12:]
	return nil
}

// finishResponse checks the complete head of an answer; toHead says that the request was a HEAD.
func (h *Head) finishResponse(toHead bool) error {
	if err := h.frame(); err != nil {
		return err
	}
	if toHead || h.Status < 200 || h.Status == 204 || h.Status == 304 {
		h.Length = 0 // there is no body, whatever the fields say (RFC 9112 6.3)
	}
	return nil
}

// keepAliveTimeout is the idle limit that a server announced with "Keep-Alive: timeout=5"; 0: none.
func (h *Head) keepAliveTimeout() time.Duration {
	value := h.value(nameKeepAlive)
	for value != nil {
		var parameter []byte
		parameter, value = nextElement(value)
		if len(parameter) > 8 && equalFold(parameter[:8], "timeout=") {
			if n, ok := parseLength(parameter[8:]); ok && n < 1<<20 {
				return time.Duration(n) * time.Second
			}
		}
	}
	return 0
}
