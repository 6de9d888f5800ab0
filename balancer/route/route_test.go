package route

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"relais/internal/config"
)

// The same as FuzzDecide, without a fuzzer: choices by chance, but the same ones each time.
func TestDecideAsTheReferenceDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	kinds := map[Kind]int{}
	for range 3000 {
		d := &dice{bytes: make([]byte, 400)}
		for i := range d.bytes {
			d.bytes[i] = byte(random.Uint32())
		}
		var rules []config.Rule
		for range 1 + d.of(6) {
			rules = append(rules, d.rule())
		}
		table, err := Compile(rules, nil)
		if err != nil {
			t.Fatal(err)
		}
		slow, now := newReference(rules), time.Now()
		for range 6 {
			p, r := d.request(), &Request{}
			r.Begin([]byte(p.method), []byte(p.host), []byte(p.target), p.header, p.source)
			got := table.Decide(r, now)
			if want, _ := slow.decide(p, now); (outcome{got.Kind, got.Rule, got.Backend, got.Status, got.RetryAfter}) != want {
				t.Fatalf("%+v\nof %+v: got %+v, want %+v", p, rules, got, want)
			}
			kinds[got.Kind]++
		}
	}
	for kind := Default; kind <= Full; kind++ {
		if kinds[kind] < 10 {
			t.Errorf("only %d decisions of kind %d: the test shows little", kinds[kind], kind)
		}
	}
}

func TestWhatCannotBeCompiled(t *testing.T) {
	for _, test := range []struct {
		rule config.Rule
		want string
	}{
		{config.Rule{}, "rule 1: has no action"},
		{config.Rule{Match: config.Match{PathRegex: "("}, Backend: "b"}, "path_regex: error parsing"},
		{config.Rule{Match: config.Match{Header: []config.FieldMatch{{Name: "A", Regex: "("}}}, Backend: "b"}, "header: A: error parsing"},
		{config.Rule{Match: config.Match{Query: []config.FieldMatch{{}}}, Backend: "b"}, "query: has no name"},
		{config.Rule{Deny: 200}, "write one from 400"},
		{config.Rule{Split: []config.Split{{Backend: "b"}}}, "no backend has a weight"},
		{config.Rule{Split: []config.Split{{Backend: "b", Weight: -1}}}, "write 0 or more"},
		{config.Rule{Concurrency: &config.Concurrency{}}, "write 1 or more"},
		{config.Rule{RateLimit: &config.RateLimit{}}, "write 1 or more"},
		{config.Rule{RateLimit: &config.RateLimit{Requests: 1, Per: time.Hour, Burst: 1e6}}, "write less"},
		{config.Rule{Return: &config.Return{Status: 204, Body: "x"}}, "has no body"},
		{config.Rule{Return: &config.Return{Status: 99}}, "200 to 599"},
		{config.Rule{Return: &config.Return{Status: 200, ContentType: "a\r\nB: c"}}, "control characters"},
		{config.Rule{Return: &config.Return{Status: 200, File: config.NewPath("no-such-file")}}, "cannot read"},
		{config.Rule{Redirect: &config.Redirect{Location: "/", Code: 200}}, "write 301"},
		{config.Rule{Redirect: &config.Redirect{Location: "/a b", Code: 302}}, "without spaces"},
		{config.Rule{Redirect: &config.Redirect{Prefix: "/", Code: 302}}, "without a slash"},
		{config.Rule{Redirect: &config.Redirect{Code: 302}}, "write a URL"},
		{config.Rule{Redirect: &config.Redirect{Location: "https://{hots}/", Code: 302}}, "variable {hots} is not known; write {host}"},
		{config.Rule{Redirect: &config.Redirect{Location: "https://{server}/", Code: 302}}, "{server} is not known here yet"},
		{config.Rule{Redirect: &config.Redirect{Location: "https://{host", Code: 302}}, "or {{ for a brace"},
	} {
		if _, err := Compile([]config.Rule{test.rule}, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want %s", test.rule, err, test.want)
		}
	}
}

// thousand is rules for a thousand hosts and paths, with the last one for everything else.
func thousand() (rules []config.Rule) {
	for i := range 333 {
		rules = append(rules,
			config.Rule{Match: config.Match{Host: []string{fmt.Sprintf("site%d.example.com", i)}, Method: []string{"GET"}}, Backend: "a"},
			config.Rule{Match: config.Match{PathPrefix: []string{fmt.Sprintf("/team%d/", i)}}, Backend: "b"},
			config.Rule{Match: config.Match{Host: []string{fmt.Sprintf("*.customer%d.example.net", i)}, Path: []string{"/login"}}, Backend: "c"})
	}
	return append(rules, config.Rule{Backend: "rest"})
}

// One more rule costs next to nothing and no memory, whether the first one decides or the last.
func BenchmarkThousandRules(b *testing.B) {
	table, err := Compile(thousand(), nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, test := range []struct{ name, line, want string }{
		{"first", "GET site0.example.com /", "a"},
		{"prefix", "GET www.example.org /team300/x?y=z", "b"},
		{"wildcard", "GET shop.customer332.example.net /login", "c"},
		{"none-but-the-last", "GET www.example.org /somewhere/else.html?a=b", "rest"},
	} {
		b.Run(test.name, func(b *testing.B) {
			r, method, now := request(test.line, "Accept", "*/*"), []byte("GET"), time.Now()
			if d := table.Decide(r, now); d.Backend != test.want {
				b.Fatalf("got %+v, want %s", d, test.want)
			}
			b.ReportAllocs()
			for b.Loop() {
				r.Begin(method, r.host, r.path, r.header, r.source)
				table.Decide(r, now)
			}
		})
	}
}

func TestNoMemoryForADecision(t *testing.T) {
	rules := append([]config.Rule{
		{RateLimit: &config.RateLimit{Requests: 1000000, Per: time.Second}},
		{RateLimit: &config.RateLimit{Requests: 1000000, Per: time.Second, Header: "X-Key"}},
		{Concurrency: &config.Concurrency{Requests: 1}},
		{Match: config.Match{Query: []config.FieldMatch{{Name: "a", Regex: "^x"}}, PathRegex: "^/[0-9]+"}, Deny: 403},
	}, thousand()...)
	table, err := Compile(rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, now := &Request{}, time.Now()
	method, host, target := []byte("GET"), []byte("Shop.Customer332.example.net."), []byte("/login?a=%79")
	header := keyed{value: []byte("k")}
	source := netip.MustParseAddr("192.0.2.1")
	if n := testing.AllocsPerRun(1000, func() {
		r.Begin(method, host, target, &header, source)
		if d := table.Decide(r, now); d.Backend != "c" {
			t.Fatalf("got %+v", d)
		}
		r.Release()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// keyed is a header with one field.
type keyed struct{ value []byte }

// Field implements Header.
func (k *keyed) Field(_ string, from int) ([]byte, int) {
	if from > 0 {
		return nil, from
	}
	return k.value, 1
}

// A reload that leaves a rule as it is does not forget what the rule has seen.
func TestAnEqualRuleGoesOn(t *testing.T) {
	limit := config.Rule{RateLimit: &config.RateLimit{Requests: 1, Per: time.Hour}}
	now := time.Now().Add(time.Second)
	first, _ := Compile([]config.Rule{limit}, nil)
	if d := first.Decide(request("GET h /"), now); d.Kind != Default {
		t.Fatalf("got %+v", d)
	}
	same := config.Rule{RateLimit: &config.RateLimit{Requests: 1, Per: time.Hour}}
	second, _ := Compile([]config.Rule{{Match: config.Match{Path: []string{"/x"}}, Deny: 403}, same}, first)
	if d := second.Decide(request("GET h /"), now); d.Kind != Limited || d.Rule != 2 || d.RetryAfter != time.Hour {
		t.Errorf("the same rule: got %+v", d)
	}
	other := config.Rule{RateLimit: &config.RateLimit{Requests: 1, Per: time.Minute}}
	third, _ := Compile([]config.Rule{other}, second)
	if d := third.Decide(request("GET h /"), now); d.Kind != Default {
		t.Errorf("another rule: got %+v", d)
	}
	twice, _ := Compile([]config.Rule{limit, limit}, first) // each bucket is that of one rule
	if d := twice.Decide(requestFrom("192.0.2.9", "GET h /"), now); d.Kind != Default {
		t.Errorf("two equal rules: got %+v", d)
	}
}
