package discovery

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func TestNameServersAreAskedInTurn(t *testing.T) {
	o := Options{Servers: servers(server1, server2), Timeout: 500 * time.Millisecond}
	inBubble(t, o, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		f.silent[o.Servers[0]] = true
		one := web()
		one.Family = IPv4 // one question at a time
		r.Follow([]Name{one})
		begin := time.Now()
		r.Wait(t.Context())
		if waited := time.Since(begin); waited != 500*time.Millisecond {
			t.Errorf("waited %v for the second server, want the time-out of the first", waited)
		}
		f.forget()
		pass(5 * time.Second)
		if slices.Contains(f.journey(), o.Servers[0]) {
			t.Error("the server that does not answer is asked before the one that does")
		}
		f.now(func() {
			f.silent = nil
			f.refuse[o.Servers[1]] = true
		})
		f.forget()
		pass(2 * time.Second)
		if got := f.journey()[:3]; !slices.Equal(got, servers(server2, server1, server1)) {
			t.Errorf("asked %v, want the next when one refuses", got)
		}
		f.now(func() { f.refuse[o.Servers[0]] = true })
		f.forget()
		pass(time.Second)
		if got := f.journey()[:4]; !slices.Equal(got, servers(server1, server2, server1, server2)) {
			t.Errorf("asked %v, want two rounds", got)
		}
		if got := j.told(); len(got) != 2 || !strings.HasPrefix(got[1], "web: ask "+server2+": connection refused; the answer of ") {
			t.Errorf("told %q", got)
		}
	})
}

func TestResolvConfIsObeyedAndReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	write(t, path, "nameserver 10.53.0.1\nsearch lan\noptions timeout:3 attempts:1\n")
	inBubble(t, Options{ResolvFile: path}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web.lan."] = []string{"10.0.0.1"}
		f.addrs["web."] = []string{"10.0.0.9"}
		f.silent[servers(server1)[0]] = true
		r.Follow([]Name{web()})
		begin := time.Now()
		r.Wait(t.Context())
		if waited := time.Since(begin); waited != 6*time.Second {
			t.Errorf("waited %v, want one attempt of 3 s for web.lan and one for web", waited)
		}
		write(t, path, "nameserver 10.53.0.2\nsearch lan\n")
		pass(4 * time.Second)
		if got := addresses(t, r, web()); got != "[10.0.0.1:5000]" {
			t.Errorf("with another name server: %s", got)
		}
		write(t, path, "nameserver 10.53.0.2\nsearch lan\noptions ndots:0\n")
		pass(time.Second)
		if got := addresses(t, r, web()); got != "[10.0.0.9:5000]" {
			t.Errorf("with ndots:0: %s", got)
		}
	})
}

// A wildcard further down the search list must not get the traffic while the name itself fails.
func TestSearchEndsWhereTheNameWasFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	write(t, path, "nameserver 10.53.0.1\nsearch one two\n")
	inBubble(t, Options{ResolvFile: path}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web.two."] = []string{"10.6.6.6"}
		f.rcodes["web.one."] = dns.RcodeServerFailure
		r.Follow([]Name{web()})
		pass(0)
		if got := addresses(t, r, web()); got != "[10.6.6.6:5000]" {
			t.Errorf("%s: a domain that fails keeps the next one from being asked", got)
		}
		f.now(func() { f.addrs["web.one."], f.rcodes = []string{"10.0.0.1"}, map[string]int{} })
		pass(time.Second)
		f.now(func() { f.rcodes["web.one."] = dns.RcodeServerFailure })
		pass(time.Minute)
		if got := addresses(t, r, web()); got != "[10.0.0.1:5000]" {
			t.Errorf("%s: a failure is taken for a denial", got)
		}
		f.now(func() { f.addrs["web."], f.rcodes = nil, map[string]int{}; delete(f.addrs, "web.one.") })
		pass(8 * time.Second)
		if got := addresses(t, r, web()); got != "[10.6.6.6:5000]" {
			t.Errorf("%s: a denial keeps the next one from being asked", got)
		}
	})
}

// What was given up may be found elsewhere.
func TestSearchGoesOnOnceTheNameIsGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	write(t, path, "nameserver 10.53.0.1\nsearch one two\n")
	inBubble(t, Options{ResolvFile: path}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web.one."] = []string{"10.0.0.1"}
		r.Follow([]Name{web()})
		pass(0)
		f.now(func() { delete(f.addrs, "web.one.") })
		pass(5 * time.Second)
		f.now(func() { f.rcodes["web.one."], f.addrs["web.two."] = dns.RcodeServerFailure, []string{"10.0.0.2"} })
		pass(time.Second)
		if got := addresses(t, r, web()); got != "[10.0.0.2:5000]" {
			t.Errorf("%s", got)
		}
	})
}

// "No such name" takes that nobody who might know it has failed.
func TestDenialAndFailureAreAFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	write(t, path, "nameserver 10.53.0.1\nsearch one\n")
	inBubble(t, Options{ResolvFile: path}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		r.Follow([]Name{web()})
		pass(0)
		f.now(func() { delete(f.addrs, "web."); f.rcodes["web.one."] = dns.RcodeRefused })
		pass(time.Minute)
		if a, _ := r.Answer(web()); len(a.Endpoints) != 1 || errors.Is(a.Err, ErrNoName) {
			t.Errorf("%v %v", a.Endpoints, a.Err)
		}
	})
}

func TestHostsFileComesFirst(t *testing.T) {
	dir := t.TempDir()
	o := Options{HostsFile: filepath.Join(dir, "hosts"), ResolvFile: filepath.Join(dir, "resolv.conf")}
	write(t, o.HostsFile, "127.0.0.1 localhost\n10.0.0.7 web\n")
	inBubble(t, o, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		for _, s := range servers("127.0.0.1:53", "[::1]:53") {
			f.refuse[s] = true
		}
		local := Name{Host: "LocalHost", Port: 80, Interval: time.Second}
		r.Follow([]Name{local, web()})
		pass(10 * time.Second)
		if got := addresses(t, r, local); got != "[127.0.0.1:80]" {
			t.Errorf("localhost without a name server: %s", got)
		}
		if got := addresses(t, r, web()); got != "[10.0.0.7:5000]" {
			t.Errorf("%s, want the address of the hosts file", got)
		}
		if got := f.questions(); len(got) > 0 {
			t.Errorf("asked for %q", got)
		}
		write(t, o.HostsFile, "10.0.0.8 web web2\n")
		pass(time.Second)
		if got := addresses(t, r, web()); got != "[10.0.0.8:5000]" {
			t.Errorf("after a change of the hosts file: %s", got)
		}
		f.now(func() { clear(f.refuse) })
		if err := os.Truncate(o.HostsFile, 0); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if got := addresses(t, r, web()); got != "[10.0.0.1:5000]" {
			t.Errorf("without its line in the hosts file: %s", got)
		}
	})
}

func TestFamilies(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1", "fd00::1"}
		four, six := web(), web()
		four.Family, six.Family = IPv4, IPv6
		r.Follow([]Name{four, six})
		pass(0)
		if got := addresses(t, r, four) + addresses(t, r, six); got != "[10.0.0.1:5000][[fd00::1]:5000]" {
			t.Errorf("%s", got)
		}
		if got, want := f.questions(), []string{"A web.", "AAAA web."}; !slices.Equal(got, want) {
			t.Errorf("asked for %q, want %q", got, want)
		}
	})
}

// There are name servers that fail for one kind of addresses. That is of interest when the name
// has had some.
func TestOneKindOfAddressesFails(t *testing.T) {
	tests := []struct {
		what          string
		before, after []string // fails begins between them
		fails         uint16
		left          int
		isFailure     bool
	}{
		{"the other one stands", []string{"10.0.0.1"}, []string{"10.0.0.2", "10.0.0.3"}, dns.TypeAAAA, 2, false},
		{"but not for what was there", []string{"10.0.0.1", "fd00::1"}, []string{"10.0.0.2"}, dns.TypeAAAA, 2, true},
		{"nor when it is empty", []string{"10.0.0.1"}, []string{}, dns.TypeAAAA, 1, true},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
				f.addrs["web."] = test.before
				r.Follow([]Name{web()})
				pass(0)
				f.now(func() { f.addrs["web."], f.fails = test.after, test.fails })
				pass(time.Minute)
				a, _ := r.Answer(web())
				if len(a.Endpoints) != test.left || (a.Err != nil) != test.isFailure || errors.Is(a.Err, ErrNoName) {
					t.Errorf("%v %v", a.Endpoints, a.Err)
				}
			})
		})
	}
}
