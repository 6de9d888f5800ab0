package main_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	wire "github.com/miekg/dns"

	"relais/internal/testkit"
	"relais/internal/testkit/dns"
)

const checkedOften = "health_check: {path: /health, inter: 500ms, timeout: 2s}\n"

func webAt(port string) string {
	return fmt.Sprintf("name: web, address: \"web.test:%s\", resolve: all", port)
}

// following is a balancer that follows web.test under load.
type following struct {
	*running
	t      *testing.T
	dns    *dns.Server
	webs   *replicas
	text   string // of the configuration
	socket string
	gets   *load
	posts  *load
}

func follow(t *testing.T, n, first int) *following {
	t.Helper()
	f := &following{t: t, dns: dns.Serve(t), webs: startReplicas(t, n)}
	f.dns.Addresses("web.test", f.webs.addrs(1, first)...)
	f.text, f.socket = naming(t, f.dns, checkedOften, webAt(f.webs.port))
	f.running = run(t, f.text, nil)
	f.becomes(t, f.webs.addrs(1, first)...)
	f.gets, f.posts = startLoad("http://"+f.addr+"/", 6), startPosts("http://"+f.addr+"/")
	f.proceed()
	return f
}

func (f *following) proceed() {
	f.t.Helper()
	f.gets.proceed(f.t, 200)
	f.posts.proceed(f.t, 20)
}

func (f *following) end() {
	f.t.Helper()
	f.gets.end(f.t)
	f.posts.end(f.t)
	f.webs.wantPatience(f.t)
	f.t.Logf("%d requests and %d posts", f.gets.requests.Load(), f.posts.requests.Load())
}

// change gives the name other addresses, and wants them live within two intervals.
func (f *following) change(addrs ...string) {
	f.t.Helper()
	f.dns.Addresses("web.test", addrs...)
	there := f.becomes(f.t, addrs...)
	f.t.Logf("%d addresses were live after %v", len(addrs), there.Round(time.Millisecond))
	if most := 2*resolveInterval + time.Second; there > most { // and the machine may have other things to do
		f.t.Errorf("%d addresses were live after %v, want two intervals", len(addrs), there)
	}
	f.logs(f.t, fmt.Sprintf(`"message":"web.test: %d addresses (`, len(addrs)))
	f.proceed()
}

// TestNameUnderLoad has a service grow to 20, shrink to 2 and grow to 100 under load: no request
// fails, an address keeps its server and its counters, new ones are checked before they get
// traffic, and those that leave end what they have begun.
func TestNameUnderLoad(t *testing.T) {
	f := follow(t, 100, 3)
	for i, row := range f.rows(t) {
		if want := []string{"web", "web-2", "web-3"}[i]; row.name != want || row.addr != f.webs.all[i].addr+":"+f.webs.port {
			t.Errorf("server %d is %+v, want %s", i+1, row, want)
		}
	}
	f.change(f.webs.addrs(1, 20)...)
	f.logs(t, "web.test: 20 addresses (+127.0.1.4 +127.0.1.5 ")
	testkit.Eventually(t, "each of the 20 gets requests", func() bool {
		return !slices.ContainsFunc(f.webs.all[:20], func(one *replica) bool { return one.served.Load() == 0 })
	})

	long := inBackground("http://" + f.addr + "/slow")
	busy := comes(t, "a slow request is there", f.webs.all[0].slow)
	before, names := f.rows(t), f.names(t)
	stay := slices.DeleteFunc(f.webs.addrs(5, 7), func(addr string) bool { return addr == busy })[:2]
	f.dns.Addresses("web.test", stay...)
	testkit.Eventually(t, busy+" drains, the others have gone", func() bool {
		rows := f.rows(t)
		i := slices.IndexFunc(rows, func(row row) bool { return strings.HasPrefix(row.addr, busy+":") })
		return len(rows) == 3 && i >= 0 && rows[i].status == "DRAIN" && rows[i].name == names[busy]
	})
	f.logs(t, "web.test: 2 addresses (-127.0.1.1 ")
	f.proceed()
	f.webs.all[0].end <- struct{}{}
	if failure := comes(t, "the slow request ends", long); failure != "" {
		t.Errorf("what was under way on a server that leaves: %s", failure)
	}
	f.becomes(t, stay...)
	for _, now := range f.rows(t) {
		i := slices.IndexFunc(before, func(then row) bool { return then.name == now.name })
		if then := before[i]; then.addr != now.addr || wholeNumber(t, now.stot) < wholeNumber(t, then.stot) {
			t.Errorf("a server that stays was %+v, and is %+v", then, now)
		}
	}
	f.change(f.webs.addrs(1, 100)...)
	if now := f.names(t); now[stay[0]] != names[stay[0]] || now[stay[1]] != names[stay[1]] {
		t.Errorf("addresses that stay have changed their servers: %v, then %v", names, now)
	}
	for range 10 { // as quickly as they are asked for
		addrs := f.webs.addrs(1, 100)
		rand.Shuffle(len(addrs), func(i, j int) { addrs[i], addrs[j] = addrs[j], addrs[i] })
		f.dns.Addresses("web.test", addrs[:2+rand.IntN(98)]...)
		asked := len(f.dns.Asked("web.test"))
		testkit.Eventually(t, "the name is asked for", func() bool { return len(f.dns.Asked("web.test")) > asked+1 })
	}
	f.change(f.webs.addrs(1, 2)...)
	f.end()
}

func wholeNumber(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNameServerInTrouble has a name server that denies a name once or twice, fails and is silent:
// the last answer holds, no request fails, and it is said why.
func TestNameServerInTrouble(t *testing.T) {
	f := follow(t, 3, 3)
	all := f.webs.addrs(1, 3)
	for _, test := range []struct {
		name   string
		answer *dns.Answer // nil: the name does not exist
		asked  int         // questions for an address of one kind
		want   string
	}{
		{"NXDOMAIN", nil, 1, "web.test: no such name (NXDOMAIN from " + f.dns.Addr().String() + "); the answer of "},
		{"no address", &dns.Answer{}, 1, "web.test: no such name with an address (empty answer from " + f.dns.Addr().String() + "); the answer of "},
		{"SERVFAIL", &dns.Answer{Rcode: wire.RcodeServerFailure}, 6, "web.test: SERVFAIL from " + f.dns.Addr().String() + "; the answer of "},
		{"silence", &dns.Answer{Silent: true}, 4, "web.test: no answer from " + f.dns.Addr().String() + " within 300ms; the answer of "},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := f.questions()
			if test.answer == nil {
				f.dns.Remove("web.test")
			} else {
				f.dns.Set("web.test", *test.answer)
			}
			testkit.Eventually(t, "the name is asked for", func() bool { return f.questions() >= before+test.asked })
			if test.asked > 1 { // time enough for an operator to ask
				testkit.Eventually(t, "show names tells the trouble", func() bool {
					said := orderAt(t, f.socket, "show", "names")
					return strings.Contains(said, "last question: ") && strings.Contains(said, "  "+all[2]+":"+f.webs.port)
				})
			}
			denied := f.questions() - before
			f.dns.Addresses("web.test", all...)
			f.logs(t, test.want)
			if test.asked == 1 && denied > 1 {
				t.Skip("the machine was too slow: the name may have been denied three times")
			}
			testkit.Eventually(t, "it is answered again", func() bool {
				return !strings.Contains(orderAt(t, f.socket, "show", "names"), "last question: ")
			})
			f.logs(t, "web.test: answered again, still 3 addresses")
			f.becomes(t, all...)
			f.proceed()
		})
	}
	f.end()
	if log := f.Stderr.String(); strings.Contains(log, "given up") {
		t.Errorf("addresses were given up:\n%s", log)
	}
}

// questions is how often the name has been asked for.
func (f *following) questions() (n int) {
	for _, q := range f.dns.Asked("web.test") {
		if q.Type == wire.TypeA {
			n++
		}
	}
	return n
}

// TestNameThatDoesNotExistYet starts without any address, which appear, go and come back.
func TestNameThatDoesNotExistYet(t *testing.T) {
	names, webs := dns.Serve(t), startReplicas(t, 2)
	config, socket := naming(t, names, checkedOften, webAt(webs.port))
	r := run(t, config, nil)
	status := func() (int, string) {
		answer, err := http.Get("http://" + r.addr + "/")
		if err != nil {
			return 0, err.Error()
		}
		answer.Body.Close()
		return answer.StatusCode, ""
	}
	without := func() {
		t.Helper()
		testkit.Eventually(t, "there is no server", func() bool {
			rows := r.rows(t)
			return len(rows) == 1 && rows[0].name == "web" && rows[0].status == "MAINT (resolution)"
		})
		if code, err := status(); code != http.StatusServiceUnavailable {
			t.Errorf("without a server: %d %s", code, err)
		}
	}
	without()
	r.logs(t, "web.test: no such name (NXDOMAIN from "+names.Addr().String()+"); it has no address yet")
	if said := orderAt(t, socket, "show", "names"); !strings.HasPrefix(said, "app/web web.test: no such name") {
		t.Errorf("show names says %q", said)
	}
	for range 2 {
		names.Addresses("web.test", webs.addrs(1, 2)...)
		r.becomes(t, webs.addrs(1, 2)...)
		if code, err := status(); code != http.StatusOK {
			t.Errorf("with two servers: %d %s", code, err)
		}
		names.Remove("web.test")
		r.logs(t, "), 3 times in a row; 2 addresses given up")
		without()
	}
	webs.wantPatience(t)
}

// TestServiceRecords has SRV records give ports and weights, and say who comes second.
func TestServiceRecords(t *testing.T) {
	names, webs, others := dns.Serve(t), startReplicas(t, 3), startReplicas(t, 1)
	port := func(r *replicas) uint16 { return uint16(wholeNumber(t, r.port)) }
	for i, one := range webs.all {
		names.Addresses(fmt.Sprintf("host%d.test", i+1), one.addr)
	}
	services := []dns.Service{
		{Target: "host1.test", Port: port(webs), Weight: 10}, {Target: "host1.test", Port: port(others), Weight: 30, Additional: true},
		{Target: "host2.test", Port: port(webs), Priority: 1, Weight: 5},
	}
	names.Set("_http._tcp.web.test", dns.Answer{Services: services})
	config, _ := naming(t, names, checkedOften, `name: web, address: "_http._tcp.web.test", resolve: all`)
	r := run(t, config, nil)
	want := func(want ...string) {
		t.Helper()
		testkit.Eventually(t, strings.Join(want, ", "), func() bool {
			var got []string
			for _, row := range r.rows(t) {
				got = append(got, row.addr+" "+row.weight+" "+row.status)
			}
			slices.Sort(got)
			slices.Sort(want)
			return slices.Equal(got, want)
		})
	}
	first, second, backup := "127.0.1.1:"+webs.port, "127.0.1.1:"+others.port, "127.0.1.2:"+webs.port
	want(first+" 10 UP", second+" 30 UP", backup+" 5 UP")
	l := startLoad("http://"+r.addr+"/", 2)
	l.proceed(t, 400)
	light, heavy := webs.all[0].served.Load(), others.all[0].served.Load()
	if share := float64(heavy) / float64(light+heavy); share < 0.7 || share > 0.8 || webs.all[1].served.Load() > 0 {
		t.Errorf("weights 10 and 30 and a backup make %d, %d and %d", light, heavy, webs.all[1].served.Load())
	}
	services[0].Weight, services[1] = 20, dns.Service{Target: "host3.test", Port: port(webs), Weight: 20}
	names.Set("_http._tcp.web.test", dns.Answer{Services: services})
	want(first+" 20 UP", "127.0.1.3:"+webs.port+" 20 UP", backup+" 5 UP")
	r.logs(t, "_http._tcp.web.test: 3 addresses (+127.0.1.3:"+webs.port+" -"+second+")")
	l.proceed(t, 400)
	l.end(t)
	webs.wantPatience(t)
	others.wantPatience(t)
}
