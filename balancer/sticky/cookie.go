// Package sticky keeps clients with their servers by a cookie: it finds in a request which server
// the cookie names, and edits the cookies of requests and answers. It knows neither connections
// nor whether a server is up.
package sticky

import (
	"bytes"
	"crypto/subtle"
	"iter"

	"relais/internal/config"
)

// Cookie is the cookie of a backend, ready for use. It is never changed, and any number of
// requests use it at once.
type Cookie struct {
	name     []byte
	mode     mode
	indirect bool
	nocache  bool
	derived  bool
	values   [][]byte // that name the servers
	lines    [][]byte // that set them: Set-Cookie, then Cache-Control
}

// mode is how clients get to know the cookie.
type mode uint8

const (
	insert  mode = iota // the balancer sets it
	prefix              // the server sets it, and the balancer puts its own value before the server's
	rewrite             // the server sets it, and the balancer replaces the value
)

const (
	prefixEnd = '~' // between the two values of prefix
	datesFrom = '|' // HAProxy's maxidle and maxlife stand behind it
)

// Compile makes the cookie of a backend. What names a server depends on the names of the two and
// on key, on nothing else. Without a key it is the cookie of the server's configuration, if that
// has one.
func Compile(c *config.Cookie, backend string, servers []*config.Server, key []byte) (*Cookie, error) {
	m, err := modeOf(c)
	if err != nil {
		return nil, err
	}
	k := &Cookie{name: []byte(c.Name), mode: m, indirect: c.Indirect, nocache: c.Nocache}
	attributes, err := attributes(c)
	if err != nil {
		return nil, err
	}
	for _, s := range servers {
		value, err := k.valueOf(s, backend, key)
		if err != nil {
			return nil, err
		}
		k.values = append(k.values, []byte(value))
		k.lines = append(k.lines, []byte("Set-Cookie: "+c.Name+"="+value+attributes+"\r\n"+private))
	}
	return k, nil
}

// Name is the cookie's name.
func (c *Cookie) Name() string { return string(c.name) }

// Value is what names a server, by its place among those that Compile got.
func (c *Cookie) Value(server int) string { return string(c.values[server]) }

// Derived tells that values are derived from names alone, so that whoever knows the names can
// make them.
func (c *Cookie) Derived() bool { return c.derived }

// Claim is what the cookie of a client is worth: the third character of HAProxy's termination
// state.
type Claim uint8

// What a client's cookie may be worth.
const (
	None    Claim = iota // N: there is none
	Invalid              // I: it names nobody
	Down                 // D: it names a server that cannot be used
	Valid                // V: it names the server that is used
)

// Find returns the server that a request's Cookie fields name, -1 for none. Of several cookies the
// first one that names a server which is alive counts, and of several servers with one value the
// first.
func (c *Cookie) Find(fields iter.Seq[[]byte], alive func(server int) bool) (server int, claim Claim) {
	server = -1
	for field := range fields {
		if !bytes.Contains(field, c.name) {
			continue
		}
		for more := true; more; {
			var one pair
			one, field, more = nextPair(field)
			if server < 0 && one.named(c.name) {
				server, claim = c.match(c.mark(one.value()), alive, claim)
			}
		}
	}
	return server, claim
}

// match looks for the servers that a value names. It takes the same time whichever it is.
func (c *Cookie) match(value []byte, alive func(int) bool, before Claim) (server int, claim Claim) {
	server, claim = -1, max(before, Invalid)
	for i, v := range c.values {
		switch {
		case subtle.ConstantTimeCompare(v, value) == 0 || server >= 0:
		case alive(i):
			server, claim = i, Valid
		default:
			claim = Down
		}
	}
	return server, claim
}

// mark is the part of the cookie's value that names a server.
func (c *Cookie) mark(value []byte) []byte {
	if c.mode == prefix {
		value, _, _ = cutPrefix(value)
		return value
	}
	if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
		value = value[1 : n-1]
	}
	value, _, _ = bytes.Cut(value, []byte{datesFrom})
	return value
}

// cutPrefix takes what the balancer has put before a server's value off it. Nothing has been put
// into a value that begins with a quote.
func cutPrefix(value []byte) (mark, rest []byte, found bool) {
	if len(value) > 0 && value[0] == '"' {
		return value, nil, false
	}
	return bytes.Cut(value, []byte{prefixEnd})
}
