package balancer_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/balancer"
	"relais/balancer/accesslog"
	"relais/balancer/why"
	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

// verdict is a situation in which a request is made.
type verdict struct {
	name    string
	servers string // ok, refusing, sick (503) or held (answers when it is told to) for each
	change  func(*config.Config)
	before  func(*stage) // nil: nothing has to be done
	cookie  string
	record  string // as retold writes it
	line    string // why of the log
}

func maxconn(n int) func(*config.Config) {
	return func(c *config.Config) { c.Backends[0].Servers[0].Maxconn = n }
}

func balance(algorithm string) func(*config.Config) {
	return func(c *config.Config) { c.Backends[0].Balance.Algorithm = algorithm }
}

func order(server int, state string) func(*stage) {
	return func(f *stage) { f.server(server).SetOrders(balancer.Orders{State: state, Weight: -1, Maxconn: -1}) }
}

func down(servers ...int) func(*stage) {
	return func(f *stage) {
		for _, i := range servers {
			f.server(i).SetUp(false)
		}
	}
}

// cookies are the names of the servers.
var cookies = withCookie(func(be *config.Backend) {
	for _, s := range be.Servers {
		s.Cookie = s.Name
	}
})

func change(do func(*config.Backend)) func(*config.Config) {
	return func(c *config.Config) { do(c.Backends[0]) }
}

func verdicts() []verdict {
	patience := change(func(be *config.Backend) { be.Timeout.Queue = 30 * time.Millisecond })
	impatient := change(func(be *config.Backend) { be.Timeout.Connect = 30 * time.Millisecond })
	backup := change(func(be *config.Backend) { be.Servers[1].Backup = true })
	again := both(retryOn("503"), retries(1))
	return []verdict{
		{name: "the algorithm", servers: "ok ok", record: "s1 algorithm [s1 s2]", line: "roundrobin 2/2"},
		{name: "one server", servers: "ok", record: "s1 only [s1]", line: "only 1/1"},
		{name: "hash", servers: "ok ok", change: balance("source"), record: "s2 hash [s1 s2]", line: "hash source 2/2"},
		{name: "nothing to hash", servers: "ok ok", change: both(balance("header"), change(func(be *config.Backend) { be.Balance.Header = "X-None" })),
			record: "s1 algorithm [s1 s2]", line: "hdr 2/2"},

		{name: "cookie", servers: "ok ok", change: cookies, cookie: "SRV=s2", record: "stuck to s2; s2 cookie [s1 s2]", line: "cookie"},
		{name: "unknown cookie", servers: "ok ok", change: cookies, cookie: "SRV=x", record: "bad cookie; s1 algorithm [s1 s2]", line: "cookie unknown; roundrobin 2/2"},
		{name: "cookie of a server that is down", servers: "ok ok ok", change: cookies, cookie: "SRV=s2", before: down(1),
			record: "s2 not to be had; s1 algorithm [s1 s2(down) s3]", line: "cookie s2 down; roundrobin 2/3"},
		{name: "cookie of a server in maintenance", servers: "ok ok", change: cookies, cookie: "SRV=s2", before: order(1, "maint"),
			record: "s2 not to be had; s1 only [s1 s2(maint)]", line: "cookie s2 maint; only 1/2"},
		{name: "cookie of a draining server", servers: "ok ok", change: cookies, cookie: "SRV=s2", before: order(1, "drain"),
			record: "stuck to s2; s2 cookie [s1 s2(drain)]", line: "cookie"},
		{name: "cookie of a server that fails", servers: "refusing ok ok", change: cookies, cookie: "SRV=s1",
			record: "stuck to s1; s1 cookie [s1 s2 s3]: connection refused; s2 algorithm [s1 s2 s3]", line: "retry s1: connection refused; roundrobin 2/3"},

		{name: "redispatch", servers: "refusing ok", record: "s1 algorithm [s1 s2]: connection refused; s2 only [s1 s2]", line: "retry s1: connection refused; only 1/2"},
		{name: "retry on the same server", servers: "refusing", change: both(impatient, retries(1)),
			record: "s1 only [s1]: connection refused; s1 again [s1]: connection refused", line: "retry s1: connection refused; again"},
		{name: "retry of a status", servers: "sick ok ok", change: again, record: "s1 algorithm [s1 s2 s3]: answered 503; s2 algorithm [s1 s2 s3]",
			line: "retry s1: answered 503; roundrobin 2/3"},
		{name: "the last answer", servers: "sick sick", change: again, record: "s1 algorithm [s1 s2]: answered 503; s2 only [s1 s2]", line: "retry s1: answered 503; only 1/2"},

		{name: "drain", servers: "ok ok", before: order(0, "drain"), record: "s2 only [s1(drain) s2]", line: "only 1/2"},
		{name: "maint", servers: "ok ok ok", before: order(0, "maint"), record: "s2 algorithm [s1(maint) s2 s3]", line: "roundrobin 2/3"},
		{name: "backup", servers: "ok ok", change: backup, record: "s1 only [s1 s2(backup)]", line: "only 1/2"},
		{name: "backup in use", servers: "ok ok", change: backup, before: down(0), record: "s2 only [s1(down) s2]", line: "only 1/2"},
		{name: "panic threshold", servers: "ok ok ok", change: change(func(be *config.Backend) { be.PanicThreshold = 50 }), before: down(1, 2),
			record: "s1 algorithm panic [s1 s2 s3]", line: "panic roundrobin 3/3"},
		{name: "none is left", servers: "ok ok", before: down(0, 1), record: "no server [s1(down) s2(down)]", line: "none: no server is usable"},
		{name: "one is left, and fails", servers: "refusing ok", change: impatient, before: down(1),
			record: "s1 only [s1 s2(down)]: connection refused" + strings.Repeat("; s1 again [s1 s2(down)]: connection refused", 3),
			line:   strings.Repeat("retry s1: connection refused; ", 3) + "again"},

		{name: "others are full", servers: "held ok", change: maxconn(1), before: (*stage).occupy, record: "s2 only [s1 s2]", line: "only 1/2"},
		{name: "queue", servers: "held", change: maxconn(1), before: (*stage).occupyShortly, record: "place 1; s1 queue [s1]", line: "queue 1 Nms; first free 1/1"},
		{name: "queue for the cookie's server", servers: "held ok", change: both(cookies, maxconn(1)), cookie: "SRV=s1", before: (*stage).occupyShortly,
			record: "place 1; stuck to s1; s1 cookie [s1 s2]", line: "queue 1 Nms; cookie"},
		{name: "queue for the hash's server", servers: "ok held", change: both(balance("source"), change(func(be *config.Backend) { be.Servers[1].Maxconn = 1 })),
			before: (*stage).occupyShortly, record: "place 1; s2 hash [s1 s2]", line: "queue 1 Nms; hash source 2/2"},
		{name: "queue timeout", servers: "held", change: both(patience, maxconn(1)), before: (*stage).occupy,
			record: "place 1; no server [s1]", line: "queue 1 Nms; none: no server had room within timeout.queue"},
		{name: "queue timeout of a cookie", servers: "held ok", change: both(cookies, both(patience, maxconn(1))), cookie: "SRV=s1", before: (*stage).occupy,
			record: "place 1; stuck to s1; no server [s1 s2]", line: "cookie s1; queue 1 Nms; none: no server had room within timeout.queue"},
		{name: "redispatch through the queue", servers: "held refusing", change: maxconn(1), before: (*stage).occupyShortly,
			record: "place 1; s2 only [s1 s2]: connection refused; s1 queue [s1 s2]", line: "queue 1 Nms; retry s2: connection refused; first free 1/2"},
	}
}

// TestVerdicts has the record of a request, and its line, tell why it went where it went.
func TestVerdicts(t *testing.T) {
	for _, test := range verdicts() {
		t.Run(test.name, func(t *testing.T) {
			release := make(chan struct{}, 1)
			f := &stage{farm: newFarm(t, test.change, verdictServers(t, test.servers, release)...), release: release}
			t.Cleanup(func() { close(release) })
			if test.before != nil {
				test.before(f)
			}
			c := f.dial()
			c.Send("GET /it HTTP/1.1\r\nHost: h\r\nCookie: " + test.cookie + "\r\n\r\n")
			f.let()
			c.Head()
			r, l := f.about("/it")
			if got := retold(&r); got != test.record {
				t.Errorf("the record says\n%s, want\n%s", got, test.record)
			}
			if got := millis.ReplaceAllString(l.Why, "Nms"); got != test.line {
				t.Errorf("the line says %q, want %q", got, test.line)
			}
			if string(r.ID) != string(l.ID) || r.Status != l.Status || r.Termination != l.Termination || r.Reason != l.Reason || !r.Began.Equal(l.Time) {
				t.Errorf("the record %+v is not of the line %+v", r, l)
			}
			if string(l.Method) != string(r.Method) || r.Timers.Total.Microseconds() != l.Timers.Total || r.Timers.Queue < 0 != (l.Timers.Queue < 0) {
				t.Errorf("the record %+v is not of the line %+v", r, l)
			}
		})
	}
}

var millis = regexp.MustCompile(`\d+ms`)

func verdictServers(t *testing.T, kinds string, release <-chan struct{}) (addrs []string) {
	for _, kind := range strings.Fields(kinds) {
		if kind == "refusing" {
			addrs = append(addrs, testkit.RefusingAddr(t))
			continue
		}
		addrs = append(addrs, testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case kind == "sick":
				w.WriteHeader(http.StatusServiceUnavailable)
			case kind == "held" && r.URL.Path == "/busy":
				<-release
			}
		})))
	}
	return addrs
}

// stage is a farm with a server that may be kept busy.
type stage struct {
	*farm
	release chan struct{} // tells it to answer
	shortly bool          // it is as soon as somebody waits
}

// occupy keeps a server with room for one busy.
func (f *stage) occupy() {
	f.dial().Send("GET /busy HTTP/1.1\r\nHost: h\r\n" + "Cookie: SRV=s1\r\n\r\n")
	testkit.Eventually(f.t, "a busy server", func() bool {
		for i := range f.proxy.Table().Backends[0].Servers {
			if f.server(i).Served() > 0 {
				return true
			}
		}
		return false
	})
}

// occupyShortly does so until somebody waits for it.
func (f *stage) occupyShortly() {
	f.occupy()
	f.shortly = true
}

// let lets the busy server go, if it was to be busy only until now.
func (f *stage) let() {
	if !f.shortly {
		return
	}
	testkit.Eventually(f.t, "a request in the queue", func() bool {
		now, _ := f.proxy.Table().Backends[0].Counters.Queued.Load()
		return now > 0
	})
	f.release <- struct{}{}
}

// about waits for the record and the line of the request for a target.
func (f *farm) about(target string) (r why.Record, l accesslog.Entry) {
	f.t.Helper()
	testkit.Eventually(f.t, "a line", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		for i := range f.lines {
			if string(f.lines[i].Target) == target {
				l = f.lines[i]
			}
		}
		for i := range f.kept {
			if string(f.kept[i].Target) == target {
				r = f.kept[i]
			}
		}
		return l.Target != nil
	})
	return r, l
}

// retold is a record as text.
func retold(r *why.Record) string {
	var parts []string
	if r.Place > 0 {
		parts = append(parts, fmt.Sprintf("place %d", r.Place))
	}
	switch r.Stick {
	case why.BadCookie:
		parts = append(parts, "bad cookie")
	case why.DownCookie:
		parts = append(parts, r.Wanted+" not to be had")
	case why.Stuck:
		parts = append(parts, "stuck to "+r.Wanted)
	}
	picks := [why.Picks]string{"algorithm", "hash", "cookie", "only", "queue", "again"}
	last := time.Duration(0)
	for _, a := range r.Attempts {
		part := a.Server + " " + picks[a.Pick] + scene(a.Situation)
		if a.Failed != "" {
			part += ": " + a.Failed
		}
		if a.After < last || a.After > r.Timers.Total {
			part += fmt.Sprintf(", after %v?", a.After)
		}
		last = a.After
		parts = append(parts, part)
	}
	if r.NoServer != nil {
		parts = append(parts, "no server"+scene(r.NoServer))
	}
	return strings.Join(parts, "; ")
}

func scene(s *why.Situation) string {
	var servers []string
	for _, c := range s.Servers {
		if c.Out != "" {
			c.Server += "(" + c.Out + ")"
		}
		servers = append(servers, c.Server)
	}
	text := fmt.Sprintf(" %v", servers)
	if s.Panicking {
		text = " panic" + text
	}
	if s.Backend != "app" || s.Algorithm == "" || s.Since.IsZero() {
		text += fmt.Sprintf(" of %q, %q, since %v?", s.Backend, s.Algorithm, s.Since)
	}
	return text
}

// What the frontend answers itself has its own words.
func TestVerdictsOfTheFrontend(t *testing.T) {
	f := newFarm(t, rules(
		config.Rule{Match: on("/denied"), Deny: 403},
		config.Rule{Match: on("/moved"), Redirect: &config.Redirect{Location: "/new", Code: 302}},
		config.Rule{Match: on("/fixed"), Return: &config.Return{Status: 200}},
	), testkit.RefusingAddr(t))
	for i, test := range []struct{ request, want string }{
		{"GET /denied HTTP/1.1\r\nHost: h\r\n\r\n", "local: denied by rule 1"},
		{"GET /moved HTTP/1.1\r\nHost: h\r\n\r\n", "local: redirect by rule 2"},
		{"GET /fixed HTTP/1.1\r\nHost: h\r\n\r\n", "local: answer by rule 3"},
		{"GET / HTTP/1.1\r\nHo st: h\r\n\r\n", "local: refused"},
	} {
		c := f.dial()
		c.Send(test.request)
		c.Head()
		if l := f.line(i); l.Why != test.want {
			t.Errorf("%q: the line says %q, want %q", test.request, l.Why, test.want)
		}
		f.mu.Lock()
		r := f.kept[i]
		f.mu.Unlock()
		if r.Backend != "" || r.Attempts != nil || r.NoServer != nil || r.Frontend != "web" || r.Timers.Queue >= 0 || r.Timers.Total < 0 {
			t.Errorf("%q: the record says %+v", test.request, r)
		}
	}
}

func TestVerdictOfASession(t *testing.T) {
	f := newTCPFarm(t, nil, testkit.RefusingAddr(t), talker(t), talker(t))
	f.serveTCP(listen.Bind{Address: "127.0.0.1:0"})
	c := f.dial()
	c.Body(6)
	c.Close()
	l := f.line(0)
	const line = "retry s1: connection refused; roundrobin 2/3"
	const record = "s1 algorithm [s1 s2 s3]: connection refused; s2 algorithm [s1 s2 s3]"
	if l.Why != line {
		t.Errorf("the line says %q, want %q", l.Why, line)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.kept[0]; retold(&r) != record || r.Reason != l.Reason || r.Termination != l.Termination || r.Timers.Connect < 0 || r.Timers.Response >= 0 {
		t.Errorf("the record says %s: %+v", retold(&r), r)
	}
}

// A request counts for the way in which its server was chosen, once for each attempt.
func TestPicksAreCounted(t *testing.T) {
	f := newFarm(t, cookies, testkit.RefusingAddr(t), named(t, "s2"), named(t, "s3"))
	for _, cookie := range []string{"", "SRV=s3", "SRV=s3", ""} {
		f.get(cookie)
	}
	for i, want := range [][why.Picks]uint64{
		{why.ByAlgorithm: 1},
		{why.ByAlgorithm: 1},
		{why.ByAlgorithm: 1, why.ByCookie: 2},
	} {
		c := &f.server(i).Counters
		total := uint64(0)
		for pick := range want {
			if got := c.Picks[pick].Load(); got != want[pick] {
				t.Errorf("s%d, kind %d: %d, want %d", i+1, pick, got, want[pick])
			}
			total += want[pick]
		}
		if c.SessionsTotal.Load() != total || c.Balanced() != want[why.ByAlgorithm] {
			t.Errorf("s%d: %d requests, %d of them balanced", i+1, c.SessionsTotal.Load(), c.Balanced())
		}
	}
}
