package why

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSearch(t *testing.T) {
	m := New(Options{})
	keep := func(id string, after time.Duration, edit func(*Record)) {
		m.Keep(request(func(r *Record) { r.ID, r.Began = []byte(id), began().Add(after); edit(r) }))
	}
	keep("a", 0, func(*Record) {})
	keep("b", time.Minute, func(r *Record) { r.Status, r.Client = 503, netip.MustParseAddrPort("10.1.2.3:99") })
	keep("c", 2*time.Minute, func(r *Record) { r.Target, r.Status = []byte("/shop/api"), 404 })
	keep("d", 3*time.Minute, func(r *Record) {
		r.Attempts = append(r.Attempts, Attempt{Server: "web2"})
		r.Client = netip.MustParseAddrPort("[2001:db8::1]:99")
	})
	keep("e", 4*time.Minute, func(r *Record) { r.Backend, r.Attempts[0].Server, r.Client = "static", "cdn", netip.AddrPort{} })
	for _, test := range []struct {
		name  string
		query Query
		want  string
	}{
		{"all", Query{}, "edcba"},
		{"the newest", Query{Limit: 2}, "ed"},
		{"since", Query{Since: began().Add(2 * time.Minute)}, "edc"},
		{"until", Query{Until: began().Add(time.Minute)}, "ba"},
		{"between", Query{Since: began().Add(time.Second), Until: began().Add(3 * time.Minute), Limit: 2}, "dc"},
		{"client", Query{Client: netip.MustParsePrefix("10.0.0.0/8")}, "b"},
		{"client of IPv6", Query{Client: netip.MustParsePrefix("2001:db8::/32")}, "d"},
		{"any client of IPv4", Query{Client: netip.MustParsePrefix("0.0.0.0/0")}, "cba"},
		{"path", Query{Path: "/api"}, "edba"},
		{"part of a path", Query{Path: "api"}, "edcba"},
		{"backend", Query{Backend: "static"}, "e"},
		{"server", Query{Server: "web1"}, "dcba"},
		{"server of a second attempt", Query{Server: "web2"}, "d"},
		{"status", Query{StatusFrom: 404, StatusTo: 404}, "c"},
		{"class", Query{StatusFrom: 400, StatusTo: 599}, "cb"},
		{"abnormal", Query{Abnormal: true}, "db"},
		{"nothing", Query{Backend: "app", Server: "cdn"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var ids []string
			for _, r := range m.Search(test.query) {
				ids = append(ids, string(r.ID))
			}
			if got := strings.Join(ids, ""); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestFindByClientsID(t *testing.T) {
	m := New(Options{})
	for i := range 30 {
		m.Keep(request(func(r *Record) {
			r.ID, r.ClientID, r.Began = fmt.Appendf(nil, "%032x", i), []byte("again"), began().Add(time.Duration(i)*time.Second)
		}))
	}
	found := m.Find([]byte("again"))
	if len(found) != 20 || !slices.IsSortedFunc(found, func(a, b Record) int { return b.Began.Compare(a.Began) }) || !found[0].Began.Equal(began().Add(29*time.Second)) {
		t.Errorf("%d are found, the first of %v", len(found), found[0].Began)
	}
}

// The servers of a moment are told as they were then, as long as they are remembered.
func TestPast(t *testing.T) {
	m := New(Options{})
	m.past.limit = 4000
	s := []*Situation{app("first", "a", "b down", "c"), app("first", "a", "b", "c"), app("first", "a x5", "d")}
	for i := range s {
		s[i].Since = began().Add(time.Duration(i) * time.Second)
		m.Keep(request(func(r *Record) { r.ID, r.Attempts[0].Situation = fmt.Appendf(nil, "%032x", i), s[i] }))
	}
	of := func(i int) *Situation { return m.Find(fmt.Appendf(nil, "%032x", i))[0].Attempts[0].Situation }
	for i := range s {
		if got, want := situationText(of(i)), situationText(s[i]); got != want {
			t.Errorf("situation %d is %s, not %s", i, got, want)
		}
	}
	for i := range 100 {
		m.Note(app("first", "a", fmt.Sprint("b", i)))
	}
	if of(0) != nil {
		t.Error("situations are kept without a bound")
	}
	m.Keep(request(func(r *Record) { r.ID, r.Attempts[0].Situation = fmt.Appendf(nil, "%032x", 9), s[0] }))
	if got, want := situationText(of(9)), situationText(s[0]); got != want {
		t.Errorf("a situation that had been forgotten is %s, not %s", got, want)
	}
	if m.past.size > m.past.limit {
		t.Errorf("%d bytes are taken", m.past.size)
	}
}
