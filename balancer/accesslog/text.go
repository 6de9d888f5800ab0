package accesslog

import (
	"unicode"
	"unicode/utf8"

	"github.com/rs/zerolog"
)

// cut marks a text of which only the beginning is there.
const cut = "…"

// optional writes the field unless it is empty.
func optional[T string | []byte](e *zerolog.Event, key string, s T) {
	if len(s) > 0 {
		text(e, key, s, maxText)
	}
}

// text writes at most limit bytes of s. zerolog escapes what JSON demands; what a terminal or a
// reader could be deceived with (C1 controls, direction marks, bytes that are no UTF-8) is
// written \xNN here, byte by byte.
func text[T string | []byte](e *zerolog.Event, key string, s T, limit int) {
	if len(s) > limit || !isASCII(s) {
		escaped(e, key, s, limit)
		return
	}
	switch s := any(s).(type) {
	case string:
		e.Str(key, s)
	case []byte:
		e.Bytes(key, s)
	}
}

func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// escaped is apart from text so that only the rare case pays for the buffer on the stack.
//
//go:noinline
func escaped[T string | []byte](e *zerolog.Event, key string, s T, limit int) {
	var raw [maxTarget]byte
	n := copy(raw[:min(limit, maxTarget)], s)

	var buf [4*maxTarget + len(cut)]byte
	b := appendPrintable(buf[:0], raw[:n])
	if n < len(s) {
		b = append(b, cut...)
	}
	e.Bytes(key, b)
}

// appendPrintable leaves ASCII to the JSON encoder.
func appendPrintable(dst, s []byte) []byte {
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		invalid := r == utf8.RuneError && size == 1
		if r >= utf8.RuneSelf && (invalid || !unicode.IsPrint(r)) {
			dst = appendHex(dst, s[:size])
		} else {
			dst = append(dst, s[:size]...)
		}
		s = s[size:]
	}
	return dst
}

func appendHex(dst, s []byte) []byte {
	const digits = "0123456789abcdef"
	for _, c := range s {
		dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
	}
	return dst
}
