package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"relais/internal/config"
	"relais/internal/config/file"
	"relais/internal/discovery"
	"relais/internal/testkit"
	"relais/internal/testkit/dns"
)

func TestNameOf(t *testing.T) {
	for _, test := range []struct {
		address string
		want    discovery.Name
		is      bool
	}{
		{"web:5000", discovery.Name{Host: "web", Port: 5000}, true},
		{"web.example.com.:80", discovery.Name{Host: "web.example.com.", Port: 80}, true},
		{"_http._tcp.web", discovery.Name{Host: "_http._tcp.web"}, true},
		{"localhost:5000", discovery.Name{Host: "localhost", Port: 5000}, true},
		{"10.0.0.1:5000", discovery.Name{}, false},
		{"[fd00::1]:5000", discovery.Name{}, false},
		{"[fe80::1%eth0]:5000", discovery.Name{}, false},
		{"unix@/run/web.sock", discovery.Name{}, false},
	} {
		s := &config.Server{Address: test.address, ResolveInterval: 7 * time.Second, HonorTTL: true}
		if test.is {
			test.want.Interval, test.want.HonorTTL = 7*time.Second, true
		}
		if got, is := nameOf(s); got != test.want || is != test.is {
			t.Errorf("%s: %+v, %v, want %+v, %v", test.address, got, is, test.want, test.is)
		}
	}
}

func TestNameservers(t *testing.T) {
	got := nameservers(config.Resolvers{Nameservers: []string{"10.0.0.53", "10.0.0.53:5353", "fd00::53", "[fd00::53]:5353"}})
	if want := "[10.0.0.53:53 10.0.0.53:5353 [fd00::53]:53 [fd00::53]:5353]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// pool has names of a backend and what they stand for.
type pool struct {
	*names
	backend *config.Backend
	answers *dns.Server
	busy    []string // servers that have something to do
}

func newPool(t *testing.T, servers ...*config.Server) *pool {
	p := &pool{backend: &config.Backend{Name: "app", Servers: servers}, answers: dns.Serve(t)}
	p.names = (&App{log: zerolog.Nop(), renamed: make(chan struct{}, 1)}).newNames(config.Resolvers{Nameservers: []string{p.answers.Addr().String()}, Timeout: testkit.Patience})
	t.Cleanup(p.resolver.Stop)
	return p
}

// has gives web addresses, and waits until they are known.
func (p *pool) has(t *testing.T, addrs ...string) {
	t.Helper()
	p.answers.Addresses("web", addrs...)
	p.follow(newParts(&config.Config{Resolvers: config.Resolvers{Nameservers: []string{p.answers.Addr().String()}}, Backends: []*config.Backend{p.backend}}))
	name, _ := nameOf(p.backend.Servers[0])
	testkit.Eventually(t, fmt.Sprint("the addresses are ", addrs), func() bool {
		answer, _ := p.resolver.Answer(name)
		return len(answer.Endpoints) == len(addrs) && !slices.ContainsFunc(addrs, func(a string) bool {
			return !hasAddress(answer.Endpoints, netip.MustParseAddrPort(a+":80"))
		})
	})
}

func (p *pool) String() string {
	var words []string
	for _, s := range p.backend.Servers {
		for _, e := range p.expand(p.backend, s, func(_, server string) bool { return slices.Contains(p.busy, server) }) {
			word := e.Name + "=" + e.Address
			if e.Leaving {
				word += " leaves"
			}
			if e.Unresolved {
				word += " unresolved"
			}
			words = append(words, word)
		}
	}
	return strings.Join(words, ", ")
}

func (p *pool) want(t *testing.T, want string) {
	t.Helper()
	if got := p.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func webServer(resolve string) *config.Server {
	s := config.NewServer()
	s.Name, s.Address, s.Resolve, s.ResolveInterval = "web", "web:80", resolve, 100*time.Millisecond
	return s
}

func TestExpandAll(t *testing.T) {
	other := config.NewServer()
	other.Name, other.Address = "other", "10.9.9.9:80"
	p := newPool(t, webServer("all"), other)
	p.has(t)
	p.want(t, "web=web:80 unresolved, other=10.9.9.9:80")
	p.has(t, "10.0.0.2", "10.0.0.1", "10.0.0.3")
	p.want(t, "web=10.0.0.1:80, web-2=10.0.0.2:80, web-3=10.0.0.3:80, other=10.9.9.9:80")

	p.busy = []string{"web"}
	p.has(t, "10.0.0.2", "10.0.0.3")
	p.want(t, "web-2=10.0.0.2:80, web-3=10.0.0.3:80, web=10.0.0.1:80 leaves, other=10.9.9.9:80")
	p.has(t, "10.0.0.2", "10.0.0.3", "10.0.0.4") // the name web is in use
	p.want(t, "web-2=10.0.0.2:80, web-3=10.0.0.3:80, web-4=10.0.0.4:80, web=10.0.0.1:80 leaves, other=10.9.9.9:80")
	if isBusy := func(_, _ string) bool { return true }; p.settled(isBusy) {
		t.Error("settled, although something is under way")
	}
	p.has(t, "10.0.0.1", "10.0.0.2") // it is back, as what it was
	p.want(t, "web=10.0.0.1:80, web-2=10.0.0.2:80, other=10.9.9.9:80")
	p.busy = []string{"web-2"}
	p.has(t, "10.0.0.1")
	p.want(t, "web=10.0.0.1:80, web-2=10.0.0.2:80 leaves, other=10.9.9.9:80")
	p.busy = nil
	if isBusy := func(_, _ string) bool { return false }; !p.settled(isBusy) {
		t.Error("not settled, although nothing is under way")
	}
	p.want(t, "web=10.0.0.1:80, other=10.9.9.9:80")
}

func TestExpandFirst(t *testing.T) {
	p := newPool(t, webServer("first"))
	p.has(t)
	p.want(t, "web=web:80") // the system may know
	p.has(t, "10.0.0.2", "10.0.0.3")
	p.want(t, "web=10.0.0.2:80")
	p.has(t, "10.0.0.1", "10.0.0.2")
	p.want(t, "web=10.0.0.2:80")
	p.has(t, "10.0.0.1")
	p.want(t, "web=10.0.0.1:80")
	p.backend.Servers = []*config.Server{webServer("all")}
	p.has(t, "10.0.0.1", "10.0.0.2")
	p.want(t, "web=10.0.0.1:80, web-2=10.0.0.2:80")
	p.backend.Servers = []*config.Server{webServer("first")}
	p.has(t, "10.0.0.1", "10.0.0.2")
	p.want(t, "web=10.0.0.1:80")
}

func TestResolved(t *testing.T) {
	s := webServer("all")
	s.Weight, s.Maxconn = 7, 9
	got := resolved(s, discovery.Slot{Name: "web-2", Endpoint: discovery.Endpoint{
		Address: netip.MustParseAddrPort("[fd00::1]:8080"), Weight: 30, Backup: true,
	}}, discovery.Name{Host: "web"})
	want := *s
	want.Name, want.Address, want.Host, want.Weight, want.Backup = "web-2", "[fd00::1]:8080", "web", 30, true
	if *got != want || s.Name != "web" {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
}

// TestPartsStayTheSame: a backend is another one only if its servers are, since everything that is
// made of it is made anew then.
func TestPartsStayTheSame(t *testing.T) {
	p := newPool(t, webServer("all"))
	p.has(t, "10.0.0.1", "10.0.0.2")
	all := newParts(&config.Config{Backends: []*config.Backend{p.backend}})
	expand := func(b *config.Backend, s *config.Server) []*config.Server {
		return p.expand(b, s, func(_, _ string) bool { return false })
	}
	first := all.assemble(expand)
	if again := all.assemble(expand); again.Backends[0] != first.Backends[0] {
		t.Error("a backend whose servers are the same has become another one")
	}
	p.has(t, "10.0.0.1")
	if now := all.assemble(expand); now.Backends[0] == first.Backends[0] || len(now.Backends[0].Servers) != 1 {
		t.Errorf("after a change there are %d servers", len(now.Backends[0].Servers))
	}
	if len(p.backend.Servers) != 1 || p.backend.Servers[0].Address != "web:80" {
		t.Errorf("the file's backend was changed: %+v", p.backend.Servers)
	}
}

// BenchmarkOneNameOfMany puts the changed addresses of one name in force, among 100 names of ten
// servers each.
func BenchmarkOneNameOfMany(b *testing.B) {
	const backends, servers = 100, 10
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, port, _ := strings.Cut(testkit.Address(s), ":")
	answers := dns.Serve(b)
	addrs := func(n int) (addrs []string) {
		for i := range n {
			addrs = append(addrs, fmt.Sprint("127.0.1.", i+1))
		}
		return addrs
	}
	var text strings.Builder
	fmt.Fprintf(&text, "resolvers: {nameservers: [%q]}\nfrontends: [{name: web, bind: \"127.0.0.1:0\", default_backend: app0}]\nbackends:\n", answers.Addr())
	for i := range backends {
		answers.Addresses(fmt.Sprintf("app%d.test", i), addrs(servers)...)
		fmt.Fprintf(&text, "  - {name: app%d, health_check: {path: /, inter: 10s}, servers: [{name: web, address: \"app%d.test:%s\", resolve: all, resolve_interval: 100ms}]}\n", i, i, port)
	}
	path := filepath.Join(b.TempDir(), "balancer.yml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, err := file.Load(path, os.LookupEnv)
	if err != nil {
		b.Fatal(err)
	}
	a, err := Prepare(cfg, Options{ConfigFile: path, Getenv: os.LookupEnv, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	if err != nil {
		b.Fatal(err)
	}
	if err := a.Begin(nil); err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := a.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	}()
	name, _ := nameOf(cfg.Backends[50].Servers[0])
	a.change.Lock() // so that nobody else puts it in force
	defer a.change.Unlock()
	for n := 1; b.Loop(); n = 1 - n {
		b.StopTimer()
		answers.Addresses(name.Host, addrs(servers-n)...)
		testkit.Eventually(b, "the change is known", func() bool {
			answer, _ := a.names.resolver.Answer(name)
			return len(answer.Endpoints) == servers-n
		})
		b.StartTimer()
		if err := a.put(); err != nil {
			b.Fatal(err)
		}
	}
}
