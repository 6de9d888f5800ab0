package route

import (
	"math/bits"
	"slices"
	"strings"
)

// index finds the few rules that may be for a request. It leaves out those whose host or path
// certainly differs; what it finds is still to be matched.
type index struct {
	anyHost set
	hosts   map[string]set // by name
	below   map[string]set // by what follows the "*"
	depths  []int          // the lengths of that, each once, in ascending order: clients make no more look-ups than rules

	anyPath  set
	paths    map[string]set
	prefixes map[string]set
	lengths  []int // of the prefixes, the same
}

// set is a set of rules, a bit for each by its position.
type set []uint64

// candidates is a set that is made anew for each request.
type candidates struct{ hosts, paths set }

func newIndex(rules []*rule) index {
	words := (len(rules) + 63) / 64
	x := index{
		anyHost: make(set, words), hosts: map[string]set{}, below: map[string]set{},
		anyPath: make(set, words), paths: map[string]set{}, prefixes: map[string]set{},
	}
	for i, r := range rules {
		x.addHosts(i, &r.match, words)
		x.addPaths(i, &r.match, words)
	}
	return x
}

func (x *index) addHosts(i int, m *matcher, words int) {
	if len(m.hosts) == 0 {
		x.anyHost.add(i)
	}
	for _, h := range m.hosts {
		if suffix, wild := strings.CutPrefix(h, "*"); wild {
			addTo(x.below, suffix, i, words)
			x.depths = withLength(x.depths, suffix)
		} else {
			addTo(x.hosts, h, i, words)
		}
	}
}

func (x *index) addPaths(i int, m *matcher, words int) {
	switch {
	case len(m.paths) > 0:
		for _, p := range m.paths {
			addTo(x.paths, p, i, words)
		}
	case len(m.prefixes) > 0:
		for _, p := range m.prefixes {
			addTo(x.prefixes, p, i, words)
			x.lengths = withLength(x.lengths, p)
		}
	default:
		x.anyPath.add(i)
	}
}

// find fills the request's candidates.
func (x *index) find(r *Request) {
	c := &r.candidates
	c.hosts = append(c.hosts[:0], x.anyHost...)
	c.hosts.join(x.hosts[string(r.host)])
	for _, n := range x.depths {
		if n >= len(r.host) {
			break
		}
		c.hosts.join(x.below[string(r.host[len(r.host)-n:])])
	}
	c.paths = append(c.paths[:0], x.anyPath...)
	c.paths.join(x.paths[string(r.path)])
	for _, n := range x.lengths {
		if n > len(r.path) {
			break
		}
		c.paths.join(x.prefixes[string(r.path[:n])])
	}
}

// all yields the candidates in the order of the rules.
func (c *candidates) all(yield func(int) bool) {
	for i, word := range c.hosts {
		for word &= c.paths[i]; word != 0; word &= word - 1 {
			if !yield(i*64 + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}

func addTo(sets map[string]set, key string, i, words int) {
	if sets[key] == nil {
		sets[key] = make(set, words)
	}
	sets[key].add(i)
}

// withLength adds the length of s to those that are known, in their order.
func withLength(lengths []int, s string) []int {
	at, known := slices.BinarySearch(lengths, len(s))
	if known {
		return lengths
	}
	return slices.Insert(lengths, at, len(s))
}

func (s set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s set) join(o set) {
	for i, word := range o {
		s[i] |= word
	}
}
