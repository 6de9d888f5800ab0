package access

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Every combination of what a decision hangs on, against the rules in prose.
func TestDecideEverything(t *testing.T) {
	type login struct {
		field string
		role  Role
	}
	logins := []login{
		{"", RoleNone},
		{basicField("ops", "ops-secret"), RoleOperate},
		{basicField("eye", "eye-secret"), RoleRead},
		{basicField("ops", "eye-secret"), RoleNone},
		{basicField("who", "ops-secret"), RoleNone},
		{"Basic !", RoleNone},
		{"Bearer 0123456789abcdef", RoleNone},
		{"Bearer 0123456789abcdeF", RoleNone},
	}
	hosts := map[string]bool{
		"192.0.2.7:8404": true, "lb.example.com": true, "evil.example": false, "": false,
	}
	type origin struct {
		origin, site, referer string
		own                   bool
	}
	origins := []origin{ // %s is the Host of the request
		{"", "", "", true},
		{"http://%s", "", "", true},
		{"http://evil.example:8404", "", "", false},
		{"null", "same-origin", "", false},
		{"", "same-origin", "", true},
		{"", "none", "http://evil.example/", true},
		{"http://%s", "cross-site", "", false},
		{"", "same-site", "", false},
		{"", "", "http://%s/haproxy-stats", true},
		{"", "", "http://evil.example/", false},
	}
	rules := func(users bool, need Right, method string, l login, scraper, host, own, token bool) int {
		switch {
		case need == Operate && method != "POST", need != Operate && method != "GET" && method != "HEAD":
			return 405
		case need == Open:
			return 200
		case !users && need == Operate:
			return 403
		case !users:
			return 200
		case need == Metrics && (scraper || l.field == "Bearer 0123456789abcdef"):
			return 200
		case need == Operate && !host:
			return 421
		case need == Operate && !own:
			return 403
		case l.role == RoleNone:
			return 401
		case need == Operate && (l.role != RoleOperate || !token):
			return 403
		}
		return 200
	}
	full := house(t)
	empty := full
	empty.Users = nil
	passwords := map[string]string{string(full.Users[0].Hash): "ops-secret", string(full.Users[1].Hash): "eye-secret"}
	compare := func(hash, password []byte) error {
		if passwords[string(hash)] != string(password) {
			return errors.New("wrong")
		}
		return nil
	}
	cases := 0
	check := func(users bool, r Request, l login, host, own, token bool) {
		g := New(empty)
		if users {
			g = New(full)
		}
		g.logins.compare = compare
		r.Token = "0.forged"
		if token {
			r.Token = g.Token("ops")
		}
		d := g.Decide(r)
		cases++
		want := rules(users, r.Need, r.Method, l, r.Peer != here, host, own, token)
		if statusOf(d) != want {
			t.Errorf("users %v, own host %v, own origin %v, token %v, %+v: answered %d %q, want %d", users, host, own, token, r, statusOf(d), d.Message, want)
		}
		checkShape(t, r, d)
	}
	for _, users := range []bool{true, false} {
		for _, need := range []Right{Open, Metrics, Read, Operate} {
			for _, method := range []string{"GET", "HEAD", "POST", "DELETE", ""} {
				for _, l := range logins {
					for _, peer := range []netip.Addr{here, netip.MustParseAddr("::ffff:10.9.8.7")} {
						for host, own := range hosts {
							for _, o := range origins {
								for _, token := range []bool{true, false} {
									filled := func(s string) string { return strings.ReplaceAll(s, "%s", host) }
									check(users, Request{
										Method: method, Path: "/haproxy-stats", Need: need, Peer: peer, Authorization: l.field, Host: host,
										Origin: filled(o.origin), SecFetchSite: o.site, Referer: filled(o.referer),
									}, l, own, o.own, token)
								}
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d combinations", cases)
}

// checkShape checks what holds for every decision.
func checkShape(t *testing.T, r Request, d Decision) {
	t.Helper()
	asks := map[int]string{401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}
	switch field := asks[d.Status]; {
	case d.Allow && (d.Status != 0 || d.Message != "" || d.Header != nil || d.Audit.Why != ""):
		t.Errorf("allowed with words of a refusal: %+v", d)
	case !d.Allow && (d.Status == 0 || d.Message == "" || d.Audit.Why == "" || d.Audit.From == ""):
		t.Errorf("refused without a word: %+v", d)
	case !d.Allow && field != "" && d.Header[field] == "":
		t.Errorf("%d without %s", d.Status, field)
	case r.Need == Operate && d.Audit.What == "":
		t.Errorf("a change without audit: %+v", d)
	case d.Allow && r.Need != Operate && d.Audit != (Audit{}):
		t.Errorf("a read with audit: %+v", d)
	}
	if strings.Contains(fmt.Sprintf("%+v", d), "secret") {
		t.Errorf("a password got out: %+v", d)
	}
}

func TestDecisionSaysWhoAndWhat(t *testing.T) {
	g := New(house(t))
	change := func(edit func(*Request)) Request {
		r := Request{
			Method: "POST", Path: "/haproxy-stats", Need: Operate, Peer: here, Authorization: basicField("ops", "ops-secret"),
			Host: "lb1:8404", Origin: "http://lb1:8404", Token: g.Token("ops"),
		}
		edit(&r)
		return r
	}
	for _, test := range []struct {
		name    string
		request Request
		status  int
		message string // a part of it
		audit   Audit
	}{
		{"a change", change(func(*Request) {}), 200, "", Audit{Who: "ops", From: "192.0.2.1", What: "POST /haproxy-stats"}},
		{
			"a host that is not ours", change(func(r *Request) { r.Host = "evil\x1b.example" }), 421, "stats.hosts",
			Audit{From: "192.0.2.1", What: "POST /haproxy-stats", Why: `foreign host "evil?.example"`},
		},
		{
			"a foreign page", change(func(r *Request) { r.Origin = "http://evil.example" }), 403, "load it again",
			Audit{From: "192.0.2.1", What: "POST /haproxy-stats", Why: "foreign origin http://evil.example"},
		},
		{
			"somebody else's token", change(func(r *Request) { r.Token = g.Token("eye") }), 403, "load the page again",
			Audit{Who: "ops", From: "192.0.2.1", What: "POST /haproxy-stats", Why: "no valid form token"},
		},
		{
			"a reader", change(func(r *Request) { r.Authorization, r.Token = basicField("eye", "eye-secret"), g.Token("eye") }), 403, "stats.users",
			Audit{Who: "eye", From: "192.0.2.1", What: "POST /haproxy-stats", Why: "role read"},
		},
		{
			"a wrong password", change(func(r *Request) { r.Authorization = basicField("ops", "x") }), 401, "wrong name or password",
			Audit{Who: "ops", From: "192.0.2.1", What: "POST /haproxy-stats", Why: "wrong password"},
		},
		{
			"a password for a name", change(func(r *Request) { r.Authorization = basicField("ops-secret", "") }), 401, "wrong name or password",
			Audit{From: "192.0.2.1", What: "POST /haproxy-stats", Why: "unknown user"},
		},
		{
			"a long path", change(func(r *Request) { r.Path, r.Token = strings.Repeat("x", 1000), "" }), 403, "",
			Audit{Who: "ops", From: "192.0.2.1", What: "POST " + strings.Repeat("x", 200) + "…", Why: "no valid form token"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := g.Decide(test.request)
			wantStatus(t, d, test.status)
			if d.Audit != test.audit {
				t.Errorf("audit %+v, want %+v", d.Audit, test.audit)
			}
			if !strings.Contains(d.Message, test.message) {
				t.Errorf("message %q does not say %q", d.Message, test.message)
			}
		})
	}
}

func TestDecisionCarriesTheUser(t *testing.T) {
	p := house(t)
	g := New(p)
	if d := g.Decide(get(here, "ops", "ops-secret")); d.User != "ops" || d.Role != RoleOperate {
		t.Errorf("got %q with %v, want ops with operate", d.User, d.Role)
	}
	if d := g.Decide(get(here, "ops", "wrong")); d.User != "" || d.Role != RoleNone {
		t.Errorf("got %q with %v without a login", d.User, d.Role)
	}
	p.Users = nil
	g.Update(p)
	if d := g.Decide(get(here, "ops", "ops-secret")); !d.Allow || d.User != "" || d.Role != RoleRead {
		t.Errorf("without users: %+v, want nobody with read", d)
	}
}

func TestUpdateEndsLoginsAtOnce(t *testing.T) {
	p := house(t)
	g, hashes := counted(p)
	wantStatus(t, g.Decide(get(here, "ops", "ops-secret")), 200)

	g.Update(withUsers(p, User{Name: "ops", Hash: p.Users[0].Hash, Role: RoleRead}))
	if d := g.Decide(get(here, "ops", "ops-secret")); !d.Allow || d.Role != RoleRead || hashes.Load() != 1 {
		t.Errorf("another role: %+v after %d hashes, want the role at once and the login remembered", d, hashes.Load())
	}
	g.Update(withUsers(p, User{Name: "ops", Hash: hashOf(t, "new-secret"), Role: RoleOperate}))
	wantStatus(t, g.Decide(get(here, "ops", "ops-secret")), 401)
	wantStatus(t, g.Decide(get(here, "ops", "new-secret")), 200)
	g.Update(withUsers(p, User{Name: "eye", Hash: p.Users[1].Hash, Role: RoleRead}))
	wantStatus(t, g.Decide(get(here, "ops", "new-secret")), 401)
	wantStatus(t, g.Decide(get(here, "ops", "ops-secret")), 401)

	wantStatus(t, g.Decide(get(here, "eye", "eye-secret")), 200)
	g.Update(withUsers(p, User{Name: "renamed", Hash: p.Users[1].Hash, Role: RoleOperate})) // who is the stand-in for eye, too
	wantStatus(t, g.Decide(get(here, "eye", "eye-secret")), 401)
	wantStatus(t, g.Decide(get(here, "renamed", "eye-secret")), 200)
}

// withUsers is the policy with other users.
func withUsers(p Policy, users ...User) Policy {
	p.Users = users
	return p
}

func TestTokensAreForMetricsOnly(t *testing.T) {
	g := New(house(t))
	for need, want := range map[Right]int{Metrics: 200, Read: 401} {
		r := Request{Method: "GET", Need: need, Peer: here, Authorization: "bearer  0123456789abcdef"}
		wantStatus(t, g.Decide(r), want)
	}
	p := house(t)
	p.MetricsToken = nil
	for _, field := range []string{"Bearer", "Bearer ", "Bearer 0123456789abcdef"} {
		wantStatus(t, New(p).Decide(Request{Method: "GET", Need: Metrics, Peer: here, Authorization: field}), 401)
	}
}

func TestMetricsFrom(t *testing.T) {
	g := New(house(t))
	for peer, want := range map[string]int{
		"10.9.255.1": 200, "::ffff:10.9.0.1": 200, "10.8.0.1": 401, "2001:db8:9::1": 200, "2001:db8:9::1%eth0": 200, "2001:db8:a::1": 401,
	} {
		wantStatus(t, g.Decide(Request{Method: "GET", Need: Metrics, Peer: netip.MustParseAddr(peer)}), want)
	}
	wantStatus(t, g.Decide(Request{Method: "GET", Need: Metrics}), 401)
}

func TestZeroValuesAreStrict(t *testing.T) {
	g := New(withUsers(house(t), User{Name: "new", Hash: hashOf(t, "x")}))
	wantStatus(t, g.Decide(get(here, "new", "x")), 403)
	r := get(here, "ops", "ops-secret")
	r.Need = Right(0)
	wantStatus(t, New(house(t)).Decide(r), 405)
}

func TestPasswordsThatBcryptWouldCut(t *testing.T) {
	long := strings.Repeat("a", 72)
	p := withUsers(house(t), User{Name: "ops", Hash: hashOf(t, long), Role: RoleRead})
	g, hashes := counted(p)
	wantStatus(t, g.Decide(get(here, "ops", long)), 200)
	d := g.Decide(get(here, "ops", long+"b"))
	wantStatus(t, d, 401)
	if !strings.Contains(d.Message, "72 bytes") || hashes.Load() != 1 {
		t.Errorf("%q after %d hashes, want the limit named and nothing computed", d.Message, hashes.Load())
	}
}

func TestGuardIsSafeForMany(t *testing.T) {
	p := house(t)
	other := withUsers(p, User{Name: "ops", Hash: hashOf(t, "other"), Role: RoleOperate})
	g := New(p)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 40 {
				switch n % 4 {
				case 0:
					g.Update([]Policy{p, other}[i%2])
				case 1:
					g.Decide(get(addr(i), "ops", fmt.Sprint(n)))
				case 2:
					g.Decide(Request{Method: "GET", Need: Metrics, Peer: addr(i), Authorization: "Bearer wrong"})
				default:
					d := g.Decide(get(here, "ops", "ops-secret"))
					if !slices.Contains([]int{200, 401, 429, 503}, statusOf(d)) {
						t.Errorf("answered %d", statusOf(d))
					}
					g.Token("ops")
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkCachedLogin(b *testing.B) {
	g := New(house(b))
	r := get(here, "ops", "ops-secret")
	b.ReportAllocs()
	for b.Loop() {
		if !g.Decide(r).Allow {
			b.Fatal("not allowed")
		}
	}
}

func BenchmarkCachedLoginIPv6(b *testing.B) {
	g := New(house(b))
	r := get(netip.MustParseAddr("2001:db8::1"), "ops", "ops-secret")
	b.ReportAllocs()
	for b.Loop() {
		if !g.Decide(r).Allow {
			b.Fatal("not allowed")
		}
	}
}
