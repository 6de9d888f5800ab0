package plan_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/plan"
	"relais/internal/testkit"
)

// base is what the tables edit.
const base = `access_log: off
stats: {bind: ""}
frontends:
  - {name: web, bind: ["127.0.0.1:8080", "127.0.0.1:8081"], default_backend: app}
  - {name: db, mode: tcp, bind: "127.0.0.1:3306", default_backend: mysql}
backends:
  - name: app
    cookie: {name: SRV}
    health_check: {path: /health}
    servers:
      - {name: web1, address: "10.0.0.1:80"}
      - {name: web2, address: "10.0.0.2:80"}
      - {name: web3, address: "10.0.0.3:80"}
  - name: mysql
    mode: tcp
    health_check: {type: tcp}
    servers:
      - {name: db1, address: "10.0.1.1:3306"}
`

// edited replaces parts of base: old, new, old, new and so on.
func edited(t *testing.T, parts ...string) string {
	t.Helper()
	text := base
	for i := 0; i < len(parts); i += 2 {
		if !strings.Contains(text, parts[i]) {
			t.Fatalf("%q is not in\n%s", parts[i], text)
		}
		text = strings.Replace(text, parts[i], parts[i+1], 1)
	}
	return text
}

// told is the changes with their effects, one line each.
func told(p *plan.Plan) []string {
	var all []string
	for _, c := range p.Changes() {
		line := c.String()
		if len(c.Effects) > 0 {
			line += " | " + strings.Join(c.Effects, " | ")
		}
		all = append(all, line)
	}
	return all
}

const (
	web2 = `      - {name: web2, address: "10.0.0.2:80"}` + "\n"
	web3 = `      - {name: web3, address: "10.0.0.3:80"}` + "\n"
)

func TestChanges(t *testing.T) {
	for _, test := range []struct {
		name string
		edit []string
		want []string
	}{
		{"bind opened", []string{`"127.0.0.1:8081"]`, `"127.0.0.1:8081", {address: unix@/run/w.sock, mode: "0660"}]`},
			[]string{"+ frontends[web].bind[unix@/run/w.sock]: mode 0660 | is opened"}},
		{"bind closed", []string{`, "127.0.0.1:8081"]`, `]`},
			[]string{"- frontends[web].bind[127.0.0.1:8081]: plain | is closed; no connection is open"}},
		{"bind changed", []string{`"127.0.0.1:8081"]`, `{address: "127.0.0.1:8081", accept_proxy: {from: 10.0.0.0/8}}]`},
			[]string{"+ frontends[web].bind[127.0.0.1:8081].accept_proxy: {from: 10.0.0.0/8} | for new connections"}},
		{"binds in another order", []string{`"127.0.0.1:8080", "127.0.0.1:8081"`, `"127.0.0.1:8081", "127.0.0.1:8080"`},
			[]string{"~ frontends[web].bind[127.0.0.1:8081]: moved from place 1 to 0"}},
		{"bind handed to another frontend", []string{`, "127.0.0.1:8081"]`, `]`, `bind: "127.0.0.1:3306"`, `bind: ["127.0.0.1:3306", "127.0.0.1:8081"]`}, []string{
			"- frontends[web].bind[127.0.0.1:8081]: plain | goes to frontends[db]",
			"+ frontends[db].bind[127.0.0.1:8081]: plain | takes over the open socket of frontends[web]",
		}},
		{"stats moved", []string{`stats: {bind: ""}`, `stats: {bind: "127.0.0.1:9000"}`},
			[]string{`~ stats.bind: "" -> 127.0.0.1:9000 | is opened`}},
		{"frontend and backend in TCP mode", []string{`mode: tcp, bind`, `bind`, "    mode: tcp\n", ""}, []string{
			"~ frontends[db].mode: tcp -> http | its sockets stay open, and connections are accepted in the new mode",
			"~ backends[mysql].mode: tcp -> http",
		}},
		{"server added", []string{web3, web3 + "      - {name: web4, address: unix@/run/app, weight: 7, tls: {verify: false}}\n"},
			[]string{"+ backends[app].servers[web4]: {address: unix@/run/app, weight: 7, tls: {verify: false}} | is down until it passes a check"}},
		{"server removed", []string{web2, ""},
			[]string{"- backends[app].servers[web2]: {address: 10.0.0.2:80} | nothing is under way on it"}},
		{"servers in another order", []string{web2 + web3, web3 + web2},
			[]string{"~ backends[app].servers[web3]: moved from place 2 to 1"}},
		{"server readdressed", []string{"10.0.0.2:80", "10.0.0.9:80"},
			[]string{"~ backends[app].servers[web2].address: 10.0.0.2:80 -> 10.0.0.9:80 | its idle connections are closed; requests under way end on the old ones | it is down until it passes a check, and requests that have no other server wait for that"}},
		{"server readdressed, initial down", []string{"10.0.0.2:80", "10.0.0.9:80", "{path: /health}", "{path: /health, initial: down}"}, []string{
			"~ backends[app].servers[web2].address: 10.0.0.2:80 -> 10.0.0.9:80 | its idle connections are closed; requests under way end on the old ones | it is down until it passes a check, and requests that have no other server wait for that",
			"~ backends[app].health_check.initial: auto -> down | the check of each server begins anew: its health stays as it was, and one failure takes it down",
		}},
		{"TLS to a server", []string{`"10.0.0.2:80"}`, `"10.0.0.2:80", tls: {sni: app.example.com}}`},
			[]string{"+ backends[app].servers[web2].tls: {sni: app.example.com} | its idle connections are closed; requests under way end on the old ones | its health stays as it was, and one failure takes it down"}},
		{"server disabled", []string{`"10.0.0.2:80"`, `"10.0.0.2:80", disabled: true`},
			[]string{"~ backends[app].servers[web2].disabled: false -> true | maintenance: its clients go elsewhere, and it is not checked"}},
		{"observed traffic", []string{"    mode: tcp\n", "    mode: tcp\n    observe: layer4\n"},
			[]string{`~ backends[mysql].observe: "" -> layer4 | the check of each server begins anew: its health stays as it was, and one failure takes it down`}},
		{"no more checks", []string{"    health_check: {path: /health}\n", ""},
			[]string{"- backends[app].health_check: {path: /health} | its servers are taken to be up"}},
		{"logs", []string{"access_log: off", "access_log: stdout"}, []string{"~ access_log.output: off -> stdout | needs a restart"}},
		{"balance", []string{"    cookie:", "    balance: {uri: {depth: 2}}\n    cookie:"}, []string{"~ backends[app].balance: roundrobin -> {uri: {depth: 2}}"}},
		{"retries", []string{"    cookie:", "    retry_on: none\n    cookie:"}, []string{"~ backends[app].retry_on: [conn-failure, empty-response] -> []"}},
		{"long list", []string{"default_backend: app", "trusted_proxies: [10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16, 10.5.0.0/16, 10.6.0.0/16, 10.7.0.0/16, 10.8.0.0/16, 10.9.0.0/16], default_backend: app"},
			[]string{"~ frontends[web].trusted_proxies: [] -> [10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16, 10.5.0.0/16, 10.6.0.0/16, 10.7.0.0/16, 2 more, ...]"}},
		{"edits", []string{"default_backend: app", "request: {set_header: {X-Token: abc, X-A: \"1\"}}, default_backend: app"},
			[]string{`+ frontends[web].request[0]: {set_header: {X-A: 1, X-Token: (hidden)}}`}},
		{"steps", []string{"{type: tcp}", "{type: tcp, steps: [{send: 'AUTH pass\\r\\n'}, {expect: OK}]}"}, []string{
			"+ backends[mysql].health_check.steps[0]: {send: (hidden)} | the check of each server begins anew: its health stays as it was, and one failure takes it down",
			"+ backends[mysql].health_check.steps[1]: {expect: OK}",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			now, next := parse(t, base), parse(t, edited(t, test.edit...))
			if got := told(plan.Compare(now, next, plan.Facts{})); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestRules(t *testing.T) {
	withRules := func(rules string) string {
		return strings.Replace(base, "default_backend: app}", "rules: ["+rules+"], default_backend: app}", 1)
	}
	const a, b, c = "{path: /a, deny: 403}", "{path: /b, backend: app}", `{host: [x.example, y.example], redirect: /c}`
	for _, test := range []struct {
		name, now, next string
		want            []string
	}{
		{"added in between", a + "," + c, a + "," + b + "," + c, []string{"+ frontends[web].rules[1]: " + b}},
		{"removed", a + "," + b + "," + c, a + "," + c, []string{"- frontends[web].rules[1]: " + b}},
		{"moved", a + "," + b + "," + c, c + "," + a + "," + b, []string{
			"~ frontends[web].rules[0]: moved from rules[2]: {host: [x.example, y.example], redirect: {location: /c}}"}},
		{"edited", a + "," + b, "{path: /a, deny: 404}," + b, []string{"~ frontends[web].rules[0].deny: 403 -> 404"}},
		{"condition edited", a + "," + b, "{path: [/a, /aa], deny: 403}," + b, []string{"~ frontends[web].rules[0].path: [/a] -> [/a, /aa]"}},
		{"edited and another one before it", b + "," + a, c + "," + b + "," + "{path: /a, deny: 404}", []string{
			"+ frontends[web].rules[0]: {host: [x.example, y.example], redirect: {location: /c}}", "~ frontends[web].rules[2].deny: 403 -> 404"}},
		{"another action is another rule", a, "{path: /a, backend: app}", []string{
			"- frontends[web].rules[0]: {path: /a, deny: 403}", "+ frontends[web].rules[0]: {path: /a, backend: app}"}},
		{"twice the same", a + "," + a, a, []string{"- frontends[web].rules[1]: " + a}},
		{"shares", "{path: /s, split: [{backend: app, weight: 9}]}", "{path: /s, split: [{backend: app, weight: 5}]}",
			[]string{"~ frontends[web].rules[0].split[app].weight: 9 -> 5"}},
		{"a secret", "{header: {name: Authorization, value: one}, deny: 403}", "{header: {name: Authorization, value: two}, deny: 403}",
			[]string{"~ frontends[web].rules[0].header[0].value: has other content"}},
		{"a secret comes", a, a + ",{header: {name: X-Api-Key, value: one}, deny: 403}",
			[]string{"+ frontends[web].rules[1]: {header: [{name: X-Api-Key, value: (hidden)}], deny: 403}"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			now, next := parse(t, withRules(test.now)), parse(t, withRules(test.next))
			if got := told(plan.Compare(now, next, plan.Facts{})); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Files count by what is in them, which nobody gets to see.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	ca := testkit.NewAuthority(t)
	until := func(day int) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = at.Add(-48*time.Hour), time.Date(2026, 5, day, 12, 0, 0, 0, time.UTC)
		}
	}
	write := func(key, page string, day int) {
		ca.Files(t, dir, "site", until(day), "a.example", "b.example")
		testkit.WriteFile(t, filepath.Join(dir, "cookie.key"), []byte(key))
		testkit.WriteFile(t, filepath.Join(dir, "page.txt"), []byte(page))
	}
	text := edited(t, `"127.0.0.1:8081"]`, `{address: "127.0.0.1:8443", tls: {certificates: [{cert: `+dir+`/site.pem, key: `+dir+`/site.key}]}}], rules: [{path: /p, return: {file: `+dir+`/page.txt}}]`,
		"{name: SRV}", "{name: SRV, key_file: "+dir+"/cookie.key}")
	write("first secret of all", "one", 20)
	now, same := parse(t, text), parse(t, text)
	write("second secret of all", "one\n", 10)
	next := parse(t, text)
	if p := plan.Compare(now, same, plan.Facts{Now: at}); p.Changed() {
		t.Errorf("the same files: %q", told(p))
	}
	p := plan.Compare(now, next, plan.Facts{Now: at})
	want := []string{
		"~ frontends[web].bind[127.0.0.1:8443].tls.certificates[DIR/site.pem].key: DIR/site.key has other content | for new connections",
		"~ frontends[web].bind[127.0.0.1:8443].tls.certificates[DIR/site.pem]: a.example b.example until 2026-05-20 -> a.example b.example until 2026-05-10 | for new connections",
		"~ frontends[web].rules[0].return.file: DIR/page.txt has other content",
		"~ backends[app].cookie.key_file: DIR/cookie.key has other content",
	}
	if got := strings.ReplaceAll(strings.Join(told(p), "\n"), dir, "DIR"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	var out bytes.Buffer
	if err := p.WriteText(&out); err != nil || strings.Contains(out.String(), "secret of all") {
		t.Errorf("%v, the plan shows a secret:\n%s", err, out.String())
	}
	for _, want := range []string{"site.pem]: expires on 2026-05-10", "sticky clients move from web1, web2, web3 (3 of 3 servers): the cookie's key is another one"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestHash(t *testing.T) {
	hashes := map[string]bool{}
	for _, f := range []plan.Facts{
		{HashNow: "a", HashNext: "b", Revision: "1"}, {HashNow: "a", HashNext: "b", Revision: "2"},
		{HashNow: "a", HashNext: "c", Revision: "1"}, {HashNow: "ab", HashNext: "", Revision: "1"},
	} {
		h := plan.Compare(parse(t, base), parse(t, base), f).Hash
		if len(h) != 12 || strings.Trim(h, "0123456789abcdef") != "" || hashes[h] {
			t.Errorf("%+v: %q", f, h)
		}
		hashes[h] = true
	}
}

// Every configuration that is there to be read is the same as itself, and another one in each key
// that it has more.
func TestRealConfigurations(t *testing.T) {
	files, err := filepath.Glob("../config/file/testdata/*/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(path, "/invalid/") || strings.Contains(string(text), ".pem") || strings.Contains(string(text), "${") {
			continue // they lack certificates, or variables
		}
		compared++
		if p := plan.Compare(load(t, path), load(t, path), plan.Facts{}); p.Changed() {
			t.Errorf("%s: %q", path, told(p))
		}
		p := plan.Compare(parse(t, base), load(t, path), plan.Facts{})
		if s := fmt.Sprint(told(p)); !p.Changed() || strings.Contains(s, "reflect") || strings.Contains(s, "0x") {
			t.Errorf("%s: %s", path, s)
		}
	}
	if compared < 10 {
		t.Errorf("only %d configurations", compared)
	}
}
