package main_test

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// The same farm for HAProxy and for Relais.
const (
	rivalConfig = `
global
  stats socket %[1]s/haproxy level admin
  maxconn 100
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend fe
  bind unix@%[1]s/fe
  default_backend be
backend be
  option httpchk GET /health
  server s1 %[2]s check inter 1s weight 10 agent-check agent-port %[4]s agent-inter 1s
  server s2 %[3]s check inter 1s weight 20 agent-check agent-port %[4]s agent-inter 1s
backend bare
  server s1 %[2]s
  server s2 %[3]s
`
	ownConfig = `
limits: {maxconn: 100}
stats: {bind: "127.0.0.1:0"}
frontends:
  - {name: fe, bind: "127.0.0.1:0", default_backend: be}
backends:
  - name: be
    health_check: {path: /health, inter: 1s}
    agent_check: {port: %[3]s, inter: 1s}
    servers: [{name: s1, address: "%[1]s", weight: 10}, {name: s2, address: "%[2]s", weight: 20}]
  - name: bare
    servers: [{name: s1, address: "%[1]s"}, {name: s2, address: "%[2]s"}]
`
)

// asked is a command that both are asked, in this order.
type asked struct {
	command string
	look    func(theirs, ours string) bool // tells whether two answers are alike; nil: whole
	differs string                         // why they are not; empty: they are
}

// Reasons that several commands share.
const (
	fewer     = "the list has the commands that there are"
	twoEnds   = "HAProxy 2.6 leaves out the empty line at the end of this answer"
	newFormat = "as HAProxy 3 says it"
	itself    = "HAProxy lists the socket's own session too"
)

// spoken is the least that scripts and programs around HAProxy say.
var spoken = []asked{
	{"show info", figures, ""},
	{"show info typed", figures, ""},
	{"show info json", figures, ""},
	{"show stat", table, ""},
	{"show stat typed", figures, ""},
	{"show stat json", figures, ""},
	{"show stat up", table, ""},
	{"show stat no-maint", table, ""},
	{"show stat be 4 -1", table, ""},
	{"show stat -1 4 -1", table, ""},
	{"show stat fe 1 -1", table, ""},
	{"show stat nope 4 -1", nil, ""},
	{"show servers state", nil, ""},
	{"show servers state be", nil, ""},
	{"show servers state nope", nil, ""},
	{"show servers conn", nil, newFormat},
	{"show servers conn nope", nil, ""},
	{"show backend", nil, ""},
	{"show sess", nil, itself},
	{"show sess all", nil, itself},
	{"show sess 0x33", nil, ""},
	{"show errors", nil, ""},
	{"show errors fe", nil, ""},
	{"show errors nope", nil, ""},
	{"show table", nil, ""},
	{"show table nope", nil, ""},
	{"show version", nil, ""},
	{"show env PATH", nil, ""},
	{"show env NOPE_", nil, ""},
	{"show cli sockets", head, ""},
	{"show cli level", nil, ""},
	{"show activity", head, ""},

	{"get weight be/s1", nil, ""},
	{"get weight nope/s1", nil, ""},
	{"get weight be/nope", nil, ""},
	{"get weight be", nil, ""},
	{"set weight be/s1 5", nil, ""},
	{"set weight be/s1 50%", nil, ""},
	{"get weight be/s1", nil, ""},
	{"set weight be/s1 300", nil, ""},
	{"set weight be/s1 -1", nil, ""},
	{"set weight be/s1", nil, ""},
	{"set weight be/s1 x", nil, twoEnds},
	{"set server be/s1 weight 7", nil, ""},
	{"set server be/s1 weight 300", nil, ""},

	{"set server be/s1 state drain", nil, ""},
	{"show servers state be", state, ""},
	{"show stat be 4 -1", table, "HAProxy says (agent) of it wherever there is one"},
	{"set server be/s1 state ready", nil, ""},
	{"set server bare/s1 state maint", nil, ""},
	{"show servers state bare", state, ""},
	{"show stat bare 4 -1", table, ""},
	{"show stat no-maint", table, ""},
	{"set server bare/s1 state ready", nil, ""},
	{"show servers state bare", state, ""},
	{"set server be/s1 state x", nil, ""},
	{"set server be/nope state drain", nil, ""},
	{"set server", nil, ""},
	{"set server be/s1", nil, ""},
	{"set server be/s1 nonsense", nil, ""},
	{"disable server bare/s2", nil, ""},
	{"show servers state bare", state, ""},
	{"enable server bare/s2", nil, ""},
	{"disable server be/nope", nil, ""},

	{"set server be/s1 health stopping", nil, ""},
	{"set server be/s1 health up", nil, ""},
	{"set server be/s1 health x", nil, ""},
	{"set server bare/s1 health down", nil, ""},
	{"show stat bare 4 -1", table, ""},
	{"show servers state bare", state, ""},
	{"set server bare/s1 health up", nil, ""},
	{"show stat bare 4 -1", table, ""},
	{"disable health be/s1", nil, ""},
	{"enable health be/s1", nil, ""},
	{"enable health bare/s1", nil, ""},
	{"set server be/s1 agent down", nil, ""},
	{"set server be/s1 agent up", nil, ""},
	{"set server be/s1 agent x", nil, ""},
	{"set server bare/s1 agent up", nil, ""},
	{"disable agent be/s1", nil, ""},
	{"enable agent be/s1", nil, ""},
	{"enable agent bare/s1", nil, ""},

	{"set server be/s1 addr", nil, ""},
	{"set server be/s1 addr x", nil, ""},
	{"set server be/s1 addr 127.0.0.2", nil, ""},
	{"set server be/s1 addr 127.0.0.2", nil, newFormat},
	{"set server be/s1 addr 127.0.0.1 port 81", nil, ""},
	{"set server be/s1 addr 127.0.0.1 port 82", nil, newFormat},
	{"set server be/s1 check-addr 127.0.0.1", nil, ""},
	{"set server be/s1 check-port 81", nil, ""},
	{"set server be/s1 check-port x", nil, twoEnds},
	{"set server bare/s1 check-port 81", nil, twoEnds},
	{"set server be/s1 agent-addr 127.0.0.1", nil, ""},
	{"set server be/s1 agent-addr x", nil, twoEnds},
	{"set server be/s1 agent-port 81", nil, ""},
	{"set server be/s1 agent-send hello", nil, ""},
	{"set server bare/s1 agent-send hello", nil, ""},
	{"set server be/s1 fqdn localhost", nil, ""},
	{"set server be/s1 name x", nil, "a server cannot be renamed, and the message says what to do"},

	{"disable frontend fe", nil, ""},
	{"disable frontend fe", nil, ""},
	{"enable frontend fe", nil, ""},
	{"enable frontend fe", nil, ""},
	{"disable frontend nope", nil, ""},
	{"set maxconn server be/s1 5", nil, ""},
	{"set maxconn server be/s1 x", nil, twoEnds},
	{"set maxconn server be/nope 5", nil, ""},
	{"set maxconn frontend fe 50", nil, ""},
	{"set maxconn frontend fe", nil, ""},
	{"set maxconn frontend nope 5", nil, ""},
	{"set maxconn global 50", nil, ""},
	{"set maxconn global", nil, ""},
	{"clear counters", nil, ""},
	{"clear counters all", nil, ""},

	{"add server bare/n1 127.0.0.1:80", nil, ""},
	{"add server bare/n1 127.0.0.1:80", nil, ""},
	{"add server nope/n1 127.0.0.1:80", nil, twoEnds},
	{"add server bare/n2", nil, ""},
	{"show servers state bare", state, ""},
	{"show stat bare 4 -1", table, ""},
	{"enable server bare/n1", nil, ""},
	{"del server bare/n1", nil, twoEnds},
	{"disable server bare/n1", nil, ""},
	{"wait 2s srv-removable bare/n1", nil, "HAProxy 2.6 does not know it yet"},
	{"del server bare/n1", nil, twoEnds},
	{"del server bare/n1", nil, twoEnds},
	{"disable server bare/s1", nil, ""},
	{"del server bare/s1", nil, "HAProxy 2.6 deletes servers of the file too, and they come back at its next start"},

	{"shutdown session", nil, ""},
	{"shutdown session 0x12", nil, ""},
	{"shutdown sessions server be/s1", nil, ""},
	{"shutdown sessions server be/nope", nil, ""},
	{"shutdown frontend nope", nil, ""},
	{"shutdown frontend fe", nil, ""},
	{"enable frontend fe", nil, ""},
	{"shutdown frontend fe", nil, ""},

	{"help", head, ""},
	{"help", nil, fewer},
	{"nonsense", head, ""},
	{"nonsense", nil, fewer},
	{"prompt", nil, ""},
	{"prompt\nshow version\nquit", nil, ""},
	{"quit", nil, ""},
	{"set timeout cli 5s", nil, ""},
	{"set timeout cli x", nil, ""},
	{"show version;show cli level", nil, ""},
	{"operator;show cli level", nil, ""},
	{"user;show cli level", nil, ""},
	{"user;disable server be/s1", nil, ""},
	{"operator;disable server be/s1", nil, ""},
	{"operator;clear counters", nil, ""},
}

// TestControlBySocat drives the sockets of both with socat through the commands that programs
// around HAProxy use. The answers are alike, or the table says why not.
func TestControlBySocat(t *testing.T) {
	socat, haproxy := testkit.Program(t, "socat"), testkit.Program(t, "haproxy")
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	agent := testkit.RawServer(t, func(c *testkit.Conn) { c.Send("up\n") })
	_, port, _ := net.SplitHostPort(agent.Addr)
	o := operate(t, fmt.Sprintf(ownConfig, a.addr, b.addr, port))
	rival := filepath.Join(o.dir, "haproxy")
	testkit.WriteFile(t, rival+".cfg", fmt.Appendf(nil, rivalConfig, o.dir, a.addr, b.addr, port))
	testkit.Start(t, nil, haproxy, "-db", "-f", rival+".cfg")
	ask := func(socket, command string) string {
		c := exec.Command(socat, "-t10", "-", "unix-connect:"+socket)
		c.Stdin = strings.NewReader(command + "\n")
		out, _ := c.CombinedOutput()
		return string(out)
	}
	for _, socket := range []string{rival, o.socket()} {
		testkit.Eventually(t, socket+": checks and agents are well", func() bool {
			return strings.Count(ask(socket, "show stat be 4 -1"), ",L7OK,") == 4
		})
	}
	for _, command := range spoken {
		look := command.look
		if look == nil {
			look = whole
		}
		theirs, ours := ask(rival, command.command), ask(o.socket(), command.command)
		switch alike := look(theirs, ours); {
		case !alike && command.differs == "":
			t.Errorf("%q:\nHAProxy %.600q\nRelais  %.600q", command.command, theirs, ours)
		case alike && command.differs != "":
			t.Errorf("%q: the answers are alike, no longer different because %s", command.command, command.differs)
		}
	}
}

var (
	numbers  = regexp.MustCompile(`\d+`)
	versions = regexp.MustCompile(`(?m)(^|: |> )\d+\.\d+\.\S+$`)
	dates    = regexp.MustCompile(`\[\d+/\w+/[\d:.]+\]`)
	names    = regexp.MustCompile(`(?m)"name":"([^"]+)"|\.([a-zA-Z]\w*)\.\d+:|^([A-Z][\w -]*): `)
)

// shape is an answer without what is different from run to run.
func shape(answer string) string {
	answer = versions.ReplaceAllString(answer, "${1}VERSION")
	answer = dates.ReplaceAllString(answer, "[DATE]")
	return numbers.ReplaceAllString(answer, "0")
}

func whole(theirs, ours string) bool { return shape(theirs) == shape(ours) }

// head compares first lines.
func head(theirs, ours string) bool {
	first := func(s string) string { return shape(s[:strings.Index(s+"\n", "\n")]) }
	return first(theirs) == first(ours)
}

// figures tells whether ours has most of their figures.
func figures(theirs, ours string) bool {
	of := func(answer string) map[string]bool {
		all := map[string]bool{}
		for _, m := range names.FindAllStringSubmatch(answer, -1) {
			all[m[1]+m[2]+m[3]] = true
		}
		return all
	}
	want, got := of(theirs), of(ours)
	both := 0
	for name := range want {
		if got[name] {
			both++
		}
	}
	return both > 40 && both > len(want)/2
}

// table compares the columns that every version of HAProxy has, and in each row who it is about
// and how that is.
func table(theirs, ours string) bool {
	of := func(answer string) (all []string) {
		for i, line := range strings.Split(strings.TrimSpace(answer), "\n") {
			if columns := strings.Split(line, ","); i > 0 && len(columns) > 17 {
				line = strings.Join([]string{columns[0], columns[1], columns[17]}, ",")
			} else {
				line, _, _ = strings.Cut(line, ",agg_")
			}
			all = append(all, line)
		}
		return all
	}
	return slices.Equal(of(theirs), of(ours))
}

// state compares what "show servers state" says of names, states and weights.
func state(theirs, ours string) bool {
	of := func(answer string) (all []string) {
		for _, line := range strings.Split(answer, "\n") {
			if fields := strings.Fields(line); len(fields) > 9 {
				line = strings.Join(slices.Concat(fields[:4], fields[5:9]), " ")
			}
			all = append(all, line)
		}
		return all
	}
	return slices.Equal(of(theirs), of(ours))
}
