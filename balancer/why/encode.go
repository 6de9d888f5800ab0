package why

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// What is kept of long things.
const (
	maxTarget   = 96
	maxHost     = 64
	maxWord     = 96 // a name or a reason
	maxToken    = 63 // an id
	maxAttempts = 16
)

// bound returns how many bytes a record takes at most.
func bound(r *Record) int {
	const fixed, each = 300, maxWord*2 + 32 // of each attempt: server and reason, and numbers
	return fixed + 6*maxWord + maxHost + 2*maxToken + min(len(r.Target), maxTarget) + min(len(r.Attempts), maxAttempts)*each
}

// add encodes a record, for which there is room.
func (c *chunk) add(r *Record, id *token, words *dictionary, past *past) {
	began := r.Began.UnixMicro()
	if len(c.data) == 0 {
		c.from, c.to, c.since = began, began, began+max(r.Timers.Total, 0).Microseconds()
	}
	c.from, c.to = min(c.from, began), max(c.to, began)
	b := binary.AppendVarint(c.data, began-c.last)
	c.last = began
	b = id.append(b)
	b = appendToken(b, r.ClientID)
	b = appendClient(b, r.Client)
	b = words.appendString(b, ofFrontend, r.Frontend)
	b = words.appendString(b, ofBackend, r.Backend)
	b = words.appendBytes(b, ofMethod, r.Method)
	b = words.appendBytes(b, ofHost, r.Host[:min(len(r.Host), maxHost)])
	b = appendText(b, kept(r.Target))
	b = appendNumber(b, uint64(max(r.Status, 0)))
	b = words.appendString(b, ofTermination, r.Termination)
	b = words.appendString(b, ofReason, r.Reason)
	b = appendTimer(b, r.Timers.Queue)
	b = appendTimer(b, r.Timers.Connect)
	b = appendTimer(b, r.Timers.Response)
	b = appendTimer(b, r.Timers.Total)
	b = appendNumber(b, uint64(max(r.Place, 0)))
	b = append(b, byte(r.Stick))
	b = words.appendString(b, ofWanted, r.Wanted)
	b = appendNumber(b, past.number(r.NoServer))
	c.data = appendAttempts(b, r.Attempts, words, past)
}

// appendAttempts adds the attempts: of many the first ones and the last.
func appendAttempts(b []byte, attempts []Attempt, words *dictionary, past *past) []byte {
	count := min(len(attempts), maxAttempts)
	b = appendNumber(b, uint64(count))
	for i := range count {
		a := &attempts[i]
		if i == count-1 {
			a = &attempts[len(attempts)-1]
		}
		b = words.appendString(b, ofServer, a.Server)
		b = append(b, byte(a.Pick))
		b = appendTimer(b, a.After)
		b = words.appendString(b, ofFailed, a.Failed)
		b = appendNumber(b, past.number(a.Situation))
	}
	return b
}

func appendNumber(b []byte, n uint64) []byte {
	if n < 0x80 { // almost always
		return append(b, byte(n))
	}
	return binary.AppendUvarint(b, n)
}

// appendTimer adds a time in microseconds.
func appendTimer(b []byte, d time.Duration) []byte {
	if d < 0 {
		return append(b, 0)
	}
	return appendNumber(b, uint64(d/time.Microsecond)+1)
}

func appendText(b, text []byte) []byte {
	return append(appendNumber(b, uint64(len(text))), text...)
}

// appendClient adds an address: how long it is, itself and its port.
func appendClient(b []byte, client netip.AddrPort) []byte {
	addr := client.Addr()
	switch {
	case !addr.IsValid():
		return append(b, 0)
	case addr.Is4():
		a := addr.As4()
		b = append(append(b, 4), a[:]...)
	default:
		a := addr.As16()
		b = append(append(b, 16), a[:]...)
	}
	return binary.BigEndian.AppendUint16(b, client.Port())
}
