package sticky

import "bytes"

// pair is one cookie of a field, as it came: with the spaces around it. raw[from:to] is its value;
// equal is where its "=" stands, -1: nowhere.
type pair struct {
	raw             []byte
	equal, from, to int
}

// nextPair cuts the first cookie off a field and tells whether more follow. They are separated by
// semicolons, as browsers do it (RFC 6265 4.2.1), except for those in a value that is quoted as a
// whole, as servers of old read it. A quote anywhere else means nothing.
func nextPair(field []byte) (first pair, rest []byte, more bool) {
	end := len(field)
	if i := bytes.IndexByte(field, ';'); i >= 0 {
		end = i
	}
	equal := bytes.IndexByte(field[:end], '=')
	if equal < 0 {
		return newPair(field, end, equal)
	}
	value := spaces(field, equal+1)
	if n := quoted(field[value:]); n > 0 {
		if after := spaces(field, value+n); after == len(field) || field[after] == ';' {
			end = after
		}
	}
	return newPair(field, end, equal)
}

func newPair(field []byte, end, equal int) (p pair, rest []byte, more bool) {
	p = pair{raw: field[:end], equal: equal}
	if equal >= 0 {
		p.from, p.to = spaces(p.raw, equal+1), end
		for p.to > p.from && isSpace(field[p.to-1]) {
			p.to--
		}
	}
	if end == len(field) {
		return p, nil, false
	}
	return p, field[end+1:], true
}

// named tells whether the cookie has that name and a value, be it empty.
func (p pair) named(name []byte) bool {
	return p.equal >= 0 && bytes.Equal(bytes.Trim(p.raw[:p.equal], " \t"), name)
}

func (p pair) value() []byte { return p.raw[p.from:p.to] }

// quoted is the length of the quoted string at the beginning of b, 0 if there is none. It ends at
// the next quote, whatever that belongs to, so that a field is read in linear time.
func quoted(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// spaces is where the spaces that begin at i end.
func spaces(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
