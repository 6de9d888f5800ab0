package why

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit/golden"
)

// app is the situation of a backend with servers such as "web1", "web2 x3" of weight 3 and
// "web3 down".
func app(algorithm string, servers ...string) *Situation {
	s := &Situation{Backend: "app", Algorithm: algorithm, Since: began().Add(-31 * time.Second)}
	for _, text := range servers {
		name, state, _ := strings.Cut(text, " ")
		c := Candidate{Server: name, Weight: 1, Out: state}
		if _, err := fmt.Sscanf(state, "x%d", &c.Weight); err == nil {
			c.Out = ""
		}
		s.Servers = append(s.Servers, c)
	}
	return s
}

const notReached = -time.Microsecond

// request is one that web1 has answered, with what edit makes of it.
func request(edit func(*Record)) *Record {
	r := &Record{
		Began: began(), ID: []byte("0af7651916cd43dd8448eb211c80319c"), Client: netip.MustParseAddrPort("192.0.2.7:51234"),
		Frontend: "web", Backend: "app", Method: []byte("GET"), Host: []byte("shop.example.com"), Target: []byte("/api/orders?page=2"),
		Status: 200, Termination: "----",
		Timers:   Timers{0, 400 * time.Microsecond, 30 * time.Millisecond, 35 * time.Millisecond},
		Attempts: []Attempt{{Server: "web1", After: 100 * time.Microsecond, Situation: app("roundrobin", "web1", "web2", "web3")}},
	}
	edit(r)
	return r
}

// stories are those that an admin comes across.
func stories() map[string]*Record {
	first := func(r *Record) *Attempt { return &r.Attempts[0] }
	refused := func(r *Record, next Attempt) {
		first(r).Failed = "connection refused"
		r.Attempts = append(r.Attempts, next)
		r.Timers.Connect = 900 * time.Microsecond
	}
	none := func(r *Record, status int, termination, reason string, s *Situation) {
		r.Attempts, r.NoServer = nil, s
		r.Status, r.Termination, r.Reason = status, termination, reason
		r.Timers.Connect, r.Timers.Response = notReached, notReached
	}
	return map[string]*Record{
		"ordinary": request(func(r *Record) { r.ClientID = []byte("order-17") }),
		"stickiness": request(func(r *Record) {
			r.Stick, r.Wanted, first(r).Pick, r.Termination = Stuck, "web1", ByCookie, "--VN"
		}),
		"first-visit": request(func(r *Record) { r.Termination = "--NI" }),
		"bad-cookie":  request(func(r *Record) { r.Stick, r.Termination = BadCookie, "--II" }),
		"sticky-down": request(func(r *Record) {
			r.Stick, r.Wanted, r.Termination = DownCookie, "web2", "--DI"
			first(r).Situation = app("roundrobin", "web1", "web2 down", "web3")
		}),
		"sticky-full": request(func(r *Record) {
			r.Stick, r.Wanted, first(r).Pick, r.Termination = Stuck, "web1", ByCookie, "--VN"
			r.Place, r.Timers.Queue, first(r).After = 3, 1200*time.Millisecond, 1200*time.Millisecond
			r.Timers.Total = 1235 * time.Millisecond
		}),
		"full": request(func(r *Record) { first(r).Pick = OnlyOne }),
		"retry": request(func(r *Record) {
			s := app("leastconn", "web1", "web2 maint")
			first(r).Situation, first(r).Pick = s, OnlyOne
			refused(r, Attempt{Server: "web1", Pick: Again, After: 1001 * time.Millisecond, Situation: s})
			r.Timers.Total, r.Reason = 1036*time.Millisecond, "web1: connection refused; answered by web1"
		}),
		"redispatch": request(func(r *Record) {
			r.Stick, r.Wanted, first(r).Pick, r.Termination = Stuck, "web1", ByCookie, "--DI"
			refused(r, Attempt{Server: "web3", After: 600 * time.Microsecond, Situation: first(r).Situation})
			r.Reason = "web1: connection refused; answered by web3"
		}),
		"exhausted": request(func(r *Record) {
			refused(r, Attempt{Server: "web2", Pick: OnlyOne, After: 5 * time.Second, Failed: "the server did not accept the connection in time", Situation: app("roundrobin", "web1 down", "web2", "web3 down")})
			r.Status, r.Termination, r.Reason = 503, "sC--", "web1: connection refused; web2: the server did not accept the connection in time"
			r.Timers = Timers{0, notReached, notReached, 10 * time.Second}
		}),
		"drain": request(func(r *Record) {
			r.Stick, r.Wanted, first(r).Pick, r.Termination = Stuck, "web1", ByCookie, "--VN"
			first(r).Situation = app("roundrobin", "web1 drain", "web2", "web3")
		}),
		"maint":  request(func(r *Record) { first(r).Situation = app("roundrobin", "web1 x3", "web2 maint", "web3") }),
		"backup": request(func(r *Record) { first(r).Situation = app("roundrobin", "web1", "web2", "web3 backup") }),
		"backup-in-use": request(func(r *Record) {
			first(r).Server = "spare"
			first(r).Pick, first(r).Situation = OnlyOne, app("roundrobin", "web1 down", "web2 down", "spare")
		}),
		"queue": request(func(r *Record) {
			first(r).Pick, first(r).After, r.Place = ByQueue, 2*time.Second, 12
			r.Timers.Queue, r.Timers.Total = 2*time.Second, 2035*time.Millisecond
		}),
		"queue-timeout": request(func(r *Record) {
			none(r, 503, "sQ--", "no server had room within timeout.queue", app("roundrobin", "web1", "web2", "web3 down"))
			r.Place, r.Timers.Queue, r.Timers.Total = 140, 5*time.Second, 5001*time.Millisecond
		}),
		"no-server": request(func(r *Record) {
			none(r, 503, "SC--", "no server is usable", app("roundrobin", "web1 down", "web2 maint", "web3 down"))
			r.Timers.Total = 90 * time.Microsecond
		}),
		"hash": request(func(r *Record) { first(r).Pick, first(r).Situation = ByHash, app("source", "web1", "web2", "web3") }),
		"client-abort": request(func(r *Record) {
			r.Status, r.Termination, r.Reason, first(r).Failed = 499, "CH--", "the client left", "the client left"
			r.Timers.Response, r.Timers.Total = notReached, 3300*time.Millisecond
		}),
		"slow": request(func(r *Record) {
			r.Timers.Response, r.Timers.Total = 2700*time.Millisecond, 90*time.Second
		}),
		"refused": request(func(r *Record) {
			none(r, 400, "PR--", "the request was refused", nil)
			r.Backend, r.Timers.Queue, r.Timers.Total, r.Client = "", notReached, 200*time.Microsecond, netip.AddrPort{}
			r.Target, r.Host = []byte("/\x1b[31m" + strings.Repeat("a", 200))[:maxTarget], nil
		}),
		"redirect": request(func(r *Record) {
			none(r, 308, "LR--", "", nil)
			r.Backend, r.Timers.Queue, r.Timers.Total = "", notReached, 100*time.Microsecond
		}),
		"panic": request(func(r *Record) {
			s := app("roundrobin", "web1", "web2", "web3")
			s.Panicking, s.Since, first(r).Situation = true, began().AddDate(0, 0, -2), s
		}),
		"forgotten": request(func(r *Record) { first(r).Situation = nil }),
		"tcp": request(func(r *Record) {
			r.Method, r.Host, r.Target, r.Status, r.Timers.Response, r.Timers.Total = nil, nil, nil, 0, notReached, 3*time.Hour+2*time.Minute
		}),
		"many": request(func(r *Record) {
			var servers []string
			for i := range 400 {
				servers = append(servers, fmt.Sprint("web", i+1, map[bool]string{true: " drain"}[i%7 == 3], map[bool]string{true: " down"}[i%7 == 5]))
			}
			first(r).Situation = app("random", servers...)
		}),
	}
}

func TestStories(t *testing.T) {
	for name, record := range stories() {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := WriteStory(&b, record); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, "story/"+name+".txt", b.String())
		})
	}
}

// A story is the same when its record has been through the memory.
func TestStoriesAreRemembered(t *testing.T) {
	m := New(Options{})
	for name, record := range stories() {
		record.ID = []byte(name)
		m.Keep(record)
		if found := m.Find([]byte(name)); len(found) != 1 {
			t.Errorf("%s: %d found", name, len(found))
		} else {
			record.Began = record.Began.Truncate(time.Microsecond)
			same(t, &found[0], record)
		}
	}
}

func TestList(t *testing.T) {
	var records []Record
	for _, name := range []string{"ordinary", "sticky-down", "full", "retry", "redispatch", "queue", "queue-timeout", "no-server", "refused", "tcp"} {
		r := stories()[name]
		r.ID = []byte(name)
		records = append(records, *r)
	}
	var b strings.Builder
	if err := WriteList(&b, records); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "list.txt", b.String())
}

func TestAbnormal(t *testing.T) {
	ordinary := []string{"ordinary", "first-visit", "stickiness", "bad-cookie", "full", "drain", "maint", "backup", "backup-in-use", "hash", "redirect", "panic", "forgotten", "many", "tcp"}
	want := map[string]bool{}
	for _, name := range ordinary {
		want[name] = true
	}
	for name, r := range stories() {
		if r.Abnormal(time.Second) == want[name] {
			t.Errorf("%s: abnormal is %v", name, !want[name])
		}
	}
	slow := stories()["slow"]
	if slow.Abnormal(0) || slow.Abnormal(2*time.Minute) {
		t.Error("slow is what takes less than it must")
	}
	slow.Status = 101
	if !slow.Abnormal(2*time.Second) || slow.Abnormal(3*time.Second) {
		t.Error("of a tunnel the time up to the answer counts")
	}
}
