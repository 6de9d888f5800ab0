package discovery

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// fake is what a bubble of synctest has in place of the network: name servers that know addresses
// of names, and a journal of who was asked when.
type fake struct {
	mu      sync.Mutex
	addrs   map[string][]string     // of names, with the dot at their ends; those without do not exist
	rcodes  map[string]int          // of names that fail
	fails   uint16                  // a type of records that nobody knows about
	ttl     uint32                  // of all
	takes   time.Duration           // until an answer is there
	silent  map[netip.AddrPort]bool // servers that never answer
	refuse  map[netip.AddrPort]bool // servers without a process
	asked   []time.Time             // for A records
	servers []netip.AddrPort        // that were asked, for A records
	names   []string                // that were asked for, with their types
	atOnce  int
	maximum int
}

func newFake() *fake {
	return &fake{addrs: map[string][]string{}, rcodes: map[string]int{}, ttl: 600, silent: map[netip.AddrPort]bool{}, refuse: map[netip.AddrPort]bool{}}
}

func (f *fake) exchange(ctx context.Context, server netip.AddrPort, query *dns.Msg) (*dns.Msg, error) {
	takes := f.begin(server, query)
	defer f.end()
	switch {
	case takes < 0:
		return nil, fmt.Errorf("write: %w", syscall.ECONNREFUSED)
	case takes == 0: // without a timer that is due already: two of these at once crash Go 1.26 under -race
		return f.reply(query), nil
	}
	select {
	case <-time.After(takes):
		return f.reply(query), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *fake) begin(server netip.AddrPort, query *dns.Msg) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.atOnce++
	f.maximum = max(f.maximum, f.atOnce)
	q := query.Question[0]
	f.names = append(f.names, dns.TypeToString[q.Qtype]+" "+q.Name)
	if q.Qtype == dns.TypeA {
		f.asked, f.servers = append(f.asked, time.Now()), append(f.servers, server)
	}
	switch {
	case f.refuse[server]:
		return -1
	case f.silent[server]:
		return 1000 * time.Hour
	}
	return f.takes
}

func (f *fake) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.atOnce--
}

func (f *fake) reply(query *dns.Msg) *dns.Msg {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := query.Question[0]
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = true
	addrs, exists := f.addrs[q.Name]
	reply.Rcode = f.rcodes[q.Name]
	if !exists && reply.Rcode == 0 {
		reply.Rcode = dns.RcodeNameError
	}
	if q.Qtype == f.fails {
		reply.Rcode = dns.RcodeServerFailure
	}
	for _, text := range addrs {
		addr := netip.MustParseAddr(text)
		h := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: f.ttl}
		switch {
		case reply.Rcode != 0:
		case q.Qtype == dns.TypeA && addr.Is4():
			reply.Answer = append(reply.Answer, &dns.A{Hdr: h, A: addr.AsSlice()})
		case q.Qtype == dns.TypeAAAA && addr.Is6():
			reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: h, AAAA: addr.AsSlice()})
		}
	}
	return reply
}

// now changes what the servers do.
func (f *fake) now(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// gaps returns the times between questions since the last call of forget.
func (f *fake) gaps() (gaps []time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := 1; i < len(f.asked); i++ {
		gaps = append(gaps, f.asked[i].Sub(f.asked[i-1]))
	}
	return gaps
}

// count returns how many questions for A records there were since the last call of forget.
func (f *fake) count() int { return len(f.journey()) }

// journey returns the servers that these went to.
func (f *fake) journey() []netip.AddrPort {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.servers)
}

// questions returns all, sorted, such as "AAAA web.".
func (f *fake) questions() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(slices.Values(f.names))
}

func (f *fake) forget() {
	f.now(func() { f.asked, f.servers, f.names = nil, nil, nil })
}

// journal is what OnChange was told.
type journal struct {
	mu     sync.Mutex
	causes []string
}

func (j *journal) note(_ Name, a Answer) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.causes = append(j.causes, a.Cause)
}

// told returns what was told since the last call.
func (j *journal) told() (causes []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	causes, j.causes = j.causes, nil
	return causes
}

const (
	server1 = "10.53.0.1:53"
	server2 = "10.53.0.2:53"
)

// inBubble runs a test with a resolver that asks a fake server, or what o says else.
func inBubble(t *testing.T, o Options, test func(t *testing.T, r *Resolver, f *fake, j *journal)) {
	t.Helper()
	if o.ResolvFile == "" && o.Servers == nil {
		o.Servers = servers(server1)
	}
	if o.HostsFile == "" {
		o.HostsFile = filepath.Join(t.TempDir(), "none")
	}
	synctest.Test(t, func(t *testing.T) {
		f, j := newFake(), &journal{}
		o.OnChange = j.note
		r := newResolver(o, f.exchange)
		defer r.Stop()
		test(t, r, f, j)
	})
}

// pass lets time pass in a bubble until everything has settled.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func servers(texts ...string) (list []netip.AddrPort) {
	for _, text := range texts {
		list = append(list, netip.MustParseAddrPort(text))
	}
	return list
}

// addresses returns what is known of a name, as text.
func addresses(t *testing.T, r *Resolver, n Name) string {
	t.Helper()
	a, ok := r.Answer(n)
	if !ok {
		t.Fatalf("%v is not followed", n)
	}
	var list []string
	for _, e := range a.Endpoints {
		list = append(list, e.Address.String())
	}
	return sprint(list)
}

func sprint[T any](list []T) string { return fmt.Sprint(slices.Clip(list)) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
