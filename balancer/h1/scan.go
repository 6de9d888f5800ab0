package h1

import "encoding/binary"

// isToken tells which bytes a method or a field name may have (RFC 9110 5.6.2).
var isToken = [256]bool{
	'!': true, '#': true, '$': true, '%': true, '&': true, '\'': true, '*': true, '+': true,
	'-': true, '.': true, '^': true, '_': true, '`': true, '|': true, '~': true,
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true,
	'8': true, '9': true,
	'A': true, 'B': true, 'C': true, 'D': true, 'E': true, 'F': true, 'G': true, 'H': true,
	'I': true, 'J': true, 'K': true, 'L': true, 'M': true, 'N': true, 'O': true, 'P': true,
	'Q': true, 'R': true, 'S': true, 'T': true, 'U': true, 'V': true, 'W': true, 'X': true,
	'Y': true, 'Z': true,
	'a': true, 'b': true, 'c': true, 'd': true, 'e': true, 'f': true, 'g': true, 'h': true,
	'i': true, 'j': true, 'k': true, 'l': true, 'm': true, 'n': true, 'o': true, 'p': true,
	'q': true, 'r': true, 's': true, 't': true, 'u': true, 'v': true, 'w': true, 'x': true,
	'y': true, 'z': true,
}

func tokenByte(c byte) bool { return isToken[c] }

func validToken(b []byte) bool {
	for _, c := range b {
		if !tokenByte(c) {
			return false
		}
	}
	return len(b) > 0
}

// validValue tells whether b may stand in a field value: anything but control characters, of
// which only the tab is allowed (RFC 9110 5.5). It looks at eight bytes at a time.
func validValue(b []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		v := binary.LittleEndian.Uint64(b)
		low := (v - ones*0x20) & ^v & highs                      // a byte below 0x20
		del := (v ^ ones*0x7f - ones) & ^(v ^ ones*0x7f) & highs // a byte 0x7f
		if low|del != 0 && !validBytes(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return validBytes(b)
}

func validBytes(b []byte) bool {
	for _, c := range b {
		if !valueByte(c) {
			return false
		}
	}
	return true
}

func valueByte(c byte) bool { return c >= 0x20 && c != 0x7f || c == '\t' }

// validTarget tells whether b may be a request target: printable ASCII without a space and
// without "#", which only a client keeps to itself (RFC 9112 3.2).
func validTarget(b []byte) bool {
	for _, c := range b {
		if !targetByte(c) {
			return false
		}
	}
	return len(b) > 0
}

func targetByte(c byte) bool { return c > 0x20 && c < 0x7f && c != '#' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// equalFold compares b with s, which is in lower case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if lower(c) != s[i] {
			return false
		}
	}
	return true
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// nextElement cuts the first element off a comma-separated list.
func nextElement(list []byte) (element, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return trimSpace(list[:i]), list[i+1:]
		}
	}
	return trimSpace(list), nil
}

// unquoted is where the first c of b is that is not in a quoted string (RFC 9110 5.6.4), -1 if
// there is none. open tells that the last of these strings does not end.
func unquoted(b []byte, c byte) (at int, open bool) {
	for i := 0; i < len(b); i++ {
		switch {
		case open && b[i] == '\\':
			i++
		case b[i] == '"':
			open = !open
		case !open && b[i] == c:
			return i, false
		}
	}
	return -1, open
}

// cutUnquoted cuts b at the first sep that is not in a quoted string. after is nil if there is
// none.
func cutUnquoted(b []byte, sep byte) (before, after []byte) {
	if at, _ := unquoted(b, sep); at >= 0 {
		return b[:at], b[at+1:]
	}
	return b, nil
}
