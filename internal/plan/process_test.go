package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/plan"
)

// numbers answers with what stands under backend/server, or frontend/bind.
func numbers(of map[string]int) func(string, string) int {
	return func(a, b string) int { return of[a+"/"+b] }
}

func TestNewChecksTakeNoServersOut(t *testing.T) {
	unchecked := edited(t, "    health_check: {path: /health}\n", "")
	p := plan.Compare(parse(t, unchecked), parse(t, base), plan.Facts{})
	want := []string{"+ backends[app].health_check: {path: /health} | its servers stay up, and one failure takes them down"}
	if got := told(p); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, w := range p.Warnings {
		if strings.Contains(w.Text, "no usable server") {
			t.Error(w.Text)
		}
	}
}

func TestDrains(t *testing.T) {
	for _, test := range []struct {
		name    string
		edit    []string
		want    []string
		verdict string
	}{
		{"nothing that is used", []string{web3, ""}, []string{"backends[app] tunnels 2 within 1h by hard_stop_after"}, "1 change; 2 tunnels cut unless ended in time"},
		{"a server", []string{web2, ""}, []string{"backends[app].servers[web2] requests 3, tunnels 2 within 1h by hard_stop_after"},
			"1 change; 3 requests, 2 tunnels cut unless ended in time"},
		{"a bind", []string{`"127.0.0.1:8080", `, ""}, []string{
			"frontends[web].bind[127.0.0.1:8080] connections 7 within 30s by shutdown_timeout",
			"backends[app] tunnels 2 within 1h by hard_stop_after"}, "1 change; 7 connections, 2 tunnels cut unless ended in time"},
		{"the limits are the old ones", []string{web2, "", "    cookie:", "    hard_stop_after: 1m\n    cookie:"},
			[]string{"backends[app].servers[web2] requests 3, tunnels 2 within 1h by hard_stop_after"}, "2 changes; 3 requests, 2 tunnels cut unless ended in time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := plan.Compare(parse(t, base), parse(t, edited(t, test.edit...)), plan.Facts{
				Served:  numbers(map[string]int{"app/web2": 5}),
				Tunnels: numbers(map[string]int{"app/web2": 2}),
				Conns:   numbers(map[string]int{"web/127.0.0.1:8080": 7}),
			})
			var got []string
			for _, d := range p.Drains {
				var parts []string
				for noun, n := range map[string]int{"connections": d.Connections, "requests": d.Requests, "tunnels": d.Tunnels} {
					if n > 0 {
						parts = append(parts, fmt.Sprint(noun, " ", n))
					}
				}
				slices.Sort(parts)
				got = append(got, fmt.Sprintf("%s %s within %s by %s", d.Path, strings.Join(parts, ", "), d.AtMost, d.Setting))
			}
			if !slices.Equal(got, test.want) || p.Verdict != test.verdict {
				t.Errorf("got %q, %q, want %q, %q", p.Verdict, got, test.verdict, test.want)
			}
		})
	}
}

func TestSessionsAreShutDown(t *testing.T) {
	ends := edited(t, "    mode: tcp\n", "    mode: tcp\n    on_marked_down: shutdown-sessions\n")
	off := strings.Replace(ends, `"10.0.1.1:3306"`, `"10.0.1.1:3306", disabled: true`, 1)
	p := plan.Compare(parse(t, ends), parse(t, off), plan.Facts{Served: numbers(map[string]int{"mysql/db1": 4}), Tunnels: numbers(map[string]int{"mysql/db1": 4})})
	if want := "1 change; 4 tunnels cut at once"; p.Verdict != want {
		t.Errorf("got %q, want %q", p.Verdict, want)
	}
}

// A file that says the same in other words is a new configuration all the same.
func TestOtherWords(t *testing.T) {
	tunnels := plan.Facts{Tunnels: numbers(map[string]int{"app/web1": 1}), Served: numbers(map[string]int{"app/web1": 1}), HashNow: "a", HashNext: "b"}
	for _, test := range []struct {
		hash, want string
	}{
		{"a", "nothing would change"},
		{"b", "nothing would change: the files differ in form only, and 1 tunnel cut unless ended in time"},
	} {
		tunnels.HashNext = test.hash
		if p := plan.Compare(parse(t, base), parse(t, base), tunnels); p.Verdict != test.want || p.Changed() {
			t.Errorf("got %q, want %q", p.Verdict, test.want)
		}
	}
}

func TestOrders(t *testing.T) {
	next := edited(t, `"10.0.0.1:80"`, `"10.0.0.1:80", weight: 4`, web2, "", `"127.0.0.1:8081"]`, `"127.0.0.1:8081"], maxconn: 5`, "  - name: mysql", "  - name: other")
	next = strings.Replace(next, "default_backend: mysql", "default_backend: other", 1)
	p := plan.Compare(parse(t, base), parse(t, next), plan.Facts{
		HashNow: "a", HashNext: "b",
		Orders: []plan.Order{
			{Object: "app/web1", Key: "weight", Value: "9", FileValue: "1"},
			{Object: "app/web1", Key: "state", Value: "drain", FileValue: "ready"},
			{Object: "app/web1", Key: "maxconn", Value: "9", FileValue: "0"},
			{Object: "app/web2", Key: "maxconn", Value: "9", FileValue: "0"},
			{Object: "app/added", Key: "weight", Value: "9", FileValue: "1"},
			{Object: "mysql/added", Key: "weight", Value: "9", FileValue: "1"},
			{Object: "app/web3", Key: "address", Value: "10.9.9.9:80", FileValue: "10.0.0.3:80"},
			{Object: "web", Key: "maxconn", Value: "9", FileValue: "0"},
			{Object: "web", Key: "state", Value: "disabled", FileValue: "enabled"},
			{Object: "process", Key: "maxconn", Value: "9", FileValue: "0"},
		},
		Dynamic: []plan.Server{{Backend: "mysql", Name: "added"}, {Backend: "app", Name: "added"}},
	})
	want := []string{
		"app/added weight: true ", "app/web1 maxconn: true ", "app/web1 state: true ", "app/web1 weight: false the file says 4 now, and said 1",
		"app/web2 maxconn: false the server leaves", "app/web3 address: false the file wins", "mysql/added weight: false the server leaves",
		"process maxconn: true ", "web maxconn: false the file says 5 now, and said 0", "web state: true ",
		"app/added : true ", "mysql/added : false the file has no backend mysql",
	}
	var got []string
	for _, f := range append(p.Orders, p.Dynamic...) {
		got = append(got, fmt.Sprintf("%s %s: %t %s", f.Object, f.Key, f.Stays, f.Why))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheFileTakesAServerOver(t *testing.T) {
	next := edited(t, web3, web3+`      - {name: web4, address: "10.0.0.4:80", weight: 5}`+"\n")
	p := plan.Compare(parse(t, base), parse(t, next), plan.Facts{
		Dynamic: []plan.Server{{Backend: "app", Name: "web4"}},
		Orders: []plan.Order{
			{Object: "app/web4", Key: "weight", Value: "9", FileValue: "1"}, {Object: "app/web4", Key: "maxconn", Value: "9", FileValue: "0"},
		},
	})
	if p.Dynamic[0].Stays || p.Orders[1].Stays || !p.Orders[0].Stays {
		t.Errorf("got %+v, %+v", p.Dynamic, p.Orders)
	}
}

func TestSticky(t *testing.T) {
	for _, test := range []struct {
		name string
		edit []string
		want string
	}{
		{"weight", []string{`"10.0.0.1:80"`, `"10.0.0.1:80", weight: 4`}, "no sticky client moves"},
		{"drained", []string{`"10.0.0.1:80"`, `"10.0.0.1:80", weight: 0`}, "no sticky client moves"},
		{"readdressed", []string{`"10.0.0.1:80"`, `"10.0.0.9:80"`}, "no sticky client moves"},
		{"removed", []string{web2, ""}, "sticky clients move from web2, which leaves (1 of 3 servers)"},
		{"disabled", []string{`"10.0.0.1:80"`, `"10.0.0.1:80", disabled: true`}, "sticky clients move from web1, which goes into maintenance (1 of 3 servers)"},
		{"value", []string{`"10.0.0.1:80"`, `"10.0.0.1:80", cookie: one`}, "sticky clients move from web1, which has another cookie (1 of 3 servers)"},
		{"name", []string{"{name: SRV}", "{name: OTHER}"}, "sticky clients move from web1, web2, web3 (3 of 3 servers): the cookie has another name"},
		{"lifetime", []string{"{name: SRV}", "{name: SRV, max_age: 8h}"}, "no sticky client moves"},
		{"off", []string{"    cookie: {name: SRV}\n", ""}, "sticky clients move from web1, web2, web3 (3 of 3 servers): the cookie is not used any more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := plan.Compare(parse(t, base), parse(t, edited(t, test.edit...)), plan.Facts{})
			if len(p.Clients) != 1 || p.Clients[0].Sticky.String() != test.want {
				t.Errorf("got %+v, want %s", p.Clients, test.want)
			}
		})
	}
}

// Moved keys are those that the algorithms of HAProxy move: with a map nearly all, on a ring no
// more than must be.
func TestKeys(t *testing.T) {
	hashed := func(balance, hash string, servers ...string) string {
		return edited(t, "    cookie: {name: SRV}\n", "    balance: "+balance+"\n    hash: {type: "+hash+"}\n", `      - {name: web1, address: "10.0.0.1:80"}`+"\n"+web2+web3, strings.Join(servers, ""))
	}
	server := func(n int) string {
		return fmt.Sprintf("      - {name: web%d, address: \"10.0.0.%d:80\"}\n", n, n)
	}
	all := []string{server(1), server(2), server(3)}
	usable := func(ill ...string) func(string, string) bool {
		return func(_, name string) bool { return !slices.Contains(ill, name) }
	}
	for _, test := range []struct {
		name           string
		now, next      string
		usable         func(string, string) bool
		atOnce, moved  float64 // share of the sample
		within         float64
		cannot, reason string
	}{
		{"ring, one joins", hashed("uri", "consistent", all...), hashed("uri", "consistent", append(all[:3:3], server(4))...), usable(), 0, 0.25, 0.06, "", ""},
		{"ring, the last one leaves", hashed("source", "consistent", all...), hashed("source", "consistent", all[:2]...), usable(), 0.33, 0.33, 0.06, "", ""},
		{"ring, the first one leaves: the others get its number", hashed("source", "consistent", all...), hashed("source", "consistent", all[1:]...), usable(), 0.66, 0.66, 0.08, "", ""},
		{"map, one leaves", hashed("{header: X-User}", "map", all...), hashed("{header: X-User}", "map", all[:2]...), usable(), 0.66, 0.66, 0.06, "", ""},
		{"map, one that is down leaves", hashed("uri", "map", all...), hashed("uri", "map", all[:2]...), usable("web3"), 0, 0, 0, "", ""},
		{"another order on a ring", hashed("uri", "consistent", all...), hashed("uri", "consistent", all[0], all[2], all[1]), usable(), 0.66, 0.66, 0.06, "", ""},
		{"another algorithm", hashed("uri", "map", all...), hashed("leastconn", "map", all...), usable(), 1, 1, 0, "", "other values decide, or none"},
		{"names", hashed("uri", "map", all...), hashed("uri", "map", all[0], "      - {name: web2, address: \"app:80\", resolve: all}\n"), usable(), 0, 0, 0, "its servers are what a name resolves to", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			next := test.next
			p := plan.Compare(parse(t, test.now), parse(t, next), plan.Facts{Usable: test.usable})
			if len(p.Clients) != 1 || p.Clients[0].Keys == nil {
				t.Fatalf("got %+v", p.Clients)
			}
			k := p.Clients[0].Keys
			off := func(n int, want float64) bool {
				share := float64(n) / 10_000
				return share < want-test.within || share > want+test.within
			}
			if off(k.AtOnce, test.atOnce) || off(k.Moved, test.moved) || k.Cannot != test.cannot || k.Why != test.reason {
				t.Errorf("got %+v, want %+v", k, test)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		name string
		edit []string
		want string
	}{
		{"no checks", []string{"    health_check: {path: /health}\n", ""}, "! backends[app]: has no health check: a server that is down goes on getting requests"},
		{"long", []string{"    cookie:", "    timeout: {server: 90m}\n    cookie:"}, "! backends[app].timeout.server: 1h30m is more than an hour"},
		{"slow checks", []string{"{path: /health}", "{path: /health, timeout: 3s}"}, "! backends[app].health_check.timeout: 3s is more than inter, 2s: a server that hangs is found late"},
		{"maintenance", []string{`"10.0.1.1:3306"`, `"10.0.1.1:3306", disabled: true`}, "! backends[mysql]: all of its servers are in maintenance"},
		{"maxconn", []string{`"10.0.0.1:80"`, `"10.0.0.1:80", maxconn: 3`}, "! backends[app].servers[web1].maxconn: 3 is less than the 9 that are under way"},
		{"one address", []string{"10.0.0.2:80", "10.0.0.1:80"}, "! backends[app].servers[web2].address: 10.0.0.1:80 is the address of web1 too"},
		{"open stats", []string{`stats: {bind: ""}`, `stats: {bind: ":8404"}`}, "! stats.bind: :8404 is on all interfaces, and without users everybody who reaches it may look"},
		{"all new", []string{"name: db1", "name: db2"}, "! backends[mysql]: has no usable server right after the reload: all are down until they pass a check"},
		{"the port is taken", []string{`"127.0.0.1:8081"]`, `":8081"]`}, "! frontends[web].bind[:8081]: the reload will be refused: frontends[web].bind[127.0.0.1:8081] has the port; take that away in a reload of its own"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := plan.Facts{Now: at, Served: numbers(map[string]int{"app/web1": 9})}
			now, next := parse(t, base), parse(t, edited(t, test.edit...))
			p := plan.Compare(now, next, f)
			expectWarning(t, p, test.want)
			if len(p.Warnings) != 1 {
				t.Errorf("got %+v, want one warning", p.Warnings)
			}
			for _, w := range plan.Compare(next, next, f).Warnings {
				if !w.AlreadySo {
					t.Errorf("%+v is not marked as being so already", w)
				}
			}
		})
	}
}

func expectWarning(t *testing.T, p *plan.Plan, want string) {
	t.Helper()
	var all []string
	for _, w := range p.Warnings {
		all = append(all, fmt.Sprintf("! %s: %s", w.Path, w.Text))
	}
	if !slices.Contains(all, want) {
		t.Errorf("got %q, want %q", all, want)
	}
}

func TestOperatorsCount(t *testing.T) {
	f := plan.Facts{Now: at, Orders: []plan.Order{
		{Object: "mysql/db1", Key: "state", Value: "maint", FileValue: "ready", At: at.Add(-time.Hour)},
		{Object: "app/web1", Key: "maxconn", Value: "3", FileValue: "0", At: at.Add(-time.Hour)},
	}, Served: numbers(map[string]int{"app/web1": 9})}
	p := plan.Compare(parse(t, base), parse(t, edited(t, web2, "")), f)
	if len(p.Warnings) != 1 || p.Warnings[0].Text != "all of its servers are in maintenance" || !p.Warnings[0].AlreadySo {
		t.Errorf("got %+v", p.Warnings)
	}
}
