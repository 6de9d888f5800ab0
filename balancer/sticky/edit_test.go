package sticky

import (
	"testing"
	"time"

	"relais/internal/config"
)

func TestRequestCookies(t *testing.T) {
	const gone = "(no field)"
	for _, test := range []struct{ name, mode, field, want string }{
		{"none", "insert", "a=1; b=2", "a=1; b=2"},
		{"the name in a value", "insert", "a=SRV; b=SRV=1", "a=SRV; b=SRV=1"},
		{"alone", "insert", "SRV=w1", gone},
		{"first", "insert", "SRV=w1; a=1; b=2", "a=1; b=2"},
		{"in the middle", "insert", "a=1; SRV=w1; b=2", "a=1; b=2"},
		{"last", "insert", "a=1; b=2; SRV=w1", "a=1; b=2"},
		{"twice", "insert", "SRV=w1; a=1; SRV=w2", "a=1"},
		{"only twice", "insert", "SRV=w1;SRV=w2;", gone},
		{"forged", "insert", "a=1; SRV=x", "a=1"},
		{"others are kept as they are", "insert", "a = 1 ;;b;=; SRV=w1;\tc=\"x;y\" ;", "a = 1 ;;b;=;\tc=\"x;y\" ;"},
		{"within another's quotes", "insert", `a="x; SRV=w1; y"; b=2`, `a="x; SRV=w1; y"; b=2`},
		{"rewrite", "rewrite", "a=1; SRV=w1", "a=1; SRV=w1"},
		{"prefix", "prefix", "a=x~y; SRV=w1~id~1; b=2", "a=x~y; SRV=id~1; b=2"},
		{"prefix of a server that is gone", "prefix", "SRV=old~id", "SRV=id"},
		{"prefix before nothing", "prefix", "SRV=w1~", "SRV="},
		{"prefix before quotes", "prefix", `SRV=w1~"id"`, `SRV="id"`},
		{"no prefix", "prefix", `SRV=id; SRV="a~b"`, `SRV=id; SRV="a~b"`},
		{"prefix, with spaces", "prefix", "SRV = w1~id ;a=1;", "SRV = id ;a=1;"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := newCookie(t, test.mode, "w1", "w2").AppendEdited([]byte("Cookie: "), []byte(test.field))
			if !ok {
				got = []byte("Cookie: " + gone)
			}
			if string(got) != "Cookie: "+test.want {
				t.Errorf("got %q, want %q", got, "Cookie: "+test.want)
			}
		})
	}
	t.Run("not indirect", func(t *testing.T) {
		cookie := config.NewCookie()
		cookie.Name, cookie.Indirect = "SRV", false
		if got, ok := compile(t, cookie, nil, "w1").AppendEdited(nil, []byte("SRV=w1")); !ok || string(got) != "SRV=w1" {
			t.Errorf("got %q, %v", got, ok)
		}
	})
}

func TestAnswerCookies(t *testing.T) {
	const gone = "(no field)"
	for _, test := range []struct {
		name, mode  string
		server      int
		direct      bool
		field, want string
		outcome     Outcome
	}{
		{"another one", "insert", 1, false, "a=SRV; Path=/", "a=SRV; Path=/", Inserted},
		{"the client knows", "insert", 1, true, "a=1", "a=1", Untouched},
		{"the server's own", "insert", 1, false, "SRV=x", gone, Inserted},
		{"the server's own, the client knows", "insert", 1, true, "SRV=x", gone, Deleted},
		{"prefix", "prefix", 1, false, "SRV=id; Path=/; HttpOnly", "SRV=w2~id; Path=/; HttpOnly", Rewritten},
		{"prefix, the client knows", "prefix", 1, true, "SRV=id", "SRV=w2~id", Rewritten},
		{"prefix before nothing", "prefix", 1, true, "SRV=; Max-Age=0", "SRV=w2~; Max-Age=0", Rewritten},
		{"prefix, another one", "prefix", 1, true, "a=SRV=1; Path=/", "a=SRV=1; Path=/", Untouched},
		{"prefix, quoted", "prefix", 1, true, `SRV = "a;b" ; Path=/`, `SRV = w2~"a;b" ; Path=/`, Rewritten},
		{"prefix of a server not known", "prefix", -1, false, "SRV=id", "SRV=id", Untouched},
		{"rewrite", "rewrite", 1, false, "SRV=x; Path=/", "SRV=w2; Path=/", Rewritten},
		{"rewrite of nothing", "rewrite", 1, false, "SRV=", "SRV=w2", Rewritten},
		{"rewrite, no value", "rewrite", 1, false, "SRV; Path=/", "SRV; Path=/", Untouched},
		{"rewrite, an attribute of that name", "rewrite", 1, false, "a=1; SRV=2", "a=1; SRV=2", Untouched},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := newCookie(t, test.mode, "w1", "w2").Answer(test.server, test.direct)
			answer.Fields(true)
			got, ok := answer.AppendEdited(nil, []byte(test.field))
			if !ok {
				got = []byte(gone)
			}
			if string(got) != test.want || answer.Outcome != test.outcome {
				t.Errorf("got %q, outcome %d, want %q, %d", got, answer.Outcome, test.want, test.outcome)
			}
		})
	}
}

func TestInsertedFields(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(*config.Cookie)
		storable bool
		want     string
	}{
		{"default", func(*config.Cookie) {}, false, "Set-Cookie: SRV=w1; path=/; HttpOnly; SameSite=Lax\r\n"},
		{"cacheable", func(*config.Cookie) {}, true, "Set-Cookie: SRV=w1; path=/; HttpOnly; SameSite=Lax\r\nCache-Control: private\r\n"},
		{"all", func(c *config.Cookie) {
			c.Domain, c.Path, c.Secure, c.SameSite, c.MaxAge = "example.com", "/a", true, "none", 90*time.Minute
		}, false, "Set-Cookie: SRV=w1; path=/a; domain=example.com; HttpOnly; Secure; SameSite=None; Max-Age=5400\r\n"},
		{"none", func(c *config.Cookie) {
			c.Path, c.HTTPOnly, c.SameSite, c.Nocache = "", false, "", false
		}, true, "Set-Cookie: SRV=w1\r\n"},
		{"less than a second", func(c *config.Cookie) { c.MaxAge = time.Millisecond }, false, "Set-Cookie: SRV=w1; path=/; HttpOnly; SameSite=Lax; Max-Age=1\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cookie := config.NewCookie()
			cookie.Name = "SRV"
			test.change(cookie)
			answer := compile(t, cookie, nil, "w1").Answer(0, false)
			if got := answer.Fields(test.storable); string(got) != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
