package main_test

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"relais/internal/testkit"
)

// TestControlHealth forces the health of servers, of which one is checked seldom and one not at
// all, and lets checks pause.
func TestControlHealth(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	for _, test := range []struct{ name, more, up string }{
		{"checked", "health_check: {path: /health, inter: 1h}\n", "UP"},
		{"not checked", "", "no check"},
	} {
		o := operate(t, farm(test.more, a.addr, b.addr))
		o.status(t, "web2", test.up)
		o.do(t, "set server app/web2 health down")
		o.status(t, "web2", "DOWN")
		if by := o.share(10); by["a"] != 10 {
			t.Errorf("%s, down: %v", test.name, by)
		}
		o.do(t, "set server app/web2 health stopping")
		o.status(t, "web2", "NOLB")
		if by := o.share(10); by["a"] != 10 {
			t.Errorf("%s, stopping: %v", test.name, by)
		}
		o.do(t, "set server app/web2 health up")
		o.status(t, "web2", test.up)
		if by := o.share(10); by["b"] != 5 {
			t.Errorf("%s, up: %v", test.name, by)
		}
	}
}

// TestControlChecks lets the checks of one server pause.
func TestControlChecks(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	o := operate(t, farm("health_check: {path: /health, inter: 100ms}\n", a.addr, b.addr))
	goOn := func(s *origin) {
		t.Helper()
		before := s.checks.Load()
		testkit.Eventually(t, "checks go on", func() bool { return s.checks.Load() > before+3 })
	}
	goOn(b)
	o.do(t, "disable health app/web2")
	before := b.checks.Load()
	goOn(a)
	goOn(a)
	if n := b.checks.Load(); n > before+1 { // one may have been under way
		t.Errorf("it was checked %d times", n-before)
	}
	if got := o.column(t, "app", "web2", "status"); got != "UP" {
		t.Errorf("it is %s", got)
	}
	o.do(t, "enable health app/web2")
	goOn(b)
	if got, want := o.say(t, "enable agent app/web2"), "Agent was not configured on this server, cannot enable."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestControlAgent: an operator overrules an agent until it speaks again, silences it, and sends
// the questions elsewhere.
func TestControlAgent(t *testing.T) {
	a := newOrigin(t, "a")
	agent := func(word string) (says *atomic.Value, asked *atomic.Int64, port string) {
		says, asked = new(atomic.Value), new(atomic.Int64)
		says.Store(word)
		s := testkit.RawServer(t, func(c *testkit.Conn) {
			asked.Add(1)
			c.Send(says.Load().(string) + "\n")
		})
		_, port, _ = net.SplitHostPort(s.Addr)
		return says, asked, port
	}
	first, asked, port := agent("up 50%")
	_, askedThere, elsewhere := agent("up 25%")
	o := operate(t, farm(fmt.Sprintf("agent_check: {port: %s, inter: 100ms}\n", port), a.addr))
	weighs := func(want string) {
		t.Helper()
		testkit.Eventually(t, "its weight is "+want, func() bool { return strings.HasPrefix(o.say(t, "get weight app/web1"), want+" ") })
	}
	o.do(t, "set weight app/web1 100")
	testkit.Eventually(t, "the agent was asked", func() bool { return asked.Load() > 2 })
	first.Store("down # too hot")
	o.status(t, "web1", "DOWN (agent)")
	o.do(t, "disable agent app/web1", "set server app/web1 agent up")
	testkit.Eventually(t, "it gets traffic", func() bool { return o.body("/") == "a" })
	o.do(t, "set server app/web1 agent down")
	testkit.Eventually(t, "it gets no traffic", func() bool { return strings.Contains(o.body("/"), "503") })
	o.do(t, "enable agent app/web1")
	first.Store("up")
	testkit.Eventually(t, "the agent is heard again", func() bool { return o.body("/") == "a" })
	o.do(t, "set server app/web1 agent-port "+elsewhere)
	testkit.Eventually(t, "another agent is asked", func() bool { return askedThere.Load() > 0 })
	weighs("25")
}

// TestControlCounters clears the maxima, and everything.
func TestControlCounters(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	o := operate(t, farm("", a.addr, b.addr))
	o.share(10)
	is := func(when string, want map[string]string) {
		t.Helper()
		for name, value := range want {
			row, column, _ := strings.Cut(name, " ")
			if got := o.column(t, map[bool]string{true: "web", false: "app"}[row == "FRONTEND"], row, column); got != value {
				t.Errorf("%s: %s is %s, want %s", when, name, got, value)
			}
		}
	}
	is("at first", map[string]string{"FRONTEND req_tot": "10", "BACKEND stot": "10", "web1 stot": "5", "web1 smax": "1", "web2 hrsp_2xx": "5"})
	o.do(t, "clear counters")
	is("after clear counters", map[string]string{"FRONTEND req_tot": "10", "BACKEND stot": "10", "web1 stot": "5", "web1 smax": "0"})
	if got := o.say(t, "clear counters server app/web1"); got != "Server counters cleared." {
		t.Errorf("got %q", got)
	}
	is("after those of web1", map[string]string{"BACKEND stot": "10", "web1 stot": "0", "web2 stot": "5"})
	o.do(t, "clear counters all")
	is("after all", map[string]string{"FRONTEND req_tot": "0", "BACKEND stot": "0", "web2 stot": "0", "web2 hrsp_2xx": "0"})
}
