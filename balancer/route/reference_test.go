package route

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"relais/internal/config"
)

// plain is a request without any cleverness.
type plain struct {
	method, host, target string
	header               fields
	source               netip.Addr
}

// reference decides as the documentation says, one rule after the other, as simply as can be. It
// is slow and never forgets anybody.
type reference struct {
	rules   []config.Rule
	buckets map[string]*filling // by rule and client
	running map[int]int         // by rule
	credits map[int][]int       // by rule
}

// filling is a bucket as one imagines it: tokens are measured by the time that they take to come.
type filling struct {
	level time.Duration
	at    time.Time
}

func newReference(rules []config.Rule) *reference {
	return &reference{rules: rules, buckets: map[string]*filling{}, running: map[int]int{}, credits: map[int][]int{}}
}

// outcome is what both must agree about.
type outcome struct {
	kind    Kind
	rule    int
	backend string
	status  int
	wait    time.Duration
}

func (f *reference) decide(p *plain, now time.Time) (o outcome, held []int) {
	for i := range f.rules {
		c := &f.rules[i]
		if !matchesSlowly(&c.Match, p) {
			continue
		}
		n := i + 1
		switch {
		case c.Backend != "":
			return outcome{Backend, n, c.Backend, 0, 0}, held
		case c.Split != nil:
			return outcome{Backend, n, f.share(i), 0, 0}, held
		case c.Redirect != nil:
			return outcome{Redirect, n, "", c.Redirect.Code, 0}, held
		case c.Return != nil:
			return outcome{Return, n, "", c.Return.Status, 0}, held
		case c.Deny != 0:
			return outcome{Deny, n, "", c.Deny, 0}, held
		case c.RateLimit != nil:
			if wait := f.wait(i, p, now); wait > 0 {
				return outcome{Limited, n, "", 0, wait}, held
			}
		case f.running[i] == c.Concurrency.Requests:
			return outcome{Full, n, "", 0, 0}, held
		default:
			f.running[i]++
			held = append(held, i)
		}
	}
	return outcome{}, held
}

func (f *reference) release(held []int) {
	for _, i := range held {
		f.running[i]--
	}
}

// share is nginx's smooth weighted round robin.
func (f *reference) share(i int) string {
	parts := f.rules[i].Split
	if f.credits[i] == nil {
		f.credits[i] = make([]int, len(parts))
	}
	best, total := -1, 0
	for k, p := range parts {
		total += p.Weight
		if f.credits[i][k] += p.Weight; p.Weight > 0 && (best < 0 || f.credits[i][k] > f.credits[i][best]) {
			best = k
		}
	}
	f.credits[i][best] -= total
	return parts[best].Backend
}

func (f *reference) wait(i int, p *plain, now time.Time) time.Duration {
	c := f.rules[i].RateLimit
	key := "source " + p.source.String()
	if c.Header != "" {
		if value, _ := p.header.Field(strings.ToLower(c.Header), 0); value != nil {
			key = "value " + string(value)
		}
	}
	key = strconv.Itoa(i) + key
	token := c.Per / time.Duration(c.Requests)
	most := token * time.Duration(c.Requests)
	if c.Burst > 0 {
		most = token * time.Duration(c.Burst)
	}
	b := f.buckets[key]
	if b == nil {
		b = &filling{level: most, at: now}
		f.buckets[key] = b
	}
	b.level, b.at = min(most, b.level+now.Sub(b.at)), now
	if b.level < token {
		return token - b.level
	}
	b.level -= token
	return 0
}

func matchesSlowly(m *config.Match, p *plain) bool {
	path, query, _ := strings.Cut(p.target, "?")
	host := strings.TrimSuffix(strings.ToLower(p.host), ".")
	ok := anyOf(m.Host, func(h string) bool {
		h = strings.ToLower(h)
		if h[0] == '*' {
			return strings.HasSuffix(host, h[1:]) && host != h[1:]
		}
		return h == host
	})
	ok = ok && anyOf(m.Path, func(s string) bool { return s == path })
	ok = ok && anyOf(m.PathPrefix, func(s string) bool { return strings.HasPrefix(path, s) })
	ok = ok && anyOf(m.Method, func(s string) bool { return s == p.method })
	ok = ok && anyOf(m.Source, func(n netip.Prefix) bool { return n.Contains(p.source) })
	ok = ok && (m.PathRegex == "" || regexp.MustCompile(m.PathRegex).MatchString(path))
	for _, f := range m.Header {
		var values []string
		for i := 0; i < len(p.header); i += 2 {
			if strings.EqualFold(p.header[i], f.Name) {
				values = append(values, p.header[i+1])
			}
		}
		ok = ok && holdsSlowly(f, values)
	}
	for _, f := range m.Query {
		var values []string
		for _, parameter := range strings.Split(query, "&") {
			name, value, _ := strings.Cut(parameter, "=")
			if parameter != "" && decodeSlowly(name) == f.Name {
				values = append(values, decodeSlowly(value))
			}
		}
		ok = ok && holdsSlowly(f, values)
	}
	return ok
}

func anyOf[T any](list []T, ok func(T) bool) bool {
	for _, e := range list {
		if ok(e) {
			return true
		}
	}
	return len(list) == 0
}

func holdsSlowly(f config.FieldMatch, values []string) bool {
	found := false
	for _, v := range values {
		found = found || (f.Value == "" || v == f.Value) && strings.HasPrefix(v, f.Prefix) && regexp.MustCompile(f.Regex).MatchString(v)
	}
	return found != f.Absent
}

var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

func decodeSlowly(s string) string {
	return escape.ReplaceAllStringFunc(strings.ReplaceAll(s, "+", " "), func(e string) string {
		n, _ := strconv.ParseUint(e[1:], 16, 8)
		return string([]byte{byte(n)})
	})
}
