package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/plan"
	"relais/internal/plan/plantest"
	"relais/internal/testkit"
)

// command runs a verb of the program and returns its exit code and what it wrote.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	p := testkit.Start(t, nil, balancerPath, args...)
	code = p.ExitCode(t)
	return code, p.Stdout.String(), p.Stderr.String()
}

// observed is what can be seen of a balancer from outside.
type observed struct {
	servers   map[string]string // address and weight, by backend/server
	listeners map[string]bool   // that accept connections, by address
	fresh     map[string]int    // backends of which only the number of servers is predicted
}

func observe(t *testing.T, socket string, addresses []string) observed {
	t.Helper()
	o := observed{servers: map[string]string{}, listeners: map[string]bool{}}
	code, out, errs := command(t, "ctl", "--socket", socket, "show servers state")
	if code != 0 {
		t.Fatal(out, errs)
	}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 20 && f[0] != "#" {
			o.servers[f[1]+"/"+f[3]] = f[4] + ":" + f[18] + " weight " + f[8]
		}
	}
	for _, address := range addresses {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
			o.listeners[address] = true
		}
	}
	return o
}

var (
	serverPath  = regexp.MustCompile(`^backends\[([^]]+)\]\.servers\[([^]]+)\](?:\.(\w+))?$`)
	bindPath    = regexp.MustCompile(`^frontends\[[^]]+\]\.bind\[(.+)\]$`)
	addressKey  = regexp.MustCompile(`address: "?([0-9.:]+)"?`)
	backendPath = regexp.MustCompile(`^backends\[([^]]+)\]$`)
	serverCount = regexp.MustCompile(`(\d+) servers?$`)
	weightKey   = regexp.MustCompile(`weight: (\d+)`)
)

// apply makes of what is observed what a plan predicts.
func (o observed) apply(changes []plan.Change) observed {
	next := observed{maps.Clone(o.servers), maps.Clone(o.listeners), map[string]int{}}
	for _, c := range changes {
		if m := bindPath.FindStringSubmatch(c.Path); m != nil && c.Action != plan.Modify {
			delete(next.listeners, m[1])
			if c.Action == plan.Add {
				next.listeners[m[1]] = true
			}
		}
		if m := backendPath.FindStringSubmatch(c.Path); m != nil && c.Action == plan.Remove {
			next.without(m[1])
		} else if m != nil && c.Action == plan.Add {
			next.fresh[m[1]], _ = strconv.Atoi(serverCount.FindStringSubmatch(c.To)[1])
		}
		m := serverPath.FindStringSubmatch(c.Path)
		if m == nil {
			continue
		}
		name := m[1] + "/" + m[2]
		address, weight, _ := strings.Cut(next.servers[name], " weight ")
		switch {
		case c.Action == plan.Remove && m[3] == "":
			delete(next.servers, name)
			continue
		case c.Action == plan.Add && m[3] == "":
			address, weight = addressKey.FindStringSubmatch(c.To)[1], "1"
			if w := weightKey.FindStringSubmatch(c.To); w != nil {
				weight = w[1]
			}
		case m[3] == "address":
			address = c.To
		case m[3] == "weight":
			weight = c.To
		default:
			continue
		}
		next.servers[name] = address + " weight " + weight
	}
	return next
}

// without forgets the servers of a backend, and returns how many there were.
func (o observed) without(backend string) int {
	before := len(o.servers)
	maps.DeleteFunc(o.servers, func(name, _ string) bool { return strings.HasPrefix(name, backend+"/") })
	return before - len(o.servers)
}

// TestPlanPredicts has 20 random changes planned, made by a reload that is bound to the plan, and
// compares what is there then with what was predicted.
func TestPlanPredicts(t *testing.T) {
	var pool []string
	for i := range 5 {
		pool = append(pool, named(t, strconv.Itoa(i)))
	}
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { predict(t, seed, pool) })
	}
}

func predict(t *testing.T, seed uint64, pool []string) {
	dir := t.TempDir()
	socket, next := filepath.Join(dir, "ctl.sock"), filepath.Join(dir, "next.yml")
	binds := map[int]string{}
	c := plantest.New(seed, 1+int(seed)%9, plantest.Options{
		Bind: func(n int) string {
			for taken := slices.Collect(maps.Values(binds)); binds[n] == ""; {
				if free := testkit.RefusingAddr(t); !slices.Contains(taken, free) {
					binds[n] = free
				}
			}
			return binds[n]
		},
		Server: func(n int) string { return pool[n%len(pool)] },
		Stats:  "127.0.0.1:0",
	})
	withSocket := func(text string) string { return "admin_socket: " + socket + "\n" + text }
	r := run(t, withSocket(c.Before), nil)
	testkit.WriteFile(t, next, []byte(withSocket(c.After)))
	p := planned(t, socket, next)
	var lines []string
	for _, change := range p.Changes() {
		lines = append(lines, change.String())
	}
	slices.Sort(lines)
	if !slices.Equal(lines, c.Lines) {
		t.Fatalf("edits %v: planned\n%s\nwant\n%s", c.Edits, strings.Join(lines, "\n"), strings.Join(c.Lines, "\n"))
	}
	addresses := slices.Collect(maps.Values(binds))
	predicted := observe(t, socket, addresses).apply(p.Changes())
	r.configure(t, withSocket(c.After))
	if code, out, errs := command(t, "ctl", "--socket", socket, "reload", "plan", p.Hash); code != 0 {
		t.Fatal(code, out, errs)
	}
	got := observe(t, socket, addresses)
	for backend, want := range predicted.fresh {
		if n := got.without(backend); n != want {
			t.Errorf("backend %s has %d servers, predicted %d", backend, n, want)
		}
	}
	if !maps.Equal(got.servers, predicted.servers) {
		t.Errorf("edits %v: servers are\n%v, predicted\n%v", c.Edits, got.servers, predicted.servers)
	}
	if !maps.Equal(got.listeners, predicted.listeners) {
		t.Errorf("edits %v: listeners are\n%v, predicted\n%v", c.Edits, got.listeners, predicted.listeners)
	}
	if code, out, _ := command(t, "plan", "--socket", socket, "--config", next); code != 0 || !strings.HasPrefix(out, "nothing would change") {
		t.Errorf("after the reload there is still something to do, exit code %d:\n%s", code, out)
	}
}

// planned asks for the plan, and makes sure that it is one that changes something.
func planned(t *testing.T, socket, config string) *plan.Plan {
	t.Helper()
	code, out, errs := command(t, "plan", "--socket", socket, "--config", config, "--json")
	var p plan.Plan
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err, out, errs)
	}
	if want := map[bool]int{false: 0, true: 2}[p.Changed()]; code != want {
		t.Fatalf("exit code %d, want %d", code, want)
	}
	return &p
}

// TestPlanOfAnotherFolder compares a balancer that was started with a relative path with the same
// file elsewhere: relative paths of sockets, state and certificates make no difference.
func TestPlanOfAnotherFolder(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	for _, dir := range []string{here, there} {
		testkit.WriteFile(t, filepath.Join(dir, "sorry.http"), []byte("HTTP/1.1 503 Sorry\r\nContent-Length: 0\r\n\r\n"))
		testkit.WriteFile(t, filepath.Join(dir, "balancer.yml"), []byte("admin_socket: ctl.sock\nstate_file: state\nstats: {bind: \"\"}\nfrontends:\n"+
			"  - {name: web, bind: [\"127.0.0.1:0\", unix@web.sock], error_files: {503: sorry.http}, default_backend: app}\n"+
			"backends:\n  - {name: app, servers: [{name: web1, address: unix@app.sock}]}\n"))
	}
	p := testkit.Start(t, func(c *exec.Cmd) { c.Dir = here }, balancerPath, "run", "--config", "balancer.yml")
	testkit.Eventually(t, "the balancer says that it has started", func() bool { return strings.Contains(p.Stderr.String(), `"message":"started"`) })
	for _, dir := range []string{here, there} {
		code, out, errs := command(t, "plan", "--socket", filepath.Join(here, "ctl.sock"), "--config", filepath.Join(dir, "balancer.yml"))
		if code != 0 || !strings.HasPrefix(out, "nothing would change") {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
	}
}

// TestPlansThatDoNotHold are plans of a moment that has passed, and of files that are not sound.
func TestPlansThatDoNotHold(t *testing.T) {
	dir, server := t.TempDir(), named(t, "a")
	socket := filepath.Join(dir, "ctl.sock")
	config := func(more string) string { return "admin_socket: " + socket + "\n" + farm(more, server) }
	r := run(t, config(""), nil)
	next := filepath.Join(dir, "next.yml")
	testkit.WriteFile(t, next, []byte(config("retries: 1\n")))
	hash := planned(t, socket, next).Hash
	r.configure(t, config("retries: 2\n")) // not what was planned
	refused := func(why string) {
		t.Helper()
		code, out, _ := command(t, "ctl", "--socket", socket, "reload", "plan", hash)
		if code != 1 || !strings.Contains(out, "something has moved since the plan was made") {
			t.Errorf("%s: exit code %d: %s", why, code, out)
		}
	}
	refused("another file")
	r.configure(t, config("retries: 1\n"))
	if code, out, _ := command(t, "ctl", "--socket", socket, "set", "weight", "app/web1", "7"); code != 0 {
		t.Fatal(out)
	}
	refused("an operator's change")
	testkit.WriteFile(t, next, []byte("statz: {}\n"))
	code, _, errs := command(t, "plan", "--socket", socket, "--config", next)
	if code != 1 || !strings.Contains(errs, next+`:1: unknown key "statz"`) {
		t.Errorf("a broken file: exit code %d: %s", code, errs)
	}
	if code, _, errs := command(t, "plan", "--socket", filepath.Join(dir, "none"), "--config", r.config); code != 1 || errs == "" {
		t.Errorf("no balancer: exit code %d: %s", code, errs)
	}
	if err := os.Remove(next); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, "plan", "--socket", socket, "--config", next); code != 1 || !strings.Contains(errs, next) {
		t.Errorf("no file: exit code %d: %s", code, errs)
	}
}
