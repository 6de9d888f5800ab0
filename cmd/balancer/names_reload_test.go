package main_test

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"relais/internal/testkit"
	"relais/internal/testkit/dns"
)

// TestOrdersOnAnAddress has what an operator sets on one address of a name hold on, whatever
// happens around it: other addresses, reloads.
func TestOrdersOnAnAddress(t *testing.T) {
	f := follow(t, 6, 3)
	orderAt(t, f.socket, "set", "server", "app/web-2", "state", "maint")
	orderAt(t, f.socket, "set", "server", "app/web-3", "weight", "7")
	holds := func(when string) {
		t.Helper()
		rows := f.rows(t)
		if rows[1].name != "web-2" || rows[1].addr != "127.0.1.2:"+f.webs.port || !strings.HasPrefix(rows[1].status, "MAINT") || rows[2].weight != "7" {
			t.Errorf("%s: %+v", when, rows)
		}
		served := f.webs.all[1].served.Load()
		f.proceed()
		if n := f.webs.all[1].served.Load(); n != served {
			t.Errorf("%s: web-2 got %d requests in maintenance", when, n-served)
		}
	}
	testkit.Eventually(t, "nothing is under way on web-2", func() bool { return f.column(t, "app", "web-2", "scur") == "0" })
	holds("set")
	f.dns.Addresses("web.test", f.webs.addrs(1, 6)...)
	f.logs(t, "web-6 UP")
	holds("with further addresses")
	f.configure(t, strings.Replace(f.text, "inter: 500ms", "inter: 400ms", 1))
	f.reload(t)
	holds("after a reload")
	f.dns.Addresses("web.test", f.webs.addrs(2, 6)...)
	testkit.Eventually(t, "web has gone", func() bool { return f.rows(t)[0].name == "web-2" })
	orderAt(t, f.socket, "set", "server", "app/web-2", "state", "ready")
	f.becomes(t, f.webs.addrs(2, 6)...)
	f.end()
}

// TestServerWithTheNameOfAnAddress has an operator add web-3 where web may come to have three
// addresses, and one whose name is like that only since a reload.
func TestServerWithTheNameOfAnAddress(t *testing.T) {
	f := follow(t, 4, 2)
	ctl := exec.Command(balancerPath, "ctl", "--socket", f.socket, "add", "server", "app/web-3", "127.0.1.4:"+f.webs.port)
	if out, err := ctl.CombinedOutput(); err == nil || !strings.Contains(string(out), "web-3 is what the servers behind web are called; add it by a different name") {
		t.Errorf("add server says %q, %v", out, err)
	}
	orderAt(t, f.socket, "add", "server", "app/api-3", "127.0.1.4:"+f.webs.port, "check")
	f.configure(t, strings.Replace(f.text, `name: web, address: "web.test`, `name: api, address: "web.test`, 1))
	f.reload(t)
	f.logs(t, "server app/api-3, added by ")
	f.dns.Addresses("web.test", f.webs.addrs(1, 3)...)
	f.becomes(t, f.webs.addrs(1, 3)...)
	if names := f.names(t); names["127.0.1.3"] != "api-3" {
		t.Errorf("the servers are %v", names)
	}
	f.end()
}

// mortal takes what ends before the test does.
type mortal struct {
	testing.TB
	ends []func()
}

// Cleanup implements testing.TB.
func (m *mortal) Cleanup(end func()) { m.ends = append(m.ends, end) }

func (m *mortal) die() {
	for _, end := range slices.Backward(m.ends) {
		end()
	}
}

// TestReloadWithoutNameServer reloads under load while the name server answers, when it has died,
// and with another one in its place: servers stay what and where they are.
func TestReloadWithoutNameServer(t *testing.T) {
	webs, life := startReplicas(t, 6), &mortal{TB: t}
	names := dns.Serve(life)
	names.Addresses("web.test", webs.addrs(2, 5)...)
	config, socket := naming(t, names, checkedOften, webAt(webs.port))
	r := run(t, config, nil)
	r.becomes(t, webs.addrs(2, 5)...)
	names.Addresses("web.test", webs.addrs(1, 3)...) // web-3 and web-4 go, and a new web-3 comes
	r.becomes(t, webs.addrs(1, 3)...)
	before := r.names(t)
	l := startLoad("http://"+r.addr+"/", 6)
	reload := func(old, now string) {
		t.Helper()
		l.proceed(t, 200)
		config = strings.Replace(config, old, now, 1)
		r.configure(t, config)
		r.reload(t)
		if log := strings.TrimSpace(r.Stderr.String()); strings.Contains(log, "not reloaded") {
			t.Fatal(log)
		}
		l.proceed(t, 200)
		if after := r.names(t); !maps.Equal(before, after) {
			t.Errorf("the servers were %v, and are %v", before, after)
		}
	}
	reload("inter: 500ms", "inter: 400ms")
	life.die()
	r.logs(t, "web.test: ask "+names.Addr().String()+": connection refused; the answer of ")
	reload("inter: 400ms", "inter: 300ms")
	reload("timeout: 2s", "timeout: 3s")

	other := dns.Serve(t)
	other.Addresses("web.test", webs.addrs(1, 3)...)
	reload(names.Addr().String(), other.Addr().String())
	testkit.Eventually(t, "the other name server answers", func() bool {
		return !strings.Contains(orderAt(t, socket, "show", "names"), "last question: ")
	})
	other.Addresses("web.test", webs.addrs(3, 6)...)
	r.becomes(t, webs.addrs(3, 6)...)
	if now := r.names(t); now["127.0.1.3"] != before["127.0.1.3"] {
		t.Errorf("127.0.1.3 was %s, and is %s", before["127.0.1.3"], now["127.0.1.3"])
	}
	l.end(t)
	webs.wantPatience(t)
}
