package route

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"relais/internal/config"
)

// matcher says which requests something is for: those for which everything that is given holds.
type matcher struct {
	hosts    []string // in lower case, without a trailing dot
	paths    []string
	prefixes []string
	path     *regexp.Regexp
	methods  []string
	fields   []fieldMatcher
	params   []fieldMatcher
	sources  []netip.Prefix
}

// fieldMatcher looks at one header field or parameter.
type fieldMatcher struct {
	name   string // of a field: in lower case
	value  string
	prefix string
	regex  *regexp.Regexp
	absent bool
}

func compileMatch(c *config.Match) (m matcher, err error) {
	m = matcher{paths: c.Path, prefixes: c.PathPrefix, methods: c.Method, sources: c.Source}
	for _, h := range c.Host {
		m.hosts = append(m.hosts, strings.ToLower(strings.TrimSuffix(h, ".")))
	}
	if m.path, err = compileRegex(c.PathRegex); err != nil {
		return m, fmt.Errorf("path_regex: %w", err)
	}
	if m.fields, err = compileFields(c.Header); err != nil {
		return m, fmt.Errorf("header: %w", err)
	}
	for i := range m.fields {
		m.fields[i].name = strings.ToLower(m.fields[i].name)
	}
	if m.params, err = compileFields(c.Query); err != nil {
		return m, fmt.Errorf("query: %w", err)
	}
	return m, nil
}

func compileFields(all []config.FieldMatch) (fields []fieldMatcher, err error) {
	for i := range all {
		c := &all[i]
		f := fieldMatcher{name: c.Name, value: c.Value, prefix: c.Prefix, absent: c.Absent}
		if c.Name == "" {
			return nil, errors.New("has no name")
		}
		if f.regex, err = compileRegex(c.Regex); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// compileRegex returns nil for an empty expression.
func compileRegex(expr string) (*regexp.Regexp, error) {
	if expr == "" {
		return nil, nil
	}
	return regexp.Compile(expr)
}

// matches tells whether the request is one of those. What costs least is looked at first.
func (m *matcher) matches(r *Request) bool {
	switch {
	case len(m.methods) > 0 && !has(m.methods, r.method):
	case len(m.hosts) > 0 && !m.matchesHost(r.host):
	case len(m.paths) > 0 && !has(m.paths, r.path):
	case len(m.prefixes) > 0 && !m.matchesPrefix(r.path):
	case len(m.sources) > 0 && !m.matchesSource(r.source):
	case !m.matchesFields(r):
	case !m.matchesParams(r):
	case m.path != nil && !m.path.Match(r.path):
	default:
		return true
	}
	return false
}

func has(list []string, b []byte) bool {
	for _, s := range list {
		if s == string(b) {
			return true
		}
	}
	return false
}

func (m *matcher) matchesHost(host []byte) bool {
	for _, h := range m.hosts {
		if suffix, wild := strings.CutPrefix(h, "*"); h == string(host) || wild && len(host) > len(suffix) && string(host[len(host)-len(suffix):]) == suffix {
			return true
		}
	}
	return false
}

func (m *matcher) matchesPrefix(path []byte) bool {
	return slices.ContainsFunc(m.prefixes, func(p string) bool { return hasPrefix(path, p) })
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

func (m *matcher) matchesSource(source netip.Addr) bool {
	return slices.ContainsFunc(m.sources, func(n netip.Prefix) bool { return n.Contains(source) })
}

func (m *matcher) matchesFields(r *Request) bool {
	for i := range m.fields {
		if f := &m.fields[i]; f.inHeader(r) == f.absent {
			return false
		}
	}
	return true
}

// inHeader tells whether one of the lines of that name is as it should be.
func (f *fieldMatcher) inHeader(r *Request) bool {
	for at := 0; ; {
		value, next := r.header.Field(f.name, at)
		if value == nil {
			return false
		}
		if f.holds(value) {
			return true
		}
		at = next
	}
}

func (m *matcher) matchesParams(r *Request) bool {
	for i := range m.params {
		if f := &m.params[i]; f.inQuery(r) == f.absent {
			return false
		}
	}
	return true
}

// inQuery tells whether one of the parameters of that name is as it should be.
func (f *fieldMatcher) inQuery(r *Request) bool {
	for rest := r.query; len(rest) > 0; {
		var parameter []byte
		parameter, rest, _ = bytes.Cut(rest, ampersand)
		name, value, _ := bytes.Cut(parameter, equals)
		if r.value = appendDecoded(r.value[:0], name); string(r.value) != f.name {
			continue
		}
		if r.value = appendDecoded(r.value[:0], value); f.holds(r.value) {
			return true
		}
	}
	return false
}

var ampersand, equals = []byte("&"), []byte("=")

// holds tells whether a value is as it should be; of one that must not be there, any is.
func (f *fieldMatcher) holds(value []byte) bool {
	return (f.value == "" || f.value == string(value)) && hasPrefix(value, f.prefix) && (f.regex == nil || f.regex.Match(value))
}

// appendDecoded appends a name or value of a query as forms write it: "+" is a space, "%" begins
// two hexadecimal digits. Where those are missing it stands for itself.
func appendDecoded(dst, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(b) && digit(b[i+1]) >= 0 && digit(b[i+2]) >= 0:
			c = byte(digit(b[i+1])<<4 | digit(b[i+2]))
			i += 2
		}
		dst = append(dst, c)
	}
	return dst
}

// digit is the value of a hexadecimal digit, -1 of anything else.
func digit(c byte) int {
	switch c = lower(c); {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
