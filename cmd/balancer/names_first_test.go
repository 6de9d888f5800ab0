package main_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"relais/internal/testkit"
	"relais/internal/testkit/dns"
)

// TestNameFollowsItsFirstAddress moves the address of a server without resolve: all under load. No
// request fails, for they wait until the new address has passed a check; the connections to the
// old one are given up, and what is under way on it ends.
func TestNameFollowsItsFirstAddress(t *testing.T) {
	names, webs := dns.Serve(t), startReplicas(t, 3)
	names.Addresses("web.test", webs.addrs(2, 2)...)
	config, socket := naming(t, names, checkedOften, fmt.Sprintf("name: web, address: \"web.test:%s\"", webs.port))
	r := run(t, config, nil)
	r.becomes(t, webs.addrs(2, 2)...)
	gets, posts := startLoad("http://"+r.addr+"/", 6), startPosts("http://"+r.addr+"/")
	gets.proceed(t, 200)
	names.Addresses("web.test", webs.addrs(1, 3)...)
	r.logs(t, "web.test: 3 addresses (+127.0.1.1 +127.0.1.3)")
	gets.proceed(t, 200)
	if n := webs.all[0].served.Load() + webs.all[2].served.Load(); n > 0 {
		t.Errorf("addresses that the server does not need to go to got %d requests", n)
	}

	long := inBackground("http://" + r.addr + "/slow")
	comes(t, "a slow request is there", webs.all[1].slow)
	before := wholeNumber(t, r.rows(t)[0].stot)
	names.Addresses("web.test", webs.addrs(3, 3)...)
	r.becomes(t, webs.addrs(3, 3)...)
	r.logs(t, "web.test: 1 address (-127.0.1.1 -127.0.1.2)")
	gets.proceed(t, 200)
	testkit.Eventually(t, "nothing but the slow request has a connection to the old address", func() bool { return webs.all[1].conns.Load() == 1 })
	webs.all[1].end <- struct{}{}
	if failure := comes(t, "the slow request ends", long); failure != "" {
		t.Errorf("what was under way on the old address: %s", failure)
	}
	if now := wholeNumber(t, r.rows(t)[0].stot); now <= before {
		t.Errorf("the server's requests went from %d to %d", before, now)
	}
	if said := orderAt(t, socket, "show", "names"); said != "app/web web.test: 1 address (-127.0.1.1 -127.0.1.2)\n  127.0.1.3:"+webs.port+"\n\n" {
		t.Errorf("show names says %q", said)
	}
	for i := range 6 {
		addr := webs.addrs(1+i%3, 1+i%3)
		names.Addresses("web.test", addr...)
		r.becomes(t, addr...)
		posts.proceed(t, 20)
	}
	gets.end(t)
	posts.end(t)
	webs.wantPatience(t)
}

// TestNewAddressIsIll has an address appear that fails its checks: it gets nothing until it passes.
func TestNewAddressIsIll(t *testing.T) {
	f := follow(t, 2, 1)
	f.webs.all[1].ill.Store(true)
	f.dns.Addresses("web.test", f.webs.addrs(1, 2)...)
	f.logs(t, "web.test: 2 addresses (+127.0.1.2)")
	testkit.Eventually(t, "web-2 is DOWN", func() bool {
		rows := f.rows(t)
		return len(rows) == 2 && rows[1].name == "web-2" && rows[1].status == "DOWN"
	})
	f.proceed()
	if n := f.webs.all[1].served.Load(); n > 0 {
		t.Errorf("it got %d requests", n)
	}
	f.webs.all[1].ill.Store(false)
	f.becomes(t, f.webs.addrs(1, 2)...)
	f.proceed()
	testkit.Eventually(t, "web-2 gets requests", func() bool { return f.webs.all[1].served.Load() > 0 })
	f.end()
}

// TestNameInTCPMode grows and shrinks a service under load in TCP mode, where a connection that is
// open stays where it is.
func TestNameInTCPMode(t *testing.T) {
	names, webs := dns.Serve(t), startReplicas(t, 10)
	names.Addresses("web.test", webs.addrs(1, 2)...)
	config, _ := naming(t, names, checkedOften, webAt(webs.port))
	config = strings.Replace("defaults: {mode: tcp}\n"+config, checkedOften, "health_check: {type: http, path: /health, inter: 500ms, timeout: 2s}\n", 1)
	r := run(t, config, nil)
	r.becomes(t, webs.addrs(1, 2)...)
	l := &load{stop: make(chan struct{})}
	for range 4 {
		l.workers.Go(func() {
			l.work(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, "http://"+r.addr+"/")
		})
	}
	l.proceed(t, 100)
	kept := testkit.Dial(t, r.addr)
	get := func() string {
		kept.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		kept.Head()
		return kept.Body(len("127.0.1.1"))
	}
	old := get()
	for range 2 {
		for _, last := range []int{10, 4} {
			names.Addresses("web.test", webs.addrs(3, last)...)
			testkit.Eventually(t, fmt.Sprint("the addresses are 3 to ", last, " and what is kept"), func() bool {
				rows := r.rows(t)
				i := slices.IndexFunc(rows, func(row row) bool { return strings.HasPrefix(row.addr, old+":") })
				return len(rows) == last-1 && i >= 0 && rows[i].status == "DRAIN"
			})
			l.proceed(t, 100)
			if now := get(); now != old {
				t.Fatalf("the connection was to %s, and is to %q", old, now)
			}
		}
	}
	kept.Close()
	r.becomes(t, webs.addrs(3, 4)...)
	l.end(t)
	webs.wantPatience(t)
	t.Logf("%d connections", l.requests.Load())
}
