package main_test

import (
	"crypto/x509"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// oldest is how long the oldest request has been waiting for a server, or a backend's servers.
func (o *operated) oldest(t *testing.T, name string) time.Duration {
	t.Helper()
	for line := range strings.Lines(o.say(t, "show latency app")) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); f[0] == name {
			d, _ := time.ParseDuration(f[len(f)-1]) // a dash is nothing
			return d
		}
	}
	t.Fatalf("show latency does not have %s", name)
	return 0
}

// hangs is a page whose summary and row of web1 say that it hangs.
var hangs = regexp.MustCompile(`(?s)id="/summary".*web1 hangs or is slow: \d requests? in flight, the oldest waits for \d\.\d.s \(.* id="app/web1".*class="late"[^>]*><button[^>]*>! \d\.\ds<.* id="app/web2"`)

// TestOldestInFlight freezes a web server under load: within 2 s everybody can see who keeps
// requests waiting, while its check has not failed yet.
func TestOldestInFlight(t *testing.T) {
	webs, addrs, _ := webServers(t, 2)
	o := operate(t, farm("health_check: {path: /health, inter: 5s, timeout: 5s, fall: 3}\n", addrs...))
	l := startLoad("http://"+o.addr+"/health", 8)
	l.proceed(t, 200)
	webs[0].Signal(syscall.SIGSTOP)
	stopped := time.Now()
	testkit.Eventually(t, "a request waits for web1", func() bool { return o.oldest(t, "app/web1") > 500*time.Millisecond })
	var looked time.Time
	testkit.Eventually(t, "the page says that web1 hangs", func() bool {
		looked = time.Now()
		_, page := o.get(t, "/haproxy-stats")
		return hangs.MatchString(page)
	})
	if took := looked.Sub(stopped); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if oldest := o.gauge(t, `relais_server_oldest_request_seconds{proxy="app",server="web1"}`); oldest < 0.5 {
		t.Errorf("the metrics say that the oldest request waits for %v s", oldest)
	}
	web1, web2, all := o.oldest(t, "app/web1"), o.oldest(t, "app/web2"), o.oldest(t, "app/BACKEND")
	if web2 >= web1 || all < web1 {
		t.Errorf("the oldest requests: %v for web1, %v for web2, %v for the backend", web1, web2, all)
	}
	if got := o.column(t, "app", "web1", "status"); !strings.HasPrefix(got, "UP") && got != "no check" {
		t.Errorf("its check has failed already: %s", got)
	}
	webs[0].Signal(syscall.SIGCONT)
	l.end(t)
	testkit.Eventually(t, "nobody waits", func() bool { return o.oldest(t, "app/BACKEND") == 0 })
}

// events are what show events tells, without times.
func (o *operated) events(t *testing.T) (list []string) {
	t.Helper()
	last := ""
	for line := range strings.Lines(o.say(t, "show events")) {
		at, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if at < last && last[0] != '#' {
			t.Errorf("%s comes behind %s", at, last)
		}
		last, list = at, append(list, rest)
	}
	return list[1:]
}

// TestEvents has all kinds of things happen to a balancer and looks at what is told of them.
func TestEvents(t *testing.T) {
	webs, addrs, _ := webServers(t, 2)
	dir := t.TempDir()
	config := farm("health_check: {path: /health, inter: 300ms, rise: 1, fall: 2}\n", addrs...)
	o := operateIn(t, dir, config)
	happens := func(words ...string) {
		t.Helper()
		testkit.Eventually(t, strings.Join(words, ", "), func() bool {
			events := o.events(t)
			last := events[len(events)-1]
			for _, w := range words {
				if !strings.Contains(last, w) {
					return false
				}
			}
			return true
		})
	}
	happens("-\tstart\t-\tversion ")
	testkit.Eventually(t, "checked", func() bool { return o.column(t, "app", "web2", "check_status") == "L7OK" })
	webs[1].Signal(syscall.SIGKILL)
	happens("app/web2\tDOWN\t-\t2 failures: connection refused")
	o.do(t, `set server app/web1 state drain reason "disk swap" for 1h`)
	happens("app\tDOWN\t-\tno server is usable")
	o.do(t, "set server app/web1 state ready")
	happens("app\tUP\t-\ta server is usable again")
	o.do(t, "set server app/web1 state ready") // which changes nothing
	o.do(t, "set server app/web2 health up")
	happens("app/web2\t") // and its check finds otherwise
	o.status(t, "web2", "DOWN")
	o.change(t, strings.Replace(config, "web1, address", "web1, weight: 3, address", 1))
	happens("-\treload\tSIGHUP\t", "backends[app].servers[web1].weight: 1 -> 3")
	o.configure(t, o.with("retires: 3\nstatz: {}\n"+config))
	o.reload(t)
	happens("-\treload refused\tSIGHUP\t", `unknown key "retires"`, `; `, `unknown key "statz"`)
	other := testkit.RefusingAddr(t)
	o.change(t, strings.Replace(config, "backends:", fmt.Sprintf("  - {name: other, bind: %q, default_backend: app}\nbackends:", other), 1))
	happens("other\tOPEN")
	o.do(t, "disable frontend other")
	happens("other\tSTOP\t-\tby an operator: disabled")

	var got, reloads []string
	for _, line := range o.events(t) {
		f := strings.Split(line, "\t")
		if f[1] == "reload" {
			reloads = append(reloads, f[3])
		}
		got = append(got, strings.TrimPrefix(f[0]+" "+f[1], "- "))
	}
	want := []string{
		"start", "app/web2 DOWN", "app/web1 state drain for 1h0m0s", "app DOWN", "app/web1 state ready", "app UP",
		"app/web2 health up", "app/web2 UP", "app/web2 DOWN", "reload", "reload refused", "reload", "other OPEN", "other state disabled", "other STOP",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the events are\n%s", strings.Join(got, "\n"))
	}
	if last := reloads[len(reloads)-1]; !strings.Contains(last, "+ frontends[other]") || !strings.Contains(last, "web1].weight: 3 -> 1") {
		t.Errorf("the last reload has changed %s", last)
	}
}

// TestEventsOfNewServers: that servers which a reload has added come up is no news.
func TestEventsOfNewServers(t *testing.T) {
	check := "health_check: {path: /health, inter: 200ms}\n"
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	o := operate(t, farm(check, a.addr))
	o.change(t, farm(check, a.addr, b.addr, b.addr))
	testkit.Eventually(t, "the new ones are up", func() bool { return o.column(t, "app", "web3", "status") == "UP" })
	if events := o.events(t); len(events) != 2 || !strings.Contains(events[1], "reload") {
		t.Errorf("the events are %q", events)
	}
}

// TestShownCertificates lists the certificates in force: a renewed file counts from the next
// reload on.
func TestShownCertificates(t *testing.T) {
	dir, ca := t.TempDir(), testkit.NewAuthority(t)
	issue := func(days int) string {
		end := time.Now().Add(time.Duration(days) * 24 * time.Hour).Truncate(time.Second).UTC()
		ca.Files(t, dir, "a", func(c *x509.Certificate) { c.NotAfter = end }, "a.example", "*.b.example")
		return end.Format(time.RFC3339)
	}
	tls := fmt.Sprintf("tls: {certificates: [{cert: %q, key: %q}]}", filepath.Join(dir, "a.pem"), filepath.Join(dir, "a.key"))
	config := farm("", named(t, "a"))
	config = strings.Replace(config, `bind: "127.0.0.1:0", default`, `bind: [{address: "127.0.0.1:0", `+tls+`}], default`, 1)
	end := issue(7)
	o := operate(t, config)
	lists := func(when, end string, n int) {
		t.Helper()
		said := o.say(t, "show ssl cert")
		if line := filepath.Join(dir, "a.pem") + "\t127.0.0.1:0\t" + end + "\ta.example *.b.example"; strings.Count(said, line) != n || strings.Count(said, "a.pem") != n {
			t.Errorf("%s: show ssl cert says\n%s", when, said)
		}
	}
	lists("at first", end, 1)
	o.logged(t, "the certificate expires soon; renew it and reload")
	renewed := issue(90)
	lists("before the reload", end, 1)
	o.reload(t)
	lists("after the reload", renewed, 1)
	secured := strings.Replace(config, `stats: {bind: "127.0.0.1:0"`, `stats: {bind: "127.0.0.1:0", `+tls, 1)
	o.change(t, secured)
	lists("with one for the statistics", renewed, 2)
	if log := o.Stderr.String(); strings.Count(log, "expires soon") != 1 {
		t.Errorf("the log says\n%s", log)
	}
}
