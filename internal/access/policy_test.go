package access

import (
	"errors"
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*Policy)
		want []string // what each warning names
	}{
		{"plain on every address", func(*Policy) {}, []string{"clear text on :8404; use stats.tls"}},
		{"plain on one", func(p *Policy) { p.Bind = "192.0.2.1:8404" }, []string{"clear text on 192.0.2.1:8404"}},
		{"plain on every address of IPv6", func(p *Policy) { p.Bind = "[::]:8404" }, []string{"clear text"}},
		{"TLS", func(p *Policy) { p.TLS = true }, nil},
		{"loopback", func(p *Policy) { p.Bind = "127.0.0.2:8404" }, nil},
		{"loopback of IPv6", func(p *Policy) { p.Bind = "[::1]:8404" }, nil},
		{"localhost", func(p *Policy) { p.Bind = "localhost:8404" }, nil},
		{"no users", func(p *Policy) { p.Users = nil }, []string{"restrict nothing without stats.users"}},
		{"no users, no metrics", func(p *Policy) { *p = Policy{Bind: ":8404"} }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := house(t)
			test.edit(&p)
			got := p.Warnings()
			if len(got) != len(test.want) {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			for i, part := range test.want {
				if !strings.Contains(got[i], part) {
					t.Errorf("%q does not say %q", got[i], part)
				}
			}
		})
	}
}

func TestParseRole(t *testing.T) {
	for word, want := range map[string]Role{"read": RoleRead, "operate": RoleOperate, "none": RoleNone, "": RoleNone, "Read": RoleNone} {
		role, err := ParseRole(word)
		if role != want || (err != nil) != (want == RoleNone) || err != nil && !errors.Is(err, ErrRole) {
			t.Errorf("%q: %v, %v; want %v", word, role, err, want)
		}
	}
}
