package why

import "encoding/hex"

// token is an id ready to be written. Most ids are hexadecimal digits, with dashes if they are
// UUIDs, and take half their length then.
type token struct {
	kind  tokenKind
	size  uint8 // of bytes
	bytes [maxToken]byte
}

type tokenKind uint8

const (
	plainToken tokenKind = iota
	hexToken             // of digits in lower case
	uuidToken            // the same, with dashes

	kindBits = 2 // that a kind takes beside the size
)

const uuidSize = 36

// dash tells whether a dash stands at a place of a UUID.
func dash(i int) bool { return i == 8 || i == 13 || i == 18 || i == 23 }

// pack sets the token, cut at maxToken bytes.
func (t *token) pack(id []byte) {
	switch {
	case len(id) <= maxToken && t.packHex(id):
		t.kind = hexToken
	case len(id) == uuidSize && t.packUUID(id):
		t.kind = uuidToken
	default:
		t.kind, t.size = plainToken, uint8(copy(t.bytes[:], id))
	}
}

func (t *token) packUUID(id []byte) bool {
	var rest [uuidSize]byte
	n := 0
	for i, c := range id {
		switch {
		case !dash(i):
			rest[n] = c
			n++
		case c != '-':
			return false
		}
	}
	return t.packHex(rest[:n])
}

// nibbles are what digits stand for, from '0' on; 0xff: it is none.
const nibbles = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\x0a\x0b\x0c\x0d\x0e\x0f"

// packHex takes two digits for each byte.
func (t *token) packHex(id []byte) bool {
	if len(id)%2 != 0 {
		return false
	}
	for i := range len(id) / 2 {
		high, low := int(id[2*i]-'0'), int(id[2*i+1]-'0')
		if high >= len(nibbles) || low >= len(nibbles) || nibbles[high]|nibbles[low] > 0xf {
			return false
		}
		t.bytes[i] = nibbles[high]<<4 | nibbles[low]
	}
	t.size = uint8(len(id) / 2)
	return true
}

// append adds the token: size and kind in one byte, and its bytes.
func (t *token) append(b []byte) []byte {
	b = append(b, t.size<<kindBits|byte(t.kind))
	return append(b, t.bytes[:t.size]...)
}

func appendToken(b, id []byte) []byte {
	if len(id) == 0 {
		return append(b, 0)
	}
	var t token
	t.pack(id)
	return t.append(b)
}

// appendTo adds the id that was packed into packed.
func (k tokenKind) appendTo(b, packed []byte) []byte {
	if k == plainToken {
		return append(b, packed...)
	}
	start := len(b)
	b = hex.AppendEncode(b, packed)
	if k == uuidToken && len(packed) == 16 {
		var id [uuidSize]byte
		n := start
		for i := range id {
			if id[i] = '-'; !dash(i) {
				id[i] = b[n]
				n++
			}
		}
		b = append(b[:start], id[:]...)
	}
	return b
}
