package why

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// began is when things happen in tests.
func began() time.Time { return time.Date(2026, 11, 23, 10, 2, 11, 123456000, time.UTC) }

// traffic makes records that vary as those of real traffic do.
type traffic struct {
	*rand.Rand
	now       time.Time
	situation *Situation
}

func newTraffic() *traffic {
	t := &traffic{Rand: rand.New(rand.NewPCG(1, 2)), now: began()}
	t.situation = &Situation{Backend: "app", Algorithm: "roundrobin", Since: t.now.Add(-time.Hour)}
	for i := range 10 {
		t.situation.Servers = append(t.situation.Servers, Candidate{Server: fmt.Sprint("web", i+1), Weight: 1})
	}
	t.situation.Servers[3].Out = "down"
	return t
}

func (t *traffic) id() []byte {
	var b [16]byte
	for i := range b {
		b[i] = byte(t.Uint32())
	}
	return hex.AppendEncode(nil, b[:])
}

func (t *traffic) server() string { return fmt.Sprint("web", 1+t.IntN(10)) }

// ordinary is a request that all went well with.
func (t *traffic) ordinary() *Record {
	total := time.Duration(t.IntN(90_000)) * time.Microsecond
	return &Record{
		Began: t.now, ID: t.id(),
		Client:   netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(t.IntN(256)), byte(t.IntN(256)), byte(t.IntN(256))}), uint16(t.IntN(65536))),
		Frontend: "web", Backend: "app", Method: []byte("GET"), Host: []byte("www.example.com"),
		Target: fmt.Appendf(nil, "/api/orders/%d?page=%d", t.IntN(1e6), t.IntN(50)),
		Status: 200, Termination: "----",
		Timers:   Timers{0, time.Duration(t.IntN(900)) * time.Microsecond, total, total + 137*time.Microsecond},
		Attempts: []Attempt{{Server: t.server(), Situation: t.situation}},
	}
}

// abnormal is one of those that are kept apart.
func (t *traffic) abnormal() *Record {
	r := t.ordinary()
	if t.IntN(3) == 0 {
		r.ClientID = uuid(t.id())
	}
	switch t.IntN(4) {
	case 0:
		r.Attempts[0].Failed = "connection refused"
		r.Attempts = append(r.Attempts, Attempt{Server: t.server(), After: 2 * time.Millisecond, Situation: t.situation})
		r.Reason = r.Attempts[0].Server + ": connection refused; answered by " + r.Attempts[1].Server
	case 1:
		r.Status, r.Termination, r.Reason, r.Attempts = 503, "sQ--", "no server had room within timeout.queue", nil
		r.Timers, r.Place, r.NoServer = Timers{5 * time.Second, -1, -1, 5 * time.Second}, 1+t.IntN(500), t.situation
	case 2:
		r.Status, r.Termination = 504, "sH--"
		r.Attempts[0].Failed, r.Reason = "the server did not answer in time", r.Attempts[0].Server+": the server did not answer in time"
	case 3:
		r.Place, r.Timers.Queue, r.Attempts[0].Pick = 1+t.IntN(90), time.Duration(t.IntN(3e6))*time.Microsecond, ByQueue
	}
	return r
}

// worst is as long as a record can be expected to become.
func (t *traffic) worst() *Record {
	r := t.ordinary()
	var addr [16]byte
	for i := range addr {
		addr[i] = byte(t.Uint32())
	}
	r.Client = netip.AddrPortFrom(netip.AddrFrom16(addr), uint16(t.IntN(65536)))
	r.ClientID = uuid(t.id())
	r.Target = slices.Concat([]byte("/"), t.id(), t.id(), t.id(), t.id())
	r.Host = []byte("a-rather-long-name-of-a-host.example.com")
	r.Timers = Timers{3 * time.Second, time.Second, 50 * time.Second, 55 * time.Second}
	r.Place, r.Stick, r.Wanted, r.Status, r.Termination = 1+t.IntN(500), DownCookie, t.server(), 502, "SHDN"
	r.Attempts = nil
	for i := range 3 {
		s := t.server()
		r.Attempts = append(r.Attempts, Attempt{
			Server: s, Pick: Again, After: time.Duration(i) * 10 * time.Second, Situation: t.situation,
			Failed: fmt.Sprintf("dial tcp 192.0.2.%d:8080: connect: no route to host, from 198.51.100.%d", t.IntN(20), t.IntN(10)),
		})
	}
	r.Reason = r.Attempts[2].Failed
	return r
}

// uuid writes 32 hexadecimal digits with dashes.
func uuid(id []byte) []byte {
	return fmt.Appendf(nil, "%s-%s-%s-%s-%s", id[:8], id[8:12], id[12:16], id[16:20], id[20:32])
}

// same fails if two records differ.
func same(t *testing.T, got, want *Record) {
	t.Helper()
	if a, b := flat(got), flat(want); a != b {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func flat(r *Record) string {
	text := fmt.Sprintf("%s %s %q %s|%s %s|%s %s %s|%d %s %q|%v|%d %d %q", r.Began.UTC(), r.ID, r.ClientID, r.Client,
		r.Frontend, r.Backend, r.Method, r.Host, r.Target, r.Status, r.Termination, r.Reason, r.Timers, r.Place, r.Stick, r.Wanted)
	for _, a := range r.Attempts {
		text += fmt.Sprintf("|%s %d %s %q %s", a.Server, a.Pick, a.After, a.Failed, situationText(a.Situation))
	}
	return text + "|" + situationText(r.NoServer)
}

func situationText(s *Situation) string {
	if s == nil {
		return "nil"
	}
	return fmt.Sprint(s.Backend, s.Algorithm, s.Since.UTC(), s.Panicking, s.Servers)
}
