package route

import (
	"net/netip"
	"testing"
	"time"

	"relais/internal/config"
)

// A rule is for those requests for which everything holds that it says, and for no other.
func TestMatch(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for _, test := range []struct {
		name  string
		match config.Match
		yes   []*Request
		not   []*Request
	}{
		{"everything", config.Match{}, []*Request{request("GET h /"), request("OPTIONS  *")}, nil},
		{
			"a host", config.Match{Host: []string{"Example.com", "b"}},
			[]*Request{request("GET example.com /"), request("GET EXAMPLE.com. /"), request("GET b /")},
			[]*Request{request("GET  /"), request("GET www.example.com /"), request("GET example.com.evil /"), request("GET xexample.com /")},
		},
		{
			"all below a host", config.Match{Host: []string{"*.example.com."}},
			[]*Request{request("GET a.example.com /"), request("GET a.b.EXAMPLE.com. /")},
			[]*Request{request("GET example.com /"), request("GET .example.com /"), request("GET a.example.org /"), request("GET aexample.com /")},
		},
		{"an address", config.Match{Host: []string{"[2001:DB8::1]"}}, []*Request{request("GET [2001:db8::1] /")}, []*Request{request("GET [2001:db8::2] /")}},
		{
			"a path", config.Match{Path: []string{"/a", "/b"}},
			[]*Request{request("GET h /a"), request("GET h /b?x=/c")},
			[]*Request{request("GET h /A"), request("GET h /a/"), request("GET h /%61"), request("GET h /c?/a"), request("GET h //a")},
		},
		{
			"a prefix", config.Match{PathPrefix: []string{"/v1/", "/v2"}},
			[]*Request{request("GET h /v1/x"), request("GET h /v1/"), request("GET h /v2x?a")},
			[]*Request{request("GET h /v1"), request("GET h /x/v1/"), request("GET h /./v1/"), request("GET h /v%31/")},
		},
		{
			"an expression", config.Match{PathRegex: `^/user/\d+$`},
			[]*Request{request("GET h /user/12?a=b")}, []*Request{request("GET h /user/12/"), request("GET h /user/x?/user/12")},
		},
		{
			"path, prefix and expression at once", config.Match{Path: []string{"/a", "/ab"}, PathPrefix: []string{"/ab", "/b"}, PathRegex: "b$"},
			[]*Request{request("GET h /ab")}, []*Request{request("GET h /a"), request("GET h /b"), request("GET h /abb")},
		},
		{"a method", config.Match{Method: []string{"GET", "HEAD"}}, []*Request{request("HEAD h /")}, []*Request{request("get h /"), request("POST h /")}},
		{
			"a field", config.Match{Header: []config.FieldMatch{{Name: "X-A", Value: "1"}}},
			[]*Request{request("GET h /", "x-a", "1"), request("GET h /", "X-A", "2", "X-A", "1")},
			[]*Request{request("GET h /"), request("GET h /", "X-A", "11"), request("GET h /", "X-B", "1"), request("GET h /", "X_A", "1")},
		},
		{
			"a field that begins so, or is there, or not",
			config.Match{Header: []config.FieldMatch{{Name: "A", Prefix: "Bearer "}, {Name: "B"}, {Name: "C", Absent: true}, {Name: "D", Regex: "^x+$"}}},
			[]*Request{request("GET h /", "A", "Bearer x", "B", "", "D", "xx")},
			[]*Request{
				request("GET h /", "A", "Basic x", "B", "", "D", "x"), request("GET h /", "A", "Bearer x", "D", "x"),
				request("GET h /", "A", "Bearer x", "B", "", "C", "", "D", "x"), request("GET h /", "A", "Bearer x", "B", "", "D", "y"),
			},
		},
		{
			"a parameter, decoded", config.Match{Query: []config.FieldMatch{{Name: "a b", Value: "c&d"}}},
			[]*Request{request("GET h /?a+b=c%26d"), request("GET h /?x&a%20b=1&a%20b=c%26d&y"), request("GET h ?a%20b=%63%26d")},
			[]*Request{request("GET h /"), request("GET h /?"), request("GET h /?a+b=c&d"), request("GET h /a+b=c%26d"), request("GET h /?a b=c%2526d")},
		},
		{
			"a parameter that is not there", config.Match{Query: []config.FieldMatch{{Name: "debug", Absent: true}}},
			[]*Request{request("GET h /"), request("GET h /?debugger=1")}, []*Request{request("GET h /?debug"), request("GET h /?a&de%62ug=1")},
		},
		{
			"what is no escape", config.Match{Query: []config.FieldMatch{{Name: "a", Value: "%zz%4"}}},
			[]*Request{request("GET h /?a=%zz%4"), request("GET h /?a=%25zz%4")}, []*Request{request("GET h /?a=zz4")},
		},
		{
			"a network", config.Match{Source: networks},
			[]*Request{requestFrom("10.1.2.3", "GET h /"), requestFrom("2001:db8::1", "GET h /")},
			[]*Request{requestFrom("11.0.0.1", "GET h /"), requestFrom("", "GET h /"), requestFrom("2001:db9::1", "GET h /")},
		},
		{
			"all of it", config.Match{Host: []string{"a", "b"}, PathPrefix: []string{"/"}, Method: []string{"GET"}, Header: []config.FieldMatch{{Name: "X"}}},
			[]*Request{request("GET b /x", "X", "")}, []*Request{request("GET c /x", "X", ""), request("POST a /x", "X", ""), request("GET a /x")},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			table, err := Compile([]config.Rule{{Match: test.match, Backend: "b"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range test.yes {
				if d := table.Decide(r, time.Now()); d.Kind != Backend || d.Backend != "b" || d.Rule != 1 {
					t.Errorf("%s %s %s?%s %v: got %+v", r.method, r.host, r.path, r.query, r.header, d)
				}
			}
			for _, r := range test.not {
				if d := table.Decide(r, time.Now()); d != (Decision{}) {
					t.Errorf("not %s %s %s?%s %v: got %+v", r.method, r.host, r.path, r.query, r.header, d)
				}
			}
		})
	}
}
