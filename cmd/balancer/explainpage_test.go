package main_test

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// why asks the page that says why.
func (r *running) why(t *testing.T, question url.Values) (status int, text string) {
	t.Helper()
	status, text = r.get(t, "/haproxy-stats/explain?"+question.Encode())
	return status, html.UnescapeString(text)
}

// TestExplainPage asks on the page about requests that were made: by their id, their client and
// path, and after the shares that they make up.
func TestExplainPage(t *testing.T) {
	origin := testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Request-Id"))
	}))
	config, socket := withSocket(t, farm("retries: 1\n", origin, testkit.RefusingAddr(t)))
	r := run(t, config, nil)
	ids := map[string]string{} // ours, by the path
	for _, path := range []string{"/first", "/second", "/third"} {
		ids[path] = r.fetch(t, path, "client-of-"+path)
	}
	for path, id := range ids {
		for _, known := range []string{id, "client-of-" + path} {
			status, page := 0, ""
			testkit.Eventually(t, "the request is remembered", func() bool {
				status, page = r.why(t, url.Values{"id": {known}})
				return status != http.StatusNotFound
			})
			if status != http.StatusOK || !strings.Contains(page, "<dd>"+id+"</dd>") || !strings.Contains(page, "<dd>GET "+path+" of ") {
				t.Errorf("%s: %d, %s", known, status, page)
			}
		}
		r.tellsTheSame(t, socket, id)
	}
	status, page := r.why(t, url.Values{"client": {"127.0.0.0/8"}, "path": {"/sec"}, "last": {"10m"}})
	if found := requestLinks.FindAllString(page, -1); status != http.StatusOK || len(found) != 1 || found[0] != "/haproxy-stats/explain?id="+ids["/second"] {
		t.Errorf("by client and path %q are found (status %d), not %s", found, status, ids["/second"])
	}
	if _, page := r.why(t, url.Values{"abnormal": {"1"}, "server": {"web2"}}); !strings.Contains(page, "connection refused; answered by web1") {
		t.Errorf("what web2 has refused is not listed: %s", page)
	}
	testkit.Eventually(t, "the shares", func() bool { // of what has come since they are counted
		r.fetch(t, "/more", "")
		status, page = r.why(t, url.Values{"backend": {"app"}, "last": {"5m"}})
		return status == http.StatusOK && strings.Contains(page, "requests for 2 servers by roundrobin") && strings.Contains(page, "web2: ")
	})
}

// fetch sends a request with an id of its client and returns the body.
func (r *running) fetch(t *testing.T, path, id string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+r.addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Request-Id", id)
	answer, err := http.DefaultClient.Do(request)
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

// tellsTheSame sees that the page says of a request whatever the command says.
func (r *running) tellsTheSame(t *testing.T, socket, id string) {
	t.Helper()
	story, err := exec.Command(balancerPath, "ctl", "--socket", socket, "explain", id).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, page := r.why(t, url.Values{"id": {id}})
	for line := range strings.Lines(strings.TrimSpace(string(story))) {
		if said := strings.TrimSpace(line[12:]); !strings.HasPrefix(line, "attempt ") && !strings.Contains(page, ">"+said+"<") {
			t.Errorf("the command says %q, the page does not", said)
		}
	}
}

var requestLinks = regexp.MustCompile(`/haproxy-stats/explain\?id=[^"]+`)

// TestExplainPageSaysWhatIsWrong: what cannot be answered is said on the page, and the form has
// what was asked.
func TestExplainPageSaysWhatIsWrong(t *testing.T) {
	config := farm("", named(t, "a"))
	on, off := run(t, config, nil), run(t, "explain: off\n"+config, nil)
	for _, test := range []struct {
		at       *running
		question string
		status   int
		want     string
	}{
		{on, "", 200, ""},
		{on, "id=nobody", 404, "no such request is remembered: ordinary ones: "},
		{on, "client=192.0.2.1&path=/x", 404, "no such request is remembered: "},
		{on, "client=nobody", 400, "client nobody: an address or a network such as 10.0.0.0/8 is expected"},
		{on, "last=5m&since=10:00", 400, "last and since are two beginnings"},
		{on, "backend=nobody", 404, "No such backend."},
		{off, "", 404, "nothing is remembered: the configuration has explain: off"},
		{off, "id=x", 404, "nothing is remembered: "},
	} {
		asked, err := url.ParseQuery(test.question)
		if err != nil {
			t.Fatal(err)
		}
		status, page := test.at.why(t, asked)
		if said := strings.Contains(page, `role="alert"`); status != test.status || !strings.Contains(page, test.want) || said != (test.want != "") {
			t.Errorf("%s: %d, %s", test.question, status, page)
		}
		for name := range asked {
			if name != "backend" && !strings.Contains(page, `name="`+name+`" value="`+asked.Get(name)+`"`) || name == "backend" && !strings.Contains(page, `selected="selected">`+asked.Get(name)+"<") {
				t.Errorf("%s: the form has lost %s", test.question, name)
			}
		}
	}
	for r, want := range map[*running]bool{on: true, off: false} {
		if _, page := r.get(t, "/haproxy-stats"); strings.Contains(page, "/haproxy-stats/explain") != want {
			t.Errorf("the statistics lead to the page: %v", !want)
		}
	}
}
