package h1

import (
	"bytes"
	"slices"
)

// Tolerated lists the faults of a request that goes on all the same, each once. They are those
// that cannot change where a message goes, where it ends or what it says about the client,
// whatever a program behind us makes of them:
//
//   - bytes above ASCII in the target, but not in its authority;
//   - control characters other than NUL, CR and LF in the value of a field that we do not read;
//   - printable characters other than space in the name of a field, if it cannot be taken for one
//     that we do read by leaving them out or replacing them.
//
// The list is valid as long as the head.
func (h *Head) Tolerated() []*Fault { return h.tolerated }

// tolerate notes a harmless fault and tells whether it is one.
func (h *Head) tolerate(fault *Fault, harmless bool) bool {
	if harmless && !slices.Contains(h.tolerated, fault) {
		h.tolerated = append(h.tolerated, fault)
	}
	return harmless
}

func (h *Head) toleratesTarget() bool {
	return h.tolerant && h.tolerate(errTarget, len(h.Target) > 0 && validTarget(ascii(h.Target)) && validTarget(h.whereTo()))
}

// ascii is b with a letter in place of every byte above ASCII.
func ascii(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		if c >= 0x80 {
			b[i] = 'x'
		}
	}
	return b
}

// whereTo is the authority of the target, or its first byte if there is none.
func (h *Head) whereTo() []byte {
	if a := h.authority(); a != nil {
		return a
	}
	return h.Target[:1]
}

func (h *Head) toleratesValue(name, value []byte) bool {
	return h.tolerant && h.tolerate(errControl, classify(name) == nameOther && bytes.IndexAny(value, "\x00\r") < 0)
}

func (h *Head) toleratesName(name []byte) bool {
	return h.tolerant && h.tolerate(errFieldName, len(name) > 0 && firstNot(name, printable) < 0 && !resembles(name))
}

func printable(c byte) bool { return c > 0x20 && c < 0x7f }

// resembles tells whether the letters and digits of b are those of a name that we read, or of one
// by which a server learns about the client.
func resembles(b []byte) bool {
	b = lettersAndDigits(b)
	for i := range known {
		if bytes.Equal(b, lettersAndDigits([]byte(known[i].text))) {
			return true
		}
	}
	for _, prefix := range forwardedPrefixes {
		if bytes.HasPrefix(b, lettersAndDigits([]byte(prefix))) {
			return true
		}
	}
	return len(b) == 0
}

func lettersAndDigits(b []byte) (out []byte) {
	for _, c := range b {
		if c = lower(c); 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			out = append(out, c)
		}
	}
	return out
}
