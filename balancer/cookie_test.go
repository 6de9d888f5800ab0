package balancer_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/testkit"
)

// named starts a server that says its name and which Cookie field it got.
func named(t *testing.T, name string) string {
	return testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Name", name)
		w.Header().Set("X-Got", strings.Join(r.Header["Cookie"], "|"))
	}))
}

// withCookie gives the backend a cookie SRV.
func withCookie(change func(*config.Backend)) func(*config.Config) {
	return func(c *config.Config) {
		be := c.Backends[0]
		be.Cookie = config.NewCookie()
		be.Cookie.Name = "SRV"
		if change != nil {
			change(be)
		}
	}
}

// browser is a client that keeps its cookie.
type browser struct {
	farm   *farm
	cookie string
}

// visit tells which server answers and whether that is new to the client.
func (b *browser) visit() (server string, set bool) {
	b.farm.t.Helper()
	var cookies []string
	if b.cookie != "" {
		cookies = append(cookies, b.cookie)
	}
	head := b.farm.get(cookies...)
	if got := value(head, "x-got"); got != "" {
		b.farm.t.Errorf("the server got the cookie %q", got)
	}
	if line := value(head, "set-cookie"); line != "" {
		b.cookie, _, _ = strings.Cut(line, ";")
		set = true
	}
	return value(head, "x-name"), set
}

// get makes a request with Cookie fields and returns the head of the answer, once it is logged.
func (f *farm) get(cookies ...string) string {
	f.t.Helper()
	f.mu.Lock()
	logged := len(f.lines)
	f.mu.Unlock()
	defer f.line(logged)
	c := f.dial()
	c.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n")
	for _, field := range cookies {
		c.Send("Cookie: " + field + "\r\n")
	}
	c.Send("\r\n")
	return c.Head()
}

// value returns the value of the only field of a head with that name, "" if there is none.
func value(head, name string) string {
	found := fieldsOf(head, name)
	if len(found) != 1 {
		return strings.Join(found, " and ")
	}
	return strings.TrimPrefix(found[0], name+": ")
}

// publish puts another configuration in force: a copy, for what is in force never changes.
func (f *farm) publish(cfg *config.Config) {
	f.t.Helper()
	next := *cfg
	next.Frontends, next.Backends = slices.Clone(cfg.Frontends), slices.Clone(cfg.Backends)
	for i, c := range next.Frontends {
		next.Frontends[i] = new(*c)
	}
	for i, c := range next.Backends {
		next.Backends[i] = new(*c)
	}
	table, err := f.proxy.Compile(&next)
	if err != nil {
		f.t.Fatal(err)
	}
	f.proxy.Publish(table)
}

// A client changes its server when that cannot answer it any more, and at no other time.
func TestClientsStay(t *testing.T) {
	key := keyFile(t, "0123456789abcdef")
	for _, test := range []struct {
		name   string
		change func(*config.Backend)
	}{
		{"derived", nil},
		{"signed", func(be *config.Backend) { be.Cookie.KeyFile = key }},
		{"plain", func(be *config.Backend) {
			for _, s := range be.Servers {
				s.Cookie = "web-" + s.Name
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) { clientsStay(t, test.change) })
	}
}

func clientsStay(t *testing.T, change func(*config.Backend)) {
	addrs := []string{named(t, "s1"), named(t, "s2"), named(t, "s3"), named(t, "s4")}
	f := newFarm(t, withCookie(change), addrs[:3]...)
	clients := make([]browser, 9)
	homes := make([]string, len(clients))
	for i := range clients {
		clients[i].farm = f
		homes[i], _ = clients[i].visit()
	}
	// all visits with every client and asserts that only those of the named servers move, once.
	all := func(when string, moving ...string) {
		t.Helper()
		for i := range clients {
			server, set := clients[i].visit()
			if moved := server != homes[i]; moved != slices.Contains(moving, homes[i]) || moved != set {
				t.Errorf("%s: a client of %s is answered by %s, told so: %v", when, homes[i], server, set)
			}
			homes[i] = server
		}
	}
	all("nothing has happened")

	cfg := farmConfig(withCookie(change), addrs)
	be := cfg.Backends[0]
	be.Servers[1].Weight, be.Servers[2].Address = 7, named(t, "s3")
	slices.Reverse(be.Servers)
	other := config.NewBackend()
	other.Name = "another"
	cfg.Backends = slices.Insert(cfg.Backends, 0, other)
	f.publish(cfg)
	all("servers and backends have been added, moved and reweighted")

	s1 := f.proxy.Table().Server("app", "s1")
	s1.SetUp(false)
	all("s1 is down", "s1")
	all("s1 is still down")
	s1.SetUp(true)
	all("s1 is back")

	server(be, "s2").Weight = 0
	f.publish(cfg)
	all("s2 drains")
	for range 8 {
		if name, _ := (&browser{farm: f}).visit(); name == "s2" {
			t.Error("s2 drains and gets a new client")
		}
	}
	server(be, "s3").Disabled = true
	f.publish(cfg)
	all("s3 is in maintenance", "s3")

	be.Servers = slices.DeleteFunc(be.Servers, func(s *config.Server) bool { return s.Name == "s4" })
	f.publish(cfg)
	all("s4 is gone", "s4")
}

func server(be *config.Backend, name string) *config.Server {
	return be.Servers[slices.IndexFunc(be.Servers, func(s *config.Server) bool { return s.Name == name })]
}

func keyFile(t *testing.T, key string) config.Path {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.NewPath(path)
}

// A client whose server refuses connections is sent elsewhere within the same request, and stays
// there.
func TestRetryMovesTheClient(t *testing.T) {
	f := newFarm(t, withCookie(nil), testkit.RefusingAddr(t), named(t, "s2"))
	b := browser{farm: f, cookie: "SRV=" + f.proxy.Table().Backends[0].CookieValue(f.server(0))}
	if name, set := b.visit(); name != "s2" || !set {
		t.Errorf("answered by %q, told so: %v", name, set)
	}
	if name, set := b.visit(); name != "s2" || set {
		t.Errorf("then answered by %q, told so: %v", name, set)
	}
	first, second := f.line(0), f.line(1)
	if first.Termination != "--DI" || !first.Redispatched || second.Termination != "--VN" || second.Retries != 0 {
		t.Errorf("states %s and %s", first.Termination, second.Termination)
	}
}

// Two balancers with one key agree; nobody else can make a value.
func TestForgedCookies(t *testing.T) {
	addrs := []string{named(t, "s1"), named(t, "s2")}
	signed := func(key string) func(*config.Config) {
		path := keyFile(t, key)
		return withCookie(func(be *config.Backend) { be.Cookie.KeyFile, be.Servers[1].Cookie = path, "web2" })
	}
	f, twin, foreign := newFarm(t, signed("0123456789abcdef"), addrs...), newFarm(t, signed("0123456789abcdef"), addrs...), newFarm(t, signed("fedcba9876543210"), addrs...)
	good := cookieValue(twin, 1)
	b := browser{farm: f, cookie: "SRV=" + good}
	for range 3 {
		if name, set := b.visit(); name != "s2" || set {
			t.Errorf("the twin's cookie led to %s, told so: %v", name, set)
		}
	}
	for i, forged := range []string{
		cookieValue(foreign, 1), "web2", "s2", "app/s2", addrs[1], good[1:], good + "=", good + "~", strings.ToLower(good),
		"", `"`, "\xff\xfe", strings.Repeat("A", 5000), "%00", "' OR 1=1",
	} {
		head := f.get("a=1; SRV=" + forged + "; b=2")
		if value(head, "x-got") != "a=1; b=2" || !strings.HasPrefix(value(head, "set-cookie"), "SRV=") {
			t.Errorf("%q: the answer is %q", forged, head)
		}
		if state := f.line(3 + i).Termination; state != "--II" {
			t.Errorf("%q: state %s", forged, state)
		}
	}
	for _, secret := range []string{"s2", "app", "web2", addrs[1]} {
		if strings.Contains(good, secret) {
			t.Errorf("the value %q tells %q", good, secret)
		}
	}
}

func cookieValue(f *farm, server int) string {
	return f.proxy.Table().Backends[0].CookieValue(f.server(server))
}

// Whatever stands around the cookie reaches the server as it came.
func TestOtherCookiesSurvive(t *testing.T) {
	for _, test := range []struct{ name, fields, want string }{
		{"none", "", ""},
		{"others only", "Cookie:  a=1;;b\r\ncOOKIE:\tc=\"d\" \r\n", "Cookie:  a=1;;b\r\ncOOKIE:\tc=\"d\" \r\n"},
		{"alone", "Cookie: SRV=x\r\n", ""},
		{"between", "X: 1\r\ncookie:  a=1;SRV=x; b=\"2\" \r\nY: SRV=x\r\n", "X: 1\r\ncookie:  a=1; b=\"2\" \r\nY: SRV=x\r\n"},
		{"in one line of three", "Cookie: a=1\r\nCookie: SRV=x;\r\nCookie: b=2\r\n", "Cookie: a=1\r\nCookie: b=2\r\n"},
		{"a field that only an answer has", "Set-Cookie: SRV=x\r\nCookie2: SRV=x\r\n", "Set-Cookie: SRV=x\r\nCookie2: SRV=x\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := make(chan string, 1)
			s := testkit.RawServer(t, func(c *testkit.Conn) {
				got <- c.Head()
				c.Answer(200, "")
			})
			f := newFarm(t, withCookie(nil), s.Addr)
			c := f.dial()
			c.Send("GET / HTTP/1.1\r\nHost: h\r\n" + test.fields + "\r\n")
			c.Head()
			head, _, _ := strings.Cut(<-got, "X-Forwarded-For")
			if want := "GET / HTTP/1.1\r\nHost: h\r\n" + test.want; head != want {
				t.Errorf("the server got %q, want %q", head, want)
			}
		})
	}
}

// An upgraded connection is an answer of its server as any other.
func TestUpgradeSetsTheCookie(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	})
	f := newFarm(t, withCookie(func(be *config.Backend) { be.Servers[0].Cookie = "w1" }), s.Addr)
	c := f.dial()
	c.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
	if head := c.Head(); !strings.HasPrefix(head, "HTTP/1.1 101") || !strings.HasPrefix(value(head, "set-cookie"), "SRV=w1;") {
		t.Errorf("the answer is %q", head)
	}
}

// What the balancer says itself sets no cookie, and the log tells what the client's was worth.
func TestPagesSetNoCookie(t *testing.T) {
	f := newFarm(t, withCookie(nil), named(t, "s1"))
	b := browser{farm: f}
	b.visit()
	f.server(0).SetUp(false)
	if head := f.get(b.cookie); !strings.HasPrefix(head, "HTTP/1.1 503") || value(head, "set-cookie") != "" {
		t.Errorf("the answer is %q", head)
	}
	if state := f.line(1).Termination; state != "SCDN" {
		t.Errorf("state %s", state)
	}
}

// Requests that go where their cookie leads are not the algorithm's.
func TestStickyRequestsAreNotBalanced(t *testing.T) {
	f := newFarm(t, withCookie(nil), named(t, "s1"), named(t, "s2"))
	b := browser{farm: f}
	for range 5 {
		b.visit()
	}
	c := &f.server(0).Counters
	if total, balanced := c.SessionsTotal.Load(), c.Balanced(); total != 5 || balanced != 1 {
		t.Errorf("%d requests, of which %d were balanced", total, balanced)
	}
}

func TestCookieKeyMustBeSound(t *testing.T) {
	for name, key := range map[string]config.Path{
		"missing": config.NewPath(filepath.Join(t.TempDir(), "none")),
		"empty":   keyFile(t, ""),
		"short":   keyFile(t, "0123456789abcde"),
	} {
		t.Run(name, func(t *testing.T) {
			cfg := farmConfig(withCookie(func(be *config.Backend) { be.Cookie.KeyFile = key }), []string{"127.0.0.1:1"})
			p, err := balancer.New(cfg, balancer.Options{})
			if err == nil {
				p.Close()
				t.Fatal("it was taken")
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("%q", key)) {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
}
