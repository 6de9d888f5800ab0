package sticky

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/config"
)

// newCookie compiles a cookie SRV of backend app, whose servers s1, s2 … have the given plain
// values.
func newCookie(t testing.TB, mode string, values ...string) *Cookie {
	t.Helper()
	c := config.NewCookie()
	c.Name, c.Mode = "SRV", mode
	return compile(t, c, nil, values...)
}

func compile(t testing.TB, c *config.Cookie, key []byte, values ...string) *Cookie {
	t.Helper()
	k, err := Compile(c, "app", serversOf(values...), key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func serversOf(values ...string) (servers []*config.Server) {
	for i, v := range values {
		s := config.NewServer()
		s.Name, s.Address, s.Cookie = "s"+string(rune('1'+i)), "192.0.2.1:80", v
		servers = append(servers, s)
	}
	return servers
}

func TestFind(t *testing.T) {
	for _, test := range []struct {
		name, mode string
		fields     []string
		down       string // servers that are not alive
		server     int
		claim      Claim
	}{
		{"no field", "insert", nil, "", -1, None},
		{"other cookies", "insert", []string{"a=1; XSRV=w1; SRVX=w1; srv=w1; b=SRV=w1"}, "", -1, None},
		{"alone", "insert", []string{"SRV=w2"}, "", 1, Valid},
		{"among others", "insert", []string{"a=1; SRV=w2; b=2"}, "", 1, Valid},
		{"without spaces", "insert", []string{"a=1;SRV=w2;b=2"}, "", 1, Valid},
		{"with more spaces", "insert", []string{"a=1 ;\t SRV = w2 ; b=2"}, "", 1, Valid},
		{"in a second line", "insert", []string{"a=1", "b=2; SRV=w1"}, "", 0, Valid},
		{"quoted", "insert", []string{`SRV="w2"`}, "", 1, Valid},
		{"half quoted", "insert", []string{`SRV="w2`, `SRV=w2"`}, "", -1, Invalid},
		{"behind a stray quote", "insert", []string{`a=12"; SRV=w2`}, "", 1, Valid},
		{"behind a quote that does not end", "insert", []string{`a="12; SRV=w2`}, "", 1, Valid},
		{"within another's quotes", "insert", []string{`a="; SRV=w2; "`}, "", -1, None},
		{"behind another's quotes", "insert", []string{`a="; \"SRV=w1; "; SRV=w2`}, "", 1, Valid},
		{"junk around", "insert", []string{";;=;  ;x;=w1; SRV;SRV=w2;"}, "", 1, Valid},
		{"no value", "insert", []string{"SRV"}, "", -1, None},
		{"empty", "insert", []string{"SRV="}, "", -1, Invalid},
		{"unknown", "insert", []string{"SRV=w9"}, "", -1, Invalid},
		{"longer", "insert", []string{"SRV=w22"}, "", -1, Invalid},
		{"in another case", "insert", []string{"SRV=W2"}, "", -1, Invalid},
		{"list", "insert", []string{"SRV=w2, SRV=w1"}, "", -1, Invalid},
		{"dates of HAProxy", "insert", []string{"SRV=w2|Y0xyz|Y0xyz"}, "", 1, Valid},
		{"twice", "insert", []string{"SRV=w2; SRV=w1"}, "", 1, Valid},
		{"twice, in two lines", "insert", []string{"SRV=w1", "SRV=w2"}, "", 0, Valid},
		{"a foreign one first", "insert", []string{"SRV=x; SRV=w2"}, "", 1, Valid},
		{"down", "insert", []string{"SRV=w2"}, "w2", -1, Down},
		{"down, then unknown", "insert", []string{"SRV=w2; SRV=x"}, "w2", -1, Down},
		{"down, then alive", "insert", []string{"SRV=w2; SRV=w1"}, "w2", 0, Valid},
		{"shared by two", "insert", []string{"SRV=both"}, "", 2, Valid},
		{"shared by two, the first is down", "insert", []string{"SRV=both"}, "first", 3, Valid},
		{"rewrite", "rewrite", []string{"SRV=w2"}, "", 1, Valid},
		{"prefix", "prefix", []string{"SRV=w2~x~y"}, "", 1, Valid},
		{"prefix alone", "prefix", []string{"SRV=w2"}, "", 1, Valid},
		{"prefix of nobody", "prefix", []string{"SRV=x~w2"}, "", -1, Invalid},
		{"prefix, the value quoted", "prefix", []string{`SRV=w2~"x"`}, "", 1, Valid},
		{"prefix, all quoted", "prefix", []string{`SRV="w2~x"`}, "", -1, Invalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCookie(t, test.mode, "w1", "w2", "both", "both")
			server, claim := c.Find(bytesOf(test.fields), func(i int) bool {
				return c.Value(i) != test.down && (test.down != "first" || i != 2)
			})
			if server != test.server || claim != test.claim {
				t.Errorf("got server %d, claim %d, want %d, %d", server, claim, test.server, test.claim)
			}
		})
	}
}

func bytesOf(fields []string) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for _, f := range fields {
			if !yield([]byte(f)) {
				return
			}
		}
	}
}

func everybody(int) bool { return true }

// A value stays what it is whatever else changes, or else clients move.
func TestValuesStay(t *testing.T) {
	key := []byte("0123456789abcdef")
	cookie := config.NewCookie()
	cookie.Name = "SRV"
	for _, test := range []struct {
		name string
		key  []byte
		want string
	}{
		{"signed", key, "rjf72599M81-Amr05BA_Ng"},
		{"derived", nil, "vyhBNnDla7iqNrcGlIUX8Q"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := compile(t, cookie, test.key, "", "", "")
			if got := before.Value(1); got != test.want {
				t.Errorf("the value of s2 is %q, want %q", got, test.want)
			}
			if before.Derived() != (test.key == nil) {
				t.Errorf("derived: %v", before.Derived())
			}
			edited := serversOf("", "", "")
			slices.Reverse(edited)
			edited[1].Address, edited[1].Weight = "192.0.2.77:81", 9
			other := *cookie
			other.Name, other.MaxAge = "OTHER", time.Hour
			after, err := Compile(&other, "app", edited[:2], test.key)
			if err != nil {
				t.Fatal(err)
			}
			if after.Value(1) != test.want {
				t.Errorf("the value of s2 has become %q", after.Value(1))
			}
		})
	}
	t.Run("plain", func(t *testing.T) {
		if c := compile(t, cookie, nil, "web1", "web2"); c.Value(1) != "web2" || c.Derived() {
			t.Errorf("the value is %q, derived: %v", c.Value(1), c.Derived())
		}
	})
}

// A signed value belongs to one key, backend and server.
func TestValuesDiffer(t *testing.T) {
	cookie := config.NewCookie()
	cookie.Name = "SRV"
	seen := map[string]string{}
	for _, key := range [][]byte{nil, []byte("0123456789abcdef"), []byte("0123456789abcdeF")} {
		for _, backend := range []string{"app", "ap", `app" "`} {
			c, err := Compile(cookie, backend, serversOf("", "", ""), key)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				who := string(key) + "/" + backend + "/" + string(rune('1'+i))
				if seen[c.Value(i)] != "" || len(c.Value(i)) != 22 {
					t.Errorf("%s and %s have the value %q", who, seen[c.Value(i)], c.Value(i))
				}
				seen[c.Value(i)] = who
			}
		}
	}
	theirs := compile(t, cookie, []byte("another key, 16+"), "w1")
	ours := compile(t, cookie, []byte("0123456789abcdef"), "w1")
	for _, value := range []string{theirs.Value(0), "w1", "s1", ours.Value(0)[:21], ours.Value(0) + "A"} {
		if _, claim := ours.Find(bytesOf([]string{"SRV=" + value}), everybody); claim != Invalid {
			t.Errorf("%q is taken for ours", value)
		}
	}
}

func TestRefusedCookies(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*config.Cookie)
		value  string
	}{
		{"no name", func(c *config.Cookie) { c.Name = "" }, "w"},
		{"name with a space", func(c *config.Cookie) { c.Name = "a b" }, "w"},
		{"name with an equal sign", func(c *config.Cookie) { c.Name = "a=b" }, "w"},
		{"mode", func(c *config.Cookie) { c.Mode = "passive" }, "w"},
		{"path", func(c *config.Cookie) { c.Path = "/;x" }, "w"},
		{"domain", func(c *config.Cookie) { c.Domain = "h\r\nX: y" }, "w"},
		{"same site", func(c *config.Cookie) { c.SameSite = "any" }, "w"},
		{"value with a semicolon", func(*config.Cookie) {}, "a;b"},
		{"value with a line end", func(*config.Cookie) {}, "a\nb"},
		{"value with a bar", func(*config.Cookie) {}, "a|b"},
		{"value with a tilde", func(c *config.Cookie) { c.Mode = "prefix" }, "a~b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config.NewCookie()
			c.Name = "SRV"
			test.change(c)
			if _, err := Compile(c, "app", serversOf(test.value), nil); !errors.Is(err, ErrCookie) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNothingIsAllocated(t *testing.T) {
	long := []byte(strings.Repeat("name=value; ", 40) + "last=one")
	out := make([]byte, 0, 4096)
	for _, mode := range []string{"insert", "prefix", "rewrite"} {
		c := newCookie(t, mode, "", "", "")
		n := testing.AllocsPerRun(100, func() {
			fields := func(yield func([]byte) bool) { yield(long) }
			c.Find(fields, everybody)
			out, _ = c.AppendEdited(out[:0], long)
			answer := c.Answer(1, false)
			out = append(out, answer.Fields(true)...)
			out, _ = answer.AppendEdited(out, long)
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", mode, n)
		}
	}
}
