package balancer_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"relais/balancer"
	"relais/balancer/accesslog"
	"relais/internal/config"
	"relais/internal/testkit"
)

func TestAdvice(t *testing.T) {
	say := func(change func(*balancer.Advice)) balancer.Advice {
		a := balancer.NoAdvice()
		change(&a)
		return a
	}
	f := newFarm(t, func(c *config.Config) {
		c.Backends[0].Servers[0].Weight, c.Backends[0].Servers[0].Maxconn = 10, 7
	}, testkit.RefusingAddr(t))
	s := f.server(0)
	for name, tc := range map[string]struct {
		advice          balancer.Advice
		weight, maxconn int
		usable          bool
	}{
		"none":        {balancer.NoAdvice(), 10, 7, true},
		"half":        {say(func(a *balancer.Advice) { a.Weight = 50 }), 5, 7, true},
		"a little":    {say(func(a *balancer.Advice) { a.Weight = 1 }), 1, 7, true},
		"nothing":     {say(func(a *balancer.Advice) { a.Weight = 0 }), 0, 7, false},
		"too much":    {say(func(a *balancer.Advice) { a.Weight = 10000 }), 256, 7, true},
		"maxconn":     {say(func(a *balancer.Advice) { a.Maxconn = 30 }), 10, 30, true},
		"drain":       {say(func(a *balancer.Advice) { a.Drain = true }), 10, 7, false},
		"maintenance": {say(func(a *balancer.Advice) { a.Maintenance = true }), 10, 7, false},
		"down":        {say(func(a *balancer.Advice) { a.Down = true }), 10, 7, false},
	} {
		s.SetAdvice(tc.advice)
		if s.Weight() != tc.weight || s.Maxconn() != tc.maxconn || s.Usable() != tc.usable {
			t.Errorf("%s: weight %d, maxconn %d, usable %v; want %d, %d, %v", name, s.Weight(), s.Maxconn(), s.Usable(), tc.weight, tc.maxconn, tc.usable)
		}
		s.SetUp(false)
		if s.Usable() {
			t.Errorf("%s: usable though its check has failed", name)
		}
		s.SetUp(true)
	}
	s.SetAdvice(balancer.NoAdvice())
	s.SetNoLB(true)
	if s.Usable() {
		t.Error("usable though its check says that it wants no new requests")
	}
	s.SetNoLB(false)
	if !s.Usable() {
		t.Error("not usable any more")
	}
}

// An agent that says down calls off what has no answer yet, as a failed check does.
func TestAdviceOfBeingDownEndsAttempts(t *testing.T) {
	arrived := make(chan struct{}, 1)
	hung := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		arrived <- struct{}{}
		_, _ = c.Rest()
	})
	f := newFarm(t, retries(0), hung.Addr)
	c := f.dial()
	c.Send(get)
	<-arrived
	down := balancer.NoAdvice()
	down.Down = true
	f.server(0).SetAdvice(down)
	c.Head()
	if e := f.line(0); e.Termination != "DH--" || e.Status != http.StatusBadGateway {
		t.Errorf("the request ended with %s %d, want DH-- 502", e.Termination, e.Status)
	}
}

// results notes what a proxy tells of its servers.
type results struct {
	mu   sync.Mutex
	seen []result
}

type result struct {
	server    string
	connected bool
	status    int
}

func (r *results) note(s *balancer.Server, connected bool, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, result{s.Name, connected, status})
}

func TestResultsOfAttempts(t *testing.T) {
	answers := func(text string) string {
		return testkit.RawServer(t, func(c *testkit.Conn) {
			c.Head()
			c.Send(text)
		}).Addr
	}
	arrived := make(chan struct{}, 2)
	silent := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		arrived <- struct{}{}
		_, _ = c.Rest()
	}).Addr
	for name, tc := range map[string]struct {
		address string
		leaves  bool // the client, before there is an answer
		want    []result
	}{
		"200":           {answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), false, []result{{"s1", true, 200}}},
		"503":           {answers("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), false, []result{{"s1", true, 503}}},
		"503, repeated": {answers("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), false, []result{{"s1", true, 503}, {"s1", true, 503}}},
		"refused":       {testkit.RefusingAddr(t), false, []result{{"s1", false, 0}}},
		"no answer":     {answers(""), false, []result{{"s1", true, 0}}},
		"junk":          {answers("SSH-2.0\r\n\r\n"), false, []result{{"s1", true, 0}}},
		"no time left":  {testkit.RawServer(t, func(c *testkit.Conn) { _, _ = c.Rest() }).Addr, false, []result{{"s1", true, 0}}},
		"client leaves": {silent, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var r results
			f := &farm{t: t}
			cfg := farmConfig(func(c *config.Config) {
				c.Backends[0].Retries = 0
				c.Backends[0].Timeout.Server = time.Second
				if name == "503, repeated" {
					c.Backends[0].Retries, c.Backends[0].RetryOn = 1, []string{"503"}
				}
			}, []string{tc.address})
			proxy, err := balancer.New(cfg, balancer.Options{Log: func(e *accesslog.Entry) { f.log(e) }, OnResult: r.note})
			if err != nil {
				t.Fatal(err)
			}
			f.proxy = proxy
			f.serve(proxy.Table().Frontends[0])
			c := f.dial()
			c.Send(get)
			if tc.leaves {
				<-arrived
				c.Reset()
				c.Conn.Close()
			} else {
				c.Head()
			}
			f.line(0)
			r.mu.Lock()
			defer r.mu.Unlock()
			if !slices.Equal(r.seen, tc.want) {
				t.Errorf("got %v, want %v", r.seen, tc.want)
			}
		})
	}
}
