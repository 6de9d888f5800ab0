package main_test

import (
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"relais/internal/testkit"
)

// TestOrdersDrain drains a server under load with sticky clients. What runs there ends, who
// belongs there stays, new clients go elsewhere. After kill -9 it still drains, and everybody is
// told who wanted it and why, until its time is up.
func TestOrdersDrain(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	o := operate(t, farm("health_check: {path: /health, inter: 200ms}\ncookie: {name: SRV}\n", a.addr, b.addr))
	cookie := o.cookieOf(t, "b")
	drain := func(how ...string) {
		t.Helper()
		args := append([]string{"ctl", "--socket", o.socket(), "set", "server", "app/web2", "state", "drain", "reason", "disk swap"}, how...)
		if out, err := exec.Command(balancerPath, args...).CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "" {
			t.Fatalf("ctl: %v: %s", err, out)
		}
	}
	load := startLoad("http://"+o.addr+"/", 4)
	held := b.hold(t, func() string { return o.body("/hold", "Cookie", cookie) })
	load.proceed(t, 200)
	drain()
	load.proceed(t, 50) // requests that had been given to it already
	o.drains(t, load, cookie)
	b.release <- struct{}{}
	if got := <-held; got != "b" {
		t.Errorf("the request under way got %q", got)
	}
	load.end(t)
	who := o.tells(t, `-`)

	drain("for", "5s")
	o.again(t, syscall.SIGKILL)
	o.logged(t, "still holds: server app/web2: state drain for 5s")
	if again := o.tells(t, `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`); regexp.MustCompile(`\d+`).ReplaceAllString(again, "") != regexp.MustCompile(`\d+`).ReplaceAllString(who, "") {
		t.Errorf("after kill -9 it is %q who has ordered it, before it was %q", again, who)
	}
	load = startLoad("http://"+o.addr+"/", 4)
	load.proceed(t, 50)
	o.drains(t, load, cookie)
	o.logged(t, "server app/web2: state drain for 5s has ended: its time is up")
	o.status(t, "web2", "UP")
	testkit.Eventually(t, "new clients get web2", func() bool { return o.body("/") == "b" })
	load.end(t)
	if got := o.say(t, "show orders"); strings.Contains(got, "app/web2") {
		t.Errorf("show orders says\n%s", got)
	}
	if _, metrics := o.get(t, "/metrics"); strings.Contains(metrics, "relais_server_operator_state{") {
		t.Error("the metrics still have the order")
	}
	if c := o.cookieOf(t, "b"); c != cookie {
		t.Errorf("the cookie of web2 was %q and is %q", cookie, c)
	}
}

// cookieOf returns the cookie that leads to the server which answers with a name.
func (o *operated) cookieOf(t *testing.T, name string) (cookie string) {
	t.Helper()
	testkit.Eventually(t, "a new client gets "+name, func() bool {
		answer, err := http.Get("http://" + o.addr)
		if err != nil {
			return false
		}
		answer.Body.Close()
		cookie, _, _ = strings.Cut(answer.Header.Get("Set-Cookie"), ";")
		return o.body("/", "Cookie", cookie) == name
	})
	return cookie
}

// drains looks at who gets web2 while it drains.
func (o *operated) drains(t *testing.T, load *load, cookie string) {
	t.Helper()
	before := o.column(t, "app", "web2", "lbtot")
	load.proceed(t, 200)
	if after := o.column(t, "app", "web2", "lbtot"); after != before {
		t.Errorf("new clients got the server that drains: %s, then %s", before, after)
	}
	for range 20 {
		if got := o.body("/", "Cookie", cookie); got != "b" {
			t.Fatalf("a client that belongs to web2 got %q", got)
		}
	}
}

// tells looks for the order of the drain test in all places, with such an end, and returns who it
// was.
func (o *operated) tells(t *testing.T, until string) string {
	t.Helper()
	orders := o.say(t, "show orders")
	m := regexp.MustCompile(`(?m)^app/web2\tstate drain\t([^\t]+)\t\S+Z\t` + until + `\tdisk swap$`).FindStringSubmatch(orders)
	if m == nil {
		t.Fatalf("show orders says\n%s", orders)
	}
	_, page := o.get(t, "/haproxy-stats")
	_, metrics := o.get(t, "/metrics")
	for what, ok := range map[string]bool{
		"page":    strings.Contains(page, "disk swap") && strings.Contains(page, m[1]),
		"metrics": strings.Contains(metrics, `relais_server_operator_state{proxy="app",server="web2",state="drain"} 1`),
		"CSV":     o.column(t, "app", "web2", "status") == "DRAIN",
		"state":   strings.Contains(o.say(t, "show servers state"), " web2 127.0.0.1 2 8 "),
	} {
		if !ok {
			t.Errorf("the %s does not tell of the order of %s", what, m[1])
		}
	}
	return m[1]
}

// TestOrdersMaint: a server in maintenance is not checked, and gets traffic again only when its
// checks have passed as often as rise says.
func TestOrdersMaint(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	o := operate(t, farm("health_check: {path: /health, inter: 300ms, rise: 3, fall: 1}\n", a.addr, b.addr))
	for _, test := range []struct{ order, end string }{ // without an end: in time
		{"set server app/web2 state maint", "set server app/web2 state ready"},
		{"disable server app/web2", "enable server app/web2"},
		{"set server app/web2 state maint for 1s", ""},
	} {
		o.do(t, test.order)
		checks, others := b.checks.Load(), a.checks.Load()
		testkit.Eventually(t, "two rounds of checks", func() bool { return a.checks.Load() > others+2 })
		if test.end != "" {
			if n := b.checks.Load(); n > checks+1 { // one may have been under way
				t.Errorf("%s: it was checked %d times", test.order, n-checks)
			}
			if by := o.share(10); by["a"] != 10 {
				t.Errorf("%s: %v", test.order, by)
			}
			checks = b.checks.Load()
			o.do(t, test.end)
		}
		testkit.Eventually(t, "web2 gets traffic", func() bool { return o.body("/") == "b" })
		if n := b.checks.Load() - checks; n < 3 {
			t.Errorf("%s: it got traffic after %d checks", test.order, n)
		}
	}
	o.logged(t, "server app/web2: state maint for 1s has ended: its time is up")
}

// TestOrdersAndTheFile: what operators have set holds over reloads and restarts, until the file
// says something else of that very key.
func TestOrdersAndTheFile(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	config := func(first, second string) string {
		return strings.NewReplacer(a.addr+`"`, a.addr+`"`+first, b.addr+`"`, b.addr+`"`+second).Replace(farm("", a.addr, b.addr))
	}
	o := operate(t, config("", ""))
	o.do(t, "set weight app/web1 50", "set server app/web2 state maint", "set maxconn server app/web1 7", "set maxconn frontend web 77")
	holds := func(when string, want ...string) {
		t.Helper()
		orders := o.say(t, "show orders")
		for _, key := range []string{"app/web1\tweight 50", "app/web1\tmaxconn 7", "app/web2\tstate maint", "frontend web\tmaxconn 77"} {
			is, should := strings.Contains(orders, key+"\t"), strings.Contains(strings.Join(want, "\n"), key)
			if is != should {
				t.Errorf("%s: %q holds: %t, want %t", when, key, is, should)
			}
		}
	}
	all := []string{"app/web1\tweight 50", "app/web1\tmaxconn 7", "app/web2\tstate maint", "frontend web\tmaxconn 77"}
	holds("at first", all...)
	o.change(t, "shutdown_timeout: 20s\n"+config("", ""))
	holds("after a reload", all...)
	o.change(t, config(", backup: true", ""))
	holds("after another key has changed", all...)
	o.change(t, config(", weight: 3", ""))
	holds("after the file's weight has changed", all[1:]...)
	o.logged(t, "server app/web1: weight 50 of ")
	if got := o.say(t, "get weight app/web1"); got != "3 (initial 3)" {
		t.Errorf("the weight is %q", got)
	}
	o.again(t, syscall.SIGKILL)
	holds("after kill -9", all[1:]...)
	o.configure(t, o.with(config(", weight: 3", ", disabled: true"))) // while it does not run
	o.again(t, syscall.SIGTERM)
	holds("after a restart with web2 disabled in the file", all[1], all[3])
	o.logged(t, "server app/web2: state maint of ")
	if got := o.column(t, "app", "web2", "status"); got != "MAINT" {
		t.Errorf("web2 is %s", got)
	}
	o.do(t, "set server app/web2 state ready")
	if got := o.body("/"); got != "a" && got != "b" {
		t.Errorf("the answer is %q", got)
	}
	o.change(t, config(", weight: 3", ""))
	o.status(t, "web2", "no check")
	holds("in the end", all[1], all[3])
}

// TestOrdersAddress: the file wins over an address that was set, at the next reload.
func TestOrdersAddress(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	o := operate(t, farm("", a.addr))
	_, old, _ := strings.Cut(a.addr, ":")
	_, port, _ := strings.Cut(b.addr, ":")
	if got, want := o.say(t, "set server app/web1 addr 127.0.0.1 port "+port),
		"port changed from '"+old+"' to '"+port+"' by 'stats socket command'"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := o.body("/"); got != "b" {
		t.Errorf("after the address was set: %s", got)
	}
	o.reload(t) // of the same bytes does nothing
	if got := o.body("/"); got != "b" {
		t.Errorf("after a reload of the same file: %s", got)
	}
	o.change(t, "shutdown_timeout: 20s\n"+farm("", a.addr))
	if got := o.body("/"); got != "a" {
		t.Errorf("after a reload: %s", got)
	}
}

// TestOrdersDynamicServer adds a server, which lives through reloads and the death of the process,
// until it is deleted by HAProxy's rules.
func TestOrdersDynamicServer(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	config := farm("health_check: {path: /health, inter: 200ms, rise: 1}\n", a.addr)
	o := operate(t, config)
	if got := o.say(t, "add server app/new "+b.addr+" check weight 1"); got != "New server registered." {
		t.Fatal(got)
	}
	if status, by := o.column(t, "app", "new", "status"), o.share(10); status != "MAINT" || by["b"] > 0 {
		t.Errorf("before it is enabled: %s, %v", status, by)
	}
	o.do(t, "enable server app/new", "enable health app/new")
	serves := func(when string) {
		t.Helper()
		testkit.Eventually(t, "the new server gets traffic "+when, func() bool { return o.body("/") == "b" })
	}
	serves("when it is enabled")
	o.change(t, "shutdown_timeout: 20s\n"+config)
	serves("after a reload")
	o.again(t, syscall.SIGTERM)
	serves("after a restart")
	o.again(t, syscall.SIGKILL)
	serves("after kill -9")

	for _, test := range []struct{ command, want string }{
		{"del server app/new", "Only servers in maintenance mode can be deleted."},
		{"del server app/none", "No such server."},
		{"add server app/new " + b.addr, "Already exists a server with the same name in backend."},
	} {
		if got := o.say(t, test.command); got != test.want {
			t.Errorf("%s: %q, want %q", test.command, got, test.want)
		}
	}
	o.do(t, "set server app/web1 state maint")
	held := b.hold(t, func() string { return o.body("/hold") })
	o.do(t, "disable server app/new")
	if got := o.say(t, "del server app/new"); got != "Server still has connections attached to it, cannot remove it." {
		t.Errorf("with a request under way: %q", got)
	}
	b.release <- struct{}{}
	if got := <-held; got != "b" {
		t.Errorf("the request under way got %q", got)
	}
	if got := o.say(t, "wait 5s srv-removable app/new"); got != "Done." {
		t.Errorf("wait: %q", got)
	}
	if got := o.say(t, "del server app/new"); got != "Server deleted." {
		t.Errorf("del server: %q", got)
	}
	if got := o.say(t, "del server app/web1"); !strings.Contains(got, "configuration file") {
		t.Errorf("del server of the file's: %q", got)
	}
	o.again(t, syscall.SIGKILL)
	if got := o.say(t, "show servers state"); strings.Contains(got, " new ") {
		t.Errorf("after it was deleted:\n%s", got)
	}
}
