package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/testkit"
)

// explain asks on the command line; the exit code and what is said come back.
func (o *operated) explain(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	out, err := exec.Command(balancerPath, append([]string{"ctl", "--socket", o.socket(), "explain"}, args...)...).CombinedOutput()
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode(), string(out)
	} else if err != nil {
		t.Fatal(err)
	}
	return 0, string(out)
}

// listed asks for requests and returns what they asked for, in the order of the list.
func (o *operated) listed(t *testing.T, args ...string) (targets []string) {
	t.Helper()
	_, list := o.explain(t, args...)
	for line := range strings.Lines(list) {
		if f := strings.Split(line, "\t"); len(f) == 9 && f[0] != "# id" {
			targets = append(targets, strings.TrimPrefix(f[3], "GET "))
		}
	}
	return targets
}

// ids are the ids in the access log by target, as soon as there are so many.
func (o *operated) ids(t *testing.T, n int) map[string]string {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("%d lines in the access log", n), func() bool { return strings.Count(o.Stdout.String(), "\n") == n })
	ids := map[string]string{}
	for line := range strings.Lines(o.Stdout.String()) {
		var l logLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		ids[l.Target] = l.ID
	}
	return ids
}

// visitFrom asks for something from an address of this machine and returns the answer.
func visitFrom(t *testing.T, from, url, id string) string {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	client := &http.Client{Timeout: testkit.Patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext}}
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if id != "" {
		request.Header.Set("X-Request-Id", id)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestExplainFinds finds requests by all that an admin may know of them, where he may see figures
// and nothing else.
func TestExplainFinds(t *testing.T) {
	var atServer sync.Map // ids by target
	s := testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		atServer.Store(r.RequestURI, r.Header.Get("X-Request-Id"))
		switch r.URL.Path {
		case "/fail":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/slow":
			select {
			case <-time.After(300 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	}))
	o := &operated{dir: t.TempDir()}
	config := fmt.Sprintf("admin_socket: {level: user, path: %s}\nexplain: {slow: 250ms}\n", o.socket()) + farm("", s, s) +
		"  - {name: shut, servers: [{name: web1, address: \"127.0.0.1:1\", disabled: true}]}\n"
	o.running = run(t, strings.Replace(config, "backends:", "  - {name: shut, bind: \"127.0.0.1:0\", default_backend: shut}\nbackends:", 1), nil)
	began := time.Now()
	visitFrom(t, "127.0.0.1", "http://"+o.addr+"/one", "ticket-4711")
	visitFrom(t, "127.0.0.7", "http://"+o.addr+"/two/deep?x=1", "")
	o.ids(t, 2)
	moment := time.Now().UTC().Format(time.RFC3339Nano)
	visitFrom(t, "127.0.0.1", "http://"+o.addr+"/fail", "ticket-4711")
	visitFrom(t, "127.0.0.1", "http://"+o.addr+"/slow", "")
	page := visitFrom(t, "127.0.0.7", "http://"+o.frontends(t)[1]+"/shut", "")
	ids := o.ids(t, 5)

	for target, id := range ids {
		if at, there := atServer.Load(target); there && at != id || !there && target != "/shut" {
			t.Errorf("the server of %s got the id %v, the log has %s", target, at, id)
		}
		code, said := o.explain(t, id)
		if code != 0 || !strings.HasPrefix(said, "request     "+id+"\n") || !strings.Contains(said, "asked for   GET "+target+" of ") {
			t.Errorf("%s of %s: exit %d, %s", id, target, code, said)
		}
	}
	if !strings.Contains(page, ids["/shut"]) {
		t.Errorf("the error page does not have the id %s: %s", ids["/shut"], page)
	}
	if _, said := o.explain(t, ids["/one"]); !strings.Contains(said, ", which called the request ticket-4711\n") {
		t.Errorf("the client's id is missing: %s", said)
	}
	if _, said := o.explain(t, ids["/slow"]); !regexp.MustCompile(`(?m)^times .*, answer ([3-9]\d\d ms|\d+\.\d s), `).MatchString(said) {
		t.Errorf("where the time went is missing: %s", said)
	}
	o.finds(t, began.UTC().Format(time.RFC3339), moment)
	o.refuses(t, moment)
}

// finds lists the requests of TestExplainFinds; a moment is in the middle of them.
func (o *operated) finds(t *testing.T, began, moment string) {
	t.Helper()
	for _, test := range []struct{ question, want string }{
		{"ticket-4711", "/fail /one"},
		{"--last 5m", "/shut /slow /fail /two/deep?x=1 /one"},
		{"--last 5m --limit 2", "/shut /slow"},
		{"--client 127.0.0.7", "/shut /two/deep?x=1"},
		{"--client 127.0.0.0/30", "/slow /fail /one"},
		{"--path /two", "/two/deep?x=1"},
		{"--path deep", "/two/deep?x=1"},
		{"--status 503", "/shut /fail"},
		{"--status 2xx", "/slow /two/deep?x=1 /one"},
		{"--abnormal", "/shut /slow /fail"},
		{"--since " + moment + " --limit 9", "/shut /slow /fail"},
		{"--until " + moment, "/two/deep?x=1 /one"},
		{"--since " + began + " --until " + moment + " --client 127.0.0.1", "/one"},
		{"--backend app --status 2xx", "/slow /two/deep?x=1 /one"},
		{"--backend app --server web1 --limit 9", "/fail /one"},
		{"--backend shut --abnormal", "/shut"},
	} {
		if got := o.listed(t, strings.Fields(test.question)...); !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%s: %q, want %q", test.question, got, test.want)
		}
	}
}

// refuses asks what cannot be answered: each is said in a line.
func (o *operated) refuses(t *testing.T, moment string) {
	t.Helper()
	for _, test := range []struct{ question, want string }{
		{"0af7651916cd43dd8448eb211c80319c", "no such request is remembered: ordinary ones: since 20"},
		{"--path /nobody", "those that failed, were tried again, waited or were slow: since 20"},
		{"--last soon", "--last soon: a time such as 90s, 5m or 1h30m is expected"},
		{"--last 5m --since 10:02", "two beginnings; leave out one"},
		{"--since " + moment + " --until " + moment, "until is not after the beginning"},
		{"--status 99", "a status such as 503 or 5xx is expected"},
		{"--client nobody", "an address or a network such as 10.0.0.0/8 is expected"},
		{"--backend app --backend shut", "--backend is there twice"},
		{"--last 5m --limit", "--limit lacks its value"},
		{"--backend nobody --last 5m", "No such backend."},
	} {
		if code, said := o.explain(t, strings.Fields(test.question)...); code != 1 || !strings.Contains(said, test.want) || strings.Count(said, "\n") > 2 {
			t.Errorf("%s: exit %d, %q, want %q", test.question, code, said, test.want)
		}
	}
}

// TestExplainOff: who has it off is told so, whatever is asked, up to the next start.
func TestExplainOff(t *testing.T) {
	config := "explain: off\n" + farm("", named(t, "a"))
	o := forgetful(t, config)
	refused := func() {
		t.Helper()
		if got := o.body("/"); got != "a" {
			t.Errorf("the answer is %q", got)
		}
		for _, question := range []string{"0af7651916cd43dd8448eb211c80319c", "--backend app --last 5m", "--last 5m"} {
			if code, said := o.explain(t, strings.Fields(question)...); code != 1 || strings.TrimSpace(said) != "nothing is remembered: the configuration has explain: off" {
				t.Errorf("%s: exit %d, %q", question, code, said)
			}
		}
	}
	refused()
	o.configure(t, fmt.Sprintf("admin_socket: %s\n", o.socket())+strings.Replace(config, "off", "on", 1))
	o.reload(t)
	o.logged(t, "explain and state_file take effect at the next start")
	refused()
}
