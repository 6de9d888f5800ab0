package lb

import (
	"bytes"
	"encoding/binary"
	stdcrc32 "hash/crc32"
	"net/netip"
	"strings"

	"relais/internal/config"
)

// Kind says what of a request is hashed.
type Kind int

// The kinds, each with the method of Hasher that is to be called.
const (
	Source Kind = iota
	URI
	Header
)

// Hasher makes keys of requests, just as HAProxy does. It is never changed, so any number of
// goroutines may use it; it allocates nothing and keeps nothing of what it is given.
type Hasher struct {
	kind      Kind
	uri       config.URI
	header    string
	function  func([]byte) uint32
	avalanche bool
}

// NewHasher returns what makes the keys of an algorithm; nil: it needs none. The configuration is
// one that New has accepted.
func NewHasher(b config.Balance, h config.Hash) *Hasher {
	hasher := &Hasher{uri: b.URI, header: strings.ToLower(b.Header), function: hashFunction(h.Function), avalanche: h.Avalanche}
	switch b.Algorithm {
	case "source":
		hasher.kind = Source
	case "uri":
		hasher.kind = URI
	case "header":
		hasher.kind = Header
	default:
		return nil
	}
	return hasher
}

// Kind tells which method is to be called.
func (h *Hasher) Kind() Kind { return h.kind }

// HeaderName is the name of the field whose value Header wants, in lower case.
func (h *Hasher) HeaderName() string { return h.header }

// Source hashes a client's address, to which HAProxy applies no function. The address of a client
// that has come over IPv4 counts as such, whatever kind of socket it has come to.
func (h *Hasher) Source(ip netip.Addr) Key {
	ip = ip.Unmap()
	switch {
	case ip.Is4():
		b := ip.As4()
		return h.key(binary.BigEndian.Uint32(b[:]))
	case ip.Is6():
		b := ip.As16()
		var hash uint32
		for i := 0; i < len(b); i += 4 {
			hash ^= binary.BigEndian.Uint32(b[i:])
		}
		return h.key(hash)
	}
	return Key{}
}

// URI hashes the target of a request line as the client has sent it. (Of a whole URL, which hardly
// any client sends, HAProxy drops a port that goes without saying.)
func (h *Hasher) URI(target []byte) Key {
	if h.uri.PathOnly {
		target = pathOf(target)
	}
	if h.uri.Len > 0 && len(target) > h.uri.Len {
		target = target[:h.uri.Len]
	}
	return h.key(h.function(target[:h.end(target)]))
}

// Header hashes the value of a field, there telling whether the request has it. As HAProxy takes
// every field for a list, only the first element counts.
func (h *Hasher) Header(value []byte, there bool) Key {
	value = firstOf(value)
	if !there || len(value) == 0 {
		return Key{}
	}
	return h.key(h.function(value))
}

func (h *Hasher) key(hash uint32) Key {
	if h.avalanche {
		hash = distribute(hash)
	}
	return Key{Hash: hash, Set: true}
}

// end is where the part of the target ends that counts: before the query, and before the slash
// that begins one directory too many.
func (h *Hasher) end(target []byte) int {
	slashes := 0
	for i, c := range target {
		if c == '?' && !h.uri.Whole {
			return i
		}
		if c != '/' || h.uri.Depth == 0 {
			continue
		}
		if slashes++; slashes > h.uri.Depth {
			return i
		}
	}
	return len(target)
}

// pathOf returns the path and the query of a target; nil: it has none, as in CONNECT.
func pathOf(target []byte) []byte {
	if len(target) > 0 && target[0] == '/' {
		return target
	}
	_, rest, isURL := bytes.Cut(target, []byte("://"))
	if !isURL {
		return nil
	}
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		return rest[i:]
	}
	return []byte{'/'} // which HAProxy adds
}

// firstOf returns the first element of a list, without the space around it. Commas between quotes
// separate nothing.
func firstOf(list []byte) []byte {
	quoted := false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return bytes.Trim(list[:i], " \t")
		}
	}
	return bytes.Trim(list, " \t")
}

func crc32(key []byte) uint32 { return stdcrc32.ChecksumIEEE(key) }
