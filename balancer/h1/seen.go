package h1

import (
	"bytes"
	"errors"
	"fmt"
)

// Seen is a fault with the place in a head where it was seen.
type Seen struct {
	Fault *Fault
	At    int    // offset of the byte that it is about, from the start of the head
	Near  []byte // what stands around it, without what is secret
}

func (s *Seen) Error() string {
	return fmt.Sprintf("%s, at byte %d: %+q", s.Fault.Reason, s.At, s.Near)
}

// Unwrap returns the fault.
func (s *Seen) Unwrap() error { return s.Fault }

// Seen returns err, which is about this head, as a *Seen if it is the fault of a certain byte.
func (h *Head) Seen(err error) error {
	var fault *Fault
	if h.at < 0 || !errors.As(err, &fault) {
		return err
	}
	return &Seen{fault, h.at, near(h.buf, h.at)}
}

// What is shown around a byte, in bytes.
const (
	shownBefore = 60
	shownBehind = 20
)

// near returns a copy of what stands around buf[at] in its line, as far as that may be shown.
func near(buf []byte, at int) []byte {
	from := startOf(buf, at)
	end := at + 1
	if i := bytes.IndexByte(buf[at:], '\n'); i > 0 {
		end = at + len(bytes.TrimSuffix(buf[at:at+i], []byte("\r")))
	}
	line := bytes.Clone(buf[from:max(end, at+1)])
	if i := secretIn(line, from == 0); i >= 0 {
		line = line[:i]
	}
	at = min(at-from, len(line))
	return line[max(at-shownBefore, 0):min(at+shownBehind, len(line))]
}

// startOf is where the line with buf[at] begins, or the one that it continues.
func startOf(buf []byte, at int) int {
	for {
		at = bytes.LastIndexByte(buf[:at], '\n') + 1
		if at == 0 || at == len(buf) || buf[at] != ' ' && buf[at] != '\t' {
			return at
		}
		at--
	}
}

// AppendTo appends the head as it arrived, at most limit bytes of it, with secrets blanked out, so
// that it can be shown to an admin. What follows the head is left out.
func (h *Head) AppendTo(dst []byte, limit int) []byte {
	head := h.buf[:min(len(h.buf), limit)]
	if h.end > 0 {
		head = head[:min(len(head), h.end)]
	}
	from := len(dst)
	dst = append(dst, head...)
	return blank(dst, from)
}

// blank overwrites the secrets in the head at dst[from:] and ends it with its blank line.
func blank(dst []byte, from int) []byte {
	head := dst[from:]
	secret := false // the line, or the one that it continues, holds one
	for start := 0; start < len(head); {
		end := len(head)
		if i := bytes.IndexByte(head[start:], '\n'); i >= 0 {
			end = start + i + 1
		}
		line := head[start:end]
		if start > 0 && len(bytes.Trim(line, "\r\n")) == 0 {
			return dst[:from+end]
		}
		first := 0
		if line[0] != ' ' && line[0] != '\t' || !secret {
			first = secretIn(line, start == 0)
			secret = first >= 0
		}
		if secret {
			stars(line[first:])
		}
		start = end
	}
	return dst
}

func stars(b []byte) {
	for i, c := range b {
		if c != '\r' && c != '\n' {
			b[i] = '*'
		}
	}
}

// secretIn is where the value of a secret field begins in a line; -1 if there is none. A line that
// is none of the protocol's may hold one too, so that the name counts wherever it stands; in a
// request line only at the start of what some program may take for a line.
func secretIn(line []byte, first bool) int {
	low := bytes.ToLower(line)
	for _, name := range []string{"authorization", "cookie"} {
		i := bytes.Index(low, []byte(name))
		if i < 0 || first && i > 0 && low[i-1] >= 0x20 {
			continue
		}
		for i += len(name); i < len(line) && (line[i] == ' ' || line[i] == '\t'); i++ {
		}
		if i < len(line) && line[i] == ':' {
			i++
		}
		return i
	}
	return -1
}

// offence is the offset in a line of the byte that err is about.
func (h *Head) offence(line []byte, err error) int {
	colon := max(bytes.IndexByte(line, ':'), 0)
	switch err {
	case errMethod:
		return max(firstNot(h.Method, tokenByte), 0)
	case errTarget:
		return len(h.Method) + 1 + max(firstNot(h.Target, targetByte), 0)
	case errVersion:
		return bytes.LastIndexByte(line, ' ') + 1
	case errFieldName:
		return max(firstNot(line, tokenByte), 0)
	case errControl:
		return colon + 1 + max(firstNot(line[colon+1:], valueByte), 0)
	}
	return 0
}

// firstNot is where the first byte of another kind stands, -1 if there is none.
func firstNot(b []byte, kind func(byte) bool) int {
	for i, c := range b {
		if !kind(c) {
			return i
		}
	}
	return -1
}
