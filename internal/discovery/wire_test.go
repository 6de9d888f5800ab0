package discovery

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	wire "github.com/miekg/dns"

	"relais/internal/testkit"
	"relais/internal/testkit/dns"
)

// asked follows a name with a real name server until the first answer.
func asked(t *testing.T, s *dns.Server, n Name) (*Resolver, Answer) {
	t.Helper()
	r := New(Options{Servers: []netip.AddrPort{s.Addr()}, Timeout: testkit.Patience, HostsFile: os.DevNull})
	t.Cleanup(r.Stop)
	r.Follow([]Name{n})
	r.Wait(t.Context())
	a, _ := r.Answer(n)
	return r, a
}

// are tells whether the endpoints are those of want, such as "10.0.0.1:80 10.0.0.2:80*5 b:80!":
// with weights, and a mark on backups.
func are(t *testing.T, a Answer, want string) {
	t.Helper()
	var list []string
	for _, e := range a.Endpoints {
		text := e.Address.String()
		if e.Weight > 0 {
			text += fmt.Sprintf("*%d", e.Weight)
		}
		if e.Backup {
			text += "!"
		}
		list = append(list, text)
	}
	if got := strings.Join(list, " "); got != want {
		t.Errorf("got %q (%v), want %q", got, a.Err, want)
	}
}

func often(host string) Name { return Name{Host: host, Port: 80, Interval: 10 * time.Millisecond} }

func TestAddressesOfBothKinds(t *testing.T) {
	s := dns.Serve(t)
	s.Addresses("web", "10.0.0.3", "fd00::1", "10.0.0.1", "10.0.0.1", "::ffff:10.0.0.1", "0.0.0.0", "::", "224.0.0.1")
	_, a := asked(t, s, often("WeB"))
	are(t, a, "10.0.0.1:80 10.0.0.3:80 [fd00::1]:80")
}

func TestChangesAreFollowed(t *testing.T) {
	s := dns.Serve(t)
	s.Addresses("web", "10.0.0.1")
	r, _ := asked(t, s, often("web"))
	for _, want := range []string{"[10.0.0.1:80 10.0.0.2:80]", "[10.0.0.2:80]", "[]", "[10.0.0.3:80]"} {
		addrs := strings.Fields(strings.NewReplacer("[", "", "]", "", ":80", "").Replace(want))
		s.Addresses("web", addrs...)
		testkit.Eventually(t, want, func() bool { return addresses(t, r, often("web")) == want })
	}
	s.Remove("web")
	testkit.Eventually(t, "no such name", func() bool { return addresses(t, r, often("web")) == "[]" })
}

func TestHundredAddressesNeedTCPAndAThousandAreTheMost(t *testing.T) {
	s := dns.Serve(t)
	var addrs []string
	for i := range 1100 {
		addrs = append(addrs, fmt.Sprintf("10.0.%d.%d", i/250, i%250+1))
	}
	s.Addresses("web", addrs[:100]...)
	s.Addresses("farm", addrs...)
	_, a := asked(t, s, often("web"))
	if len(a.Endpoints) != 100 {
		t.Errorf("%d addresses of 100: %v", len(a.Endpoints), a.Err)
	}
	if !slices.ContainsFunc(s.Asked("web"), func(q dns.Question) bool { return q.TCP }) {
		t.Error("not asked over TCP")
	}
	_, a = asked(t, s, often("farm"))
	if len(a.Endpoints) != 1000 || !strings.HasPrefix(a.Cause, "farm: 1000 addresses and 100 more that are not used (+10.0.0.1 ") {
		t.Errorf("%d addresses of 1100: %v, %q", len(a.Endpoints), a.Err, a.Cause)
	}
}

func TestTruncatedAnswersAreAskedForOverTCP(t *testing.T) {
	s := dns.Serve(t)
	s.Set("web", dns.Answer{Addresses: []string{"10.0.0.1"}, Truncated: true})
	_, a := asked(t, s, Name{Host: "web", Port: 80, Interval: time.Hour, Family: IPv4})
	are(t, a, "10.0.0.1:80")
	questions := s.Asked("web")
	if len(questions) != 2 || questions[0].TCP || !questions[1].TCP || questions[0].UDPSize != 1232 {
		t.Errorf("asked %+v, want UDP with the size that EDNS0 tells, then TCP", questions)
	}
}

func TestAliasesAreFollowed(t *testing.T) {
	s := dns.Serve(t)
	s.Set("web", dns.Answer{Alias: "App.example.com"})
	s.Set("app.example.com", dns.Answer{Alias: "host7.example.com"})
	s.Addresses("host7.example.com", "10.0.0.7", "fd00::7")
	_, a := asked(t, s, often("web"))
	are(t, a, "10.0.0.7:80 [fd00::7]:80")
}

func TestAliasesWithoutAnAddress(t *testing.T) {
	s := dns.Serve(t)
	s.Set("circle", dns.Answer{Alias: "other"})
	s.Set("other", dns.Answer{Alias: "circle"})
	s.Set("broken", dns.Answer{Alias: "nowhere"})
	for _, host := range []string{"circle", "broken"} {
		if _, a := asked(t, s, often(host)); !errors.Is(a.Err, ErrNoName) || len(a.Endpoints) > 0 {
			t.Errorf("%s: %v %v", host, a.Endpoints, a.Err)
		}
	}
}

func TestFailuresOfANameServer(t *testing.T) {
	s := dns.Serve(t)
	at := s.Addr().String()
	for _, rcode := range []int{wire.RcodeServerFailure, wire.RcodeRefused, wire.RcodeNotImplemented, wire.RcodeFormatError} {
		s.Set("web", dns.Answer{Rcode: rcode})
		if _, a := asked(t, s, often("web")); a.Err == nil || a.Err.Error() != wire.RcodeToString[rcode]+" from "+at {
			t.Errorf("%s: %v", wire.RcodeToString[rcode], a.Err)
		}
	}
}

// A server from before EDNS0 answers FORMERR to what it does not know.
func TestServersWithoutEDNS(t *testing.T) {
	s := dns.Serve(t)
	s.Set("web", dns.Answer{Rcode: wire.RcodeFormatError})
	asked(t, s, Name{Host: "web", Port: 80, Interval: time.Hour, Family: IPv4})
	questions := s.Asked("web")
	if len(questions) != 4 || questions[0].UDPSize == 0 || questions[1].UDPSize != 0 {
		t.Errorf("asked %+v, want one with EDNS0 and one without, twice", questions)
	}
}

func TestNobodyListens(t *testing.T) {
	addr := netip.MustParseAddrPort(testkit.RefusingAddr(t))
	r := New(Options{Servers: []netip.AddrPort{addr}, HostsFile: os.DevNull})
	defer r.Stop()
	r.Follow([]Name{often("web")})
	r.Wait(t.Context())
	if a, _ := r.Answer(often("web")); a.Err == nil || a.Err.Error() != "ask "+addr.String()+": connection refused" {
		t.Errorf("%v", a.Err)
	}
}

func TestForgedAnswersAreNotBelieved(t *testing.T) {
	s := dns.Serve(t)
	s.Set("web", dns.Answer{Addresses: []string{"10.0.0.1"}, Forged: true})
	s.Set("big", dns.Answer{Addresses: []string{"10.0.0.1"}, Forged: true, Truncated: true})
	for _, host := range []string{"web", "big"} {
		_, a := asked(t, s, Name{Host: host, Port: 80, Interval: time.Hour})
		are(t, a, "10.0.0.1:80")
	}
}

func TestForgedAnswersAloneAreNone(t *testing.T) {
	s := dns.Serve(t)
	s.Set("web", dns.Answer{Forged: true, Silent: true})
	r := New(Options{Servers: []netip.AddrPort{s.Addr()}, Timeout: 50 * time.Millisecond, HostsFile: os.DevNull})
	defer r.Stop()
	r.Follow([]Name{often("web")})
	r.Wait(t.Context())
	want := "no answer from " + s.Addr().String() + " within 50ms"
	if a, _ := r.Answer(often("web")); a.Err == nil || a.Err.Error() != want || len(a.Endpoints) > 0 {
		t.Errorf("%v %v, want %q", a.Endpoints, a.Err, want)
	}
}

func TestIDsAreRandom(t *testing.T) {
	s := dns.Serve(t)
	s.Addresses("web", "10.0.0.1")
	asked(t, s, Name{Host: "web", Port: 80, Interval: time.Millisecond})
	testkit.Eventually(t, "100 questions", func() bool { return len(s.Asked("web")) >= 100 })
	ids, steps := map[uint16]bool{}, map[uint16]bool{}
	questions := s.Asked("web")[:100]
	for i, q := range questions {
		ids[q.ID] = true
		steps[q.ID-questions[max(i-1, 0)].ID] = true
	}
	if len(ids) < 95 || len(steps) < 90 {
		t.Errorf("%d ids in 100 questions, %d different steps between them", len(ids), len(steps))
	}
}

func TestStopDoesNotWaitForAnAnswer(t *testing.T) {
	s := dns.Serve(t)
	s.Set("web", dns.Answer{Silent: true})
	r := New(Options{Servers: []netip.AddrPort{s.Addr()}, Timeout: time.Hour, HostsFile: os.DevNull})
	r.Follow([]Name{often("web")})
	testkit.Eventually(t, "a question", func() bool { return len(s.Asked("web")) > 0 })
	begin := time.Now()
	r.Stop()
	if took := time.Since(begin); took > testkit.Patience {
		t.Errorf("stop took %v", took)
	}
}

func TestServicesGivePortsAndWeights(t *testing.T) {
	s := dns.Serve(t)
	s.Addresses("a", "10.0.0.1", "fd00::1")
	s.Addresses("b", "10.0.0.2")
	s.Addresses("c")
	tests := []struct {
		what     string
		services []dns.Service
		want     string
	}{
		{"no weights", []dns.Service{{Target: "b", Port: 81}, {Target: "a", Port: 80}}, "10.0.0.1:80 10.0.0.2:81 [fd00::1]:80"},
		{"small weights stay", []dns.Service{{Target: "b", Port: 80, Weight: 7}, {Target: "b", Port: 81, Weight: 256}, {Target: "b", Port: 82}}, "10.0.0.2:80*7 10.0.0.2:81*256 10.0.0.2:82*1"},
		{"large ones shrink", []dns.Service{{Target: "b", Port: 80, Weight: 65535}, {Target: "b", Port: 81, Weight: 32768}, {Target: "b", Port: 82, Weight: 1}}, "10.0.0.2:80*256 10.0.0.2:81*128 10.0.0.2:82*1"},
		{"priorities", []dns.Service{{Target: "a", Port: 80, Priority: 20}, {Target: "b", Port: 80, Priority: 10}}, "10.0.0.1:80! 10.0.0.2:80 [fd00::1]:80!"},
		{"of those that are there", []dns.Service{{Target: "gone", Port: 80, Priority: 1}, {Target: "c", Port: 80, Priority: 2}, {Target: "b", Port: 80, Priority: 10}}, "10.0.0.2:80"},
		{"twice the same", []dns.Service{{Target: "b", Port: 80, Weight: 1, Priority: 5}, {Target: "B", Port: 80, Weight: 9, Priority: 1}, {Target: "b", Port: 80, Weight: 4, Priority: 1}}, "10.0.0.2:80*9"},
		{"addresses that come along", []dns.Service{{Target: "a", Port: 80, Additional: true}, {Target: "localhost", Port: 80}}, "10.0.0.1:80 127.0.0.1:80 [::1]:80 [fd00::1]:80"},
		{"no port", []dns.Service{{Target: "b", Port: 0}, {Target: "a", Port: 80}}, "10.0.0.1:80 [fd00::1]:80"},
		{"no service", []dns.Service{{Target: ".", Port: 1}}, ""},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			s.Set("_http._tcp.web", dns.Answer{Services: test.services})
			_, a := asked(t, s, Name{Host: "_http._tcp.web", Interval: time.Hour})
			are(t, a, test.want)
			if test.want == "" && !errors.Is(a.Err, ErrNoName) {
				t.Errorf("%v, want that there is no such name", a.Err)
			}
		})
	}
}

func TestAdditionalAddressesSpareQuestions(t *testing.T) {
	s := dns.Serve(t)
	s.Addresses("a", "10.0.0.1", "fd00::1")
	s.Set("_http._tcp.web", dns.Answer{Services: []dns.Service{{Target: "a", Port: 80, Additional: true}}})
	_, a := asked(t, s, Name{Host: "_http._tcp.web", Interval: time.Hour, Family: IPv6})
	are(t, a, "[fd00::1]:80")
	if n := len(s.Asked("a")); n != 0 {
		t.Errorf("%d questions for an address that came along", n)
	}
}

func TestATargetThatFailsKeepsTheService(t *testing.T) {
	s := dns.Serve(t)
	s.Addresses("a", "10.0.0.1")
	s.Addresses("b", "10.0.0.2")
	s.Set("_http._tcp.web", dns.Answer{Services: []dns.Service{{Target: "a", Port: 80}, {Target: "b", Port: 80}}})
	n := Name{Host: "_http._tcp.web", Interval: 10 * time.Millisecond}
	r, _ := asked(t, s, n)
	s.Set("b", dns.Answer{Rcode: wire.RcodeServerFailure})
	testkit.Eventually(t, "a failure", func() bool { a, _ := r.Answer(n); return a.Err != nil })
	a, _ := r.Answer(n)
	are(t, a, "10.0.0.1:80 10.0.0.2:80")
	if want := "b.: SERVFAIL from " + s.Addr().String(); a.Err.Error() != want {
		t.Errorf("%v, want %s", a.Err, want)
	}
	s.Remove("b")
	testkit.Eventually(t, "one server", func() bool { a, _ := r.Answer(n); return len(a.Endpoints) == 1 })
	s.Remove("_http._tcp.web")
	testkit.Eventually(t, "no server", func() bool { a, _ := r.Answer(n); return len(a.Endpoints) == 0 })
}
