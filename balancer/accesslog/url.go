package accesslog

import (
	"bytes"

	"github.com/rs/zerolog"
)

// url writes what a client says is a URL, without the name and the password that may be in it.
func url(e *zerolog.Event, key string, s []byte, limit int) {
	if from, to := userinfo(s); to > from {
		blanked(e, key, s, from, to, limit)
		return
	}
	text(e, key, s, limit)
}

// userinfo is where name and password are in the authority of a URL or of a CONNECT, with the '@'
// left out (RFC 3986, section 3.2.1).
func userinfo(s []byte) (from, to int) {
	if len(s) == 0 || s[0] == '/' {
		return 0, 0
	}
	if i := bytes.Index(s, []byte("://")); i >= 0 {
		from = i + len("://")
	}
	end := len(s)
	if i := bytes.IndexAny(s[from:], "/?#"); i >= 0 {
		end = from + i
	}
	return from, from + max(0, bytes.LastIndexByte(s[from:end], '@'))
}

// blanked is apart from url so that only the rare case pays for the buffer on the stack.
//
//go:noinline
func blanked(e *zerolog.Event, key string, s []byte, from, to, limit int) {
	var buf [maxTarget + 1]byte // more than any limit, so that text sees whether there is more
	b := append(buf[:0], s[:min(from, limit)]...)
	b = append(b[:min(len(b), maxTarget-2)], "***"...)
	text(e, key, append(b, s[to:min(len(s), to+len(buf)-len(b))]...), limit)
}
