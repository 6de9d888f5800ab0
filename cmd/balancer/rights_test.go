package main_test

import (
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"relais/internal/testkit"
)

// secrets are what must not be in any log.
var secrets = []string{"open sesame", "look, do not touch", "0123456789abcdef-token", "let me in"}

// guarded is a balancer whose admin listener has users. Its checks come so seldom that nothing
// changes by itself.
func guarded(t *testing.T) *operated {
	t.Helper()
	a := newOrigin(t, "a")
	dir := t.TempDir()
	for name, secret := range map[string]string{"ops": secrets[0], "eye": secrets[1]} {
		hash, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		testkit.WriteFile(t, filepath.Join(dir, name), hash)
	}
	testkit.WriteFile(t, filepath.Join(dir, "token"), []byte(secrets[2]))
	return operate(t, strings.Replace(farm("health_check: {path: /health, inter: 1h}\n", a.addr, a.addr), `stats: {bind: "127.0.0.1:0"}`, fmt.Sprintf(`
stats:
  bind: "127.0.0.1:0"
  admin: true
  users: [{name: ops, password_file: %[1]s/ops, role: operate}, {name: eye, password_file: %[1]s/eye, role: read}]
  metrics_token_file: %[1]s/token
  metrics_from: 127.0.1.0/24`, dir), 1))
}

// caller is somebody who comes to the admin listener.
type caller struct {
	name   string
	fields map[string]string // Authorization: "USER:PASSWORD" stands for the login
	from   string            // his address; empty: any
	token  bool              // he has loaded the page and sends the form's token
	change int               // what a change gets
	read   int               // what reading gets; 0: what there is
	scrape int               // what metrics get; 0: what there is
}

func callers() []caller {
	ops, eye := "ops:"+secrets[0], "eye:"+secrets[1]
	return []caller{
		{name: "nobody", change: 401, read: 401, scrape: 401},
		{name: "a scraper with the token", fields: map[string]string{"Authorization": "Bearer " + secrets[2]}, change: 401, read: 401},
		{name: "a scraper of the network", from: "127.0.1.1", change: 401, read: 401},
		{name: "who may read", fields: map[string]string{"Authorization": eye}, change: 403},
		{name: "who may read, with a token of others", fields: map[string]string{"Authorization": eye}, token: true, change: 403},
		{name: "an operator without the form", fields: map[string]string{"Authorization": ops}, change: 403},
		{name: "an operator on a foreign page", fields: map[string]string{"Authorization": ops, "Origin": "http://evil.example"}, token: true, change: 403},
		{name: "an operator in a sandbox", fields: map[string]string{"Authorization": ops, "Origin": "null"}, token: true, change: 403},
		{name: "an operator from a foreign link", fields: map[string]string{"Authorization": ops, "Referer": "http://evil.example/x"}, token: true, change: 403},
		{name: "an operator of a foreign site", fields: map[string]string{"Authorization": ops, "Sec-Fetch-Site": "cross-site"}, token: true, change: 403},
		{name: "an operator at a foreign name", fields: map[string]string{"Authorization": ops, "Host": "evil.example"}, token: true, change: 421},
		{name: "who guesses", fields: map[string]string{"Authorization": "ops:" + secrets[3]}, token: true, change: 401, read: 401, scrape: 401},
	}
}

// client is the browser of a caller, which does not follow redirections.
func (v caller) client(t *testing.T) *http.Client {
	dialer := &net.Dialer{}
	if v.from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(v.from)}
	}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ask sends a request and returns status, body and where it leads to.
func (v caller) ask(t *testing.T, client *http.Client, method, url string, form url.Values) (status int, body, location string) {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range v.fields {
		request.Header.Set(name, value)
	}
	if login := v.fields["Authorization"]; login != "" && !strings.HasPrefix(login, "Bearer ") {
		name, password, _ := strings.Cut(login, ":")
		request.SetBasicAuth(name, password)
	}
	request.Host = v.fields["Host"]
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), answer.Header.Get("Location")
}

var actions = []string{"ready", "drain", "maint", "dhlth", "ehlth", "hrunn", "hnolb", "hdown", "dagent", "eagent", "arunn", "adown",
	"shutdown", "enable", "disable", "start", "stop"}

// pages are the paths of the admin listener, and what reading gets.
var pages = map[string]int{
	"/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 302, "/nothing": 404, "/haproxy-stats/style.css": 200, "/haproxy-stats/icon.svg": 200,
	"/haproxy-stats": 200, "/haproxy-stats;csv": 200, "/haproxy-stats;json": 200, "/haproxy-stats;norefresh;up;no-maint?scope=app": 200,
	"/haproxy-stats/explain": 200, "/haproxy-stats/explain?backend=app": 200, "/haproxy-stats/explain?last=5": 400, "/haproxy-stats/explain?id=x": 404,
	"/haproxy-stats;st=DONE": 200, "/haproxy-stats;csv;": 200, "/healthz/../haproxy-stats;csv": 200, "/healthz/": 404, "/metrics;csv": 404,
}

// TestRights has everybody ask for everything in every way. Who has no right to gets nothing, and
// nothing changes.
func TestRights(t *testing.T) {
	o := guarded(t)
	operator := caller{fields: map[string]string{"Authorization": "ops:" + secrets[0]}}
	base := "http://" + o.stats
	_, page, _ := operator.ask(t, operator.client(t), "GET", base+"/haproxy-stats", nil)
	form := formOf(t, page)
	before := o.everything(t)
	for _, v := range callers() {
		client := v.client(t)
		check := func(method, path string, form url.Values, want int) {
			t.Helper()
			if got, _, _ := v.ask(t, client, method, base+path, form); got != want {
				t.Errorf("%s: %s %s %s: %d, want %d", v.name, method, path, form.Get("action"), got, want)
			}
		}
		for path, there := range pages {
			want := there
			switch {
			case path == "/metrics" && v.scrape != 0:
				want = v.scrape
			case path != "/metrics" && path != "/healthz" && path != "/readyz" && v.read != 0:
				want = v.read
			}
			check("GET", path, nil, want)
			check("HEAD", path, nil, want)
			for _, method := range []string{"PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PURGE"} {
				check(method, path, nil, 405)
			}
			check("POST", path, v.form(form, "maint"), v.change)
		}
		for _, action := range actions {
			check("POST", "/haproxy-stats", v.form(form, action), v.change)
			check("GET", "/haproxy-stats?"+v.form(form, action).Encode(), nil, max(v.read, 200))
		}
	}
	if after := o.everything(t); after != before {
		t.Errorf("something has changed:\n%s\nbefore:\n%s", after, before)
	}
	o.logged(t, `"by":"eye","from":"127.0.0.1","what":"POST /haproxy-stats","why":"role read","allowed":false`)
	o.logged(t, `"from":"127.0.0.1","what":"POST /haproxy-stats","why":"foreign host \"evil.example\"","allowed":false`)
	o.keepsSecrets(t, form.Get("token"))
}

// form is what a caller posts for a verb.
func (v caller) form(page url.Values, action string) url.Values {
	form := url.Values{"s": {"web1"}, "b": page["b"], "action": {action}}
	if v.token {
		form["token"] = page["token"]
	}
	return form
}

// everything is all that a change would change, once the first checks have passed.
func (o *operated) everything(t *testing.T) string {
	t.Helper()
	testkit.Eventually(t, "ready", func() bool { code, _ := o.get(t, "/readyz"); return code == 200 })
	fields := regexp.MustCompile(`(?m)^(\d+ (?:\S+ ){8})\d+ `) // but how long ago that was
	return fields.ReplaceAllString(o.say(t, "show servers state"), "$1- ") + o.say(t, "show orders") + o.say(t, "show changes")
}

// keepsSecrets looks for passwords and tokens in the log.
func (o *operated) keepsSecrets(t *testing.T, token string) {
	t.Helper()
	log := o.Stderr.String() + o.Stdout.String()
	for _, secret := range append(slices.Clone(secrets), token) {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

var (
	formField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"/>`)
	formBox   = regexp.MustCompile(`<input type="checkbox" name="s" value="([^"]*)"`)
	formStart = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
)

// formOf reads the form of a backend as a browser does: its hidden fields, the servers that can be
// chosen, and under the empty name where it is posted to.
func formOf(t *testing.T, page string) url.Values {
	t.Helper()
	start := formStart.FindStringSubmatch(page)
	if start == nil {
		t.Fatalf("there is no form in\n%s", page)
	}
	form := url.Values{"": {html.UnescapeString(start[1])}}
	for _, m := range formField.FindAllStringSubmatch(page, -1) {
		form.Add(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range formBox.FindAllStringSubmatch(page, -1) {
		form.Add("s", html.UnescapeString(m[1]))
	}
	return form
}

// TestRightsOnThePage uses the page as a browser does: an operator takes a server out of service
// from it and puts it back, and everybody who may read sees who did it and why.
func TestRightsOnThePage(t *testing.T) {
	o := guarded(t)
	base := "http://" + o.stats
	operator := caller{fields: map[string]string{"Authorization": "ops:" + secrets[0], "Origin": base, "Sec-Fetch-Site": "same-origin"}}
	reader := caller{fields: map[string]string{"Authorization": "eye:" + secrets[1]}}
	client := operator.client(t)
	_, page, _ := operator.ask(t, client, "GET", base+"/haproxy-stats", nil)
	form := formOf(t, page)
	if !slices.Equal(form["s"], []string{"web1", "web2"}) {
		t.Fatalf("the form has %v", form)
	}
	if _, page, _ := reader.ask(t, client, "GET", base+"/haproxy-stats", nil); strings.Contains(page, `method="post"`) || strings.Contains(page, form.Get("token")) {
		t.Error("who may only read gets the form")
	}
	post := func(fields url.Values, want string) {
		t.Helper()
		fields["b"], fields["token"] = form["b"], form["token"]
		status, _, location := operator.ask(t, client, "POST", base+form.Get(""), fields)
		if status != 303 || !strings.HasPrefix(location, "/haproxy-stats;st="+want) {
			t.Errorf("%v: %d, to %q, want %s", fields, status, location, want)
		}
		_, page, _ = operator.ask(t, client, "GET", base+location, nil)
	}
	post(url.Values{"s": {"web2"}, "action": {"maint"}, "reason": {"disk <swap>"}, "for": {"30m"}}, "DONE")
	if !strings.Contains(page, "Action processed successfully.") {
		t.Error("the page does not say that it was done")
	}
	_, seen, _ := reader.ask(t, client, "GET", base+"/haproxy-stats", nil)
	for _, words := range []string{"MAINT", "disk &lt;swap&gt;", "ops"} {
		if !strings.Contains(seen, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	if got := o.say(t, "show orders"); !regexp.MustCompile(`(?m)^app/web2\tstate maint\tops\t\S+\t\S+Z\tdisk <swap>$`).MatchString(got) {
		t.Errorf("show orders says\n%s", got)
	}
	o.logged(t, `"by":"ops","from":"127.0.0.1","what":"POST /haproxy-stats","why":"","allowed":true`)
	o.logged(t, `"by":"ops","reason":"disk <swap>"`)
	post(url.Values{"s": {"web2"}, "action": {"ready"}}, "DONE")
	post(url.Values{"s": {"web1", "none"}, "action": {"drain"}}, "PART")
	post(url.Values{"action": {"drain"}}, "NONE")
	post(url.Values{"s": {"none"}, "action": {"drain"}}, "DENY")
	post(url.Values{"s": {"web1"}, "action": {"explode"}}, "ERRP")
	for _, action := range actions {
		want := "DONE"
		if strings.HasSuffix(action, "agent") && action != "dagent" || action == "arunn" || action == "adown" {
			want = "DENY" // there is none
		}
		post(url.Values{"s": {"web1"}, "action": {action}}, want)
	}
	o.keepsSecrets(t, form.Get("token"))
}

// TestRightsWithoutUsers: everybody may read, and nobody may change anything.
func TestRightsWithoutUsers(t *testing.T) {
	a := newOrigin(t, "a")
	o := operate(t, farm("health_check: {path: /health, inter: 1h}\n", a.addr))
	before := o.everything(t)
	anybody := caller{}
	client := anybody.client(t)
	for path, want := range pages {
		for method, want := range map[string]int{"GET": want, "HEAD": want, "POST": 403, "PUT": 405, "DELETE": 405, "OPTIONS": 405, "TRACE": 405} {
			if got, _, _ := anybody.ask(t, client, method, "http://"+o.stats+path, nil); got != want {
				t.Errorf("%s %s: %d, want %d", method, path, got, want)
			}
		}
	}
	for _, action := range actions {
		form := url.Values{"s": {"web1"}, "b": {"app"}, "action": {action}}
		if got, _, _ := anybody.ask(t, client, "POST", "http://"+o.stats+"/haproxy-stats", form); got != 403 {
			t.Errorf("POST %s: %d", action, got)
		}
	}
	if after := o.everything(t); after != before {
		t.Errorf("something has changed:\n%s\nbefore:\n%s", after, before)
	}
}

// TestRightsOfTheSocket: the level of the socket says what may be done there, mode and group who
// may connect.
func TestRightsOfTheSocket(t *testing.T) {
	a := newOrigin(t, "a")
	group, err := user.LookupGroupId(strconv.Itoa(os.Getgid()))
	if other, otherErr := user.LookupGroup("daemon"); os.Geteuid() == 0 && otherErr == nil {
		group, err = other, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	const denied = "Permission denied"
	for _, level := range []string{"user", "operator", "admin"} {
		path := filepath.Join(t.TempDir(), "cli")
		o := &operated{dir: filepath.Dir(path)}
		config := fmt.Sprintf("admin_socket: {path: %s, mode: \"0660\", group: %s, level: %s}\n", path, group.Name, level)
		o.running = run(t, config+farm("health_check: {path: /health, inter: 1h}\n", a.addr), nil)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if gid := info.Sys().(*syscall.Stat_t).Gid; info.Mode().Perm() != 0o660 || strconv.Itoa(int(gid)) != group.Gid {
			t.Errorf("the socket has mode %v and group %d, want 0660 and %s", info.Mode(), gid, group.Gid)
		}
		before := o.everything(t)
		for _, command := range []string{
			"set server app/web1 state maint", "set weight app/web1 5", "set maxconn server app/web1 3", "set maxconn frontend web 3",
			"set maxconn global 3", "disable server app/web1", "disable health app/web1", "disable agent app/web1", "disable frontend web",
			"set server app/web1 addr 127.0.0.2", "set server app/web1 health down", "add server app/n 127.0.0.1:1", "del server app/web1",
			"clear counters all", "shutdown session 0x1", "shutdown sessions server app/web1", "shutdown frontend web", "reload",
		} {
			if got := o.say(t, command); (got == denied) != (level != "admin") {
				t.Errorf("level %s: %s: %q", level, command, got)
			}
		}
		if after := o.everything(t); level != "admin" && after != before {
			t.Errorf("level %s: something has changed:\n%s\nbefore:\n%s", level, after, before)
		}
		for _, command := range []string{"clear counters", "show sess", "show errors", "show env HOME"} {
			if got := o.say(t, command); (got == denied) != (level == "user") {
				t.Errorf("level %s: %s: %q", level, command, got)
			}
		}
		for _, command := range []string{"show stat", "show info", "get weight app/web1", "show servers state"} {
			if got := o.say(t, command); got == denied {
				t.Errorf("level %s: %s: %q", level, command, got)
			}
		}
	}
	o := operate(t, farm("", a.addr))
	if info, err := os.Stat(o.socket()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("without a mode it is %v, %v; want 0600", info.Mode(), err)
	}
	if info, err := os.Stat(o.state()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state file is %v, %v; want 0600", info.Mode(), err)
	}
}
