package route

import (
	"net/netip"
	"testing"
	"time"

	"relais/internal/config"
)

// dice makes choices of the bytes of a fuzzer.
type dice struct{ bytes []byte }

// of is one of n numbers from 0 on; 0 when there are no more bytes.
func (d *dice) of(n int) int {
	if len(d.bytes) == 0 {
		return 0
	}
	b := d.bytes[0]
	d.bytes = d.bytes[1:]
	return int(b) % n
}

func (d *dice) text(list ...string) string { return list[d.of(len(list))] }

// some is so many of the list, often none.
func (d *dice) some(list ...string) (chosen []string) {
	for n := d.of(6) - 2; n > 0; n-- {
		chosen = append(chosen, d.text(list...))
	}
	return chosen
}

func (d *dice) rule() config.Rule {
	r := config.Rule{Match: config.Match{
		Host:       d.some("a", "b.a", "*.a", "*.b.a", "C.example", "*.example", "[::1]"),
		Path:       d.some("/", "/x", "/x/y", "*"),
		PathPrefix: d.some("/", "/x", "/x/", "/y", "/x/y/z"),
		PathRegex:  d.text("", "", "", "", "^/x", "y$", "[0-9]"),
		Method:     d.some("GET", "POST"),
	}}
	for _, n := range d.some("192.0.2.0/24", "192.0.2.128/25", "2001:db8::/32", "0.0.0.0/0") {
		r.Source = append(r.Source, netip.MustParsePrefix(n))
	}
	r.Header, r.Query = d.matches("X-A", "x-b"), d.matches("p", "q r")
	d.action(&r)
	return r
}

func (d *dice) matches(names ...string) (all []config.FieldMatch) {
	for _, name := range d.some(names...) {
		all = append(all, config.FieldMatch{
			Name: name, Value: d.text("", "", "1", "a b"), Prefix: d.text("", "", "a"),
			Regex: d.text("", "", "^[0-9]*$"), Absent: d.of(4) == 3,
		})
	}
	return all
}

func (d *dice) action(r *config.Rule) {
	switch d.of(9) {
	default:
		r.Backend = d.text("app", "api")
	case 3:
		r.Split = []config.Split{{Backend: "app", Weight: 1 + d.of(4)}, {Backend: "api", Weight: d.of(4)}, {Backend: "new", Weight: d.of(2)}}
	case 4:
		r.Redirect = &config.Redirect{Location: "/", Code: 302}
	case 5:
		r.Return = &config.Return{Status: 200}
	case 6:
		r.Deny = 403
	case 7:
		r.RateLimit = &config.RateLimit{
			Requests: 1 + d.of(3), Per: time.Duration(1+d.of(3)) * time.Second, Burst: d.of(3), Header: d.text("", "X-A"),
		}
	case 8:
		r.Concurrency = &config.Concurrency{Requests: 1 + d.of(2)}
	}
}

func (d *dice) request() *plain {
	p := &plain{
		method: d.text("GET", "POST", "get"),
		host:   d.text("", "a", "A.", "b.a", "c.b.a", "c.EXAMPLE", "example", "[::1]", ".a", "a.c.example"),
		target: d.text("/", "/x", "/x/y", "/x/y/z1", "/y", "/X", "*", "/%78") + d.text("", "?", "?p=1", "?q+r=a%20b&p", "?q%20r=a&p=%31", "?p=%zz&&=&p", "?q+r"),
		source: netip.MustParseAddr(d.text("192.0.2.1", "192.0.2.200", "2001:db8::1", "198.51.100.1")),
	}
	for _, name := range d.some("X-A", "x-a", "X-B") {
		p.header = append(p.header, name, d.text("", "1", "a b", "ab"))
	}
	return p
}

// What is decided is what the simplest reading of the rules says, whatever the index leaves out,
// over a sequence of requests of which some are under way at once.
func FuzzDecide(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &dice{bytes: data}
		var rules []config.Rule
		for range 1 + d.of(70)%7 {
			rules = append(rules, d.rule())
		}
		table, err := Compile(rules, nil)
		if err != nil {
			t.Fatalf("%+v: %v", rules, err)
		}
		slow := newReference(rules)
		type running struct {
			r    *Request
			held []int
		}
		var under []running
		now := time.Now()
		for range 8 {
			p, r := d.request(), &Request{}
			r.Begin([]byte(p.method), []byte(p.host), []byte(p.target), p.header, p.source)
			got := table.Decide(r, now)
			want, held := slow.decide(p, now)
			if o := (outcome{got.Kind, got.Rule, got.Backend, got.Status, got.RetryAfter}); o != want {
				t.Fatalf("%+v\nof %+v: got %+v, want %+v", p, rules, o, want)
			}
			under = append(under, running{r, held})
			for d.of(3) == 0 && len(under) > 0 {
				under[0].r.Release()
				slow.release(under[0].held)
				under = under[1:]
			}
			now = now.Add(time.Duration(d.of(8)) * 250 * time.Millisecond)
		}
	})
}
