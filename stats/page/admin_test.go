package page_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"relais/stats"
	"relais/stats/page"
	"relais/stats/statstest"
)

// admin is what a user sees who may change things.
func admin(suffix string) page.Options {
	o := where
	o.Options = stats.ParseOptions(suffix, "")
	o.Admin = &page.Admin{User: "ops", Token: `t"0&k`}
	return o
}

// Who fills in the form of a backend posts what ParseAction reads.
func TestFormIsWhatIsParsed(t *testing.T) {
	forms := formsOf(t, render(t, statstest.Operated(), admin(";up")))
	if len(forms) != 1 { // all servers of api are hidden; empty and the frontends have none
		t.Fatalf("%d forms, want one", len(forms))
	}
	app := forms[0]
	if app.action != "/haproxy-stats;up" || app.method != "post" {
		t.Errorf("%s to %s", app.method, app.action)
	}
	if want := []string{"web1", "web3", "web4", "web7"}; !slices.Equal(app.servers, want) {
		t.Errorf("the servers %q can be checked, want %q", app.servers, want)
	}
	if want := []string{"", "ready", "drain", "maint", "dhlth", "ehlth", "hrunn", "hnolb", "hdown", "dagent", "eagent", "arunn", "adown", "shutdown"}; !slices.Equal(app.choices["action"], want) {
		t.Errorf("the actions are %q, want %q", app.choices["action"], want)
	}
	for _, verb := range app.choices["action"][1:] {
		for _, term := range app.choices["for"] {
			posted := url.Values{"s": app.servers, "action": {verb}, "for": {term}, "reason": {"a & b"}, "b": {app.hidden["b"]}, "token": {app.hidden["token"]}}
			a, err := page.ParseAction([]byte(posted.Encode()))
			if err != nil || a.Verb != verb || a.Backend != "#4" || a.Token != `t"0&k` || a.Reason != "a & b" || len(a.Servers) != 4 {
				t.Errorf("%s for %q: %+v, %v", verb, term, a, err)
			}
		}
	}
}

// Without the right there is nothing to press, as it has always been.
func TestNoFormsWithoutTheRight(t *testing.T) {
	html := render(t, statstest.Operated(), where)
	if forms := formsOf(t, html); len(forms) != 0 {
		t.Errorf("%d forms", len(forms))
	}
	if bytes.Contains(html, []byte("checkbox")) || bytes.Contains(html, []byte("signed in")) {
		t.Error("there is something of an admin's page")
	}
}

// A page with forms does not load itself again unless it is asked to.
func TestRefreshWithForms(t *testing.T) {
	for _, tt := range []struct {
		suffix string
		on     bool
		toggle string
	}{
		{"", false, `<a href="/haproxy-stats;refresh">Enable refresh</a>`},
		{";norefresh", false, `<a href="/haproxy-stats;refresh">Enable refresh</a>`},
		{";refresh;up", true, `<a href="/haproxy-stats;up">Disable refresh</a>`},
		{";refresh;norefresh", false, `<a href="/haproxy-stats;refresh">Enable refresh</a>`},
	} {
		html := string(render(t, statstest.Operated(), admin(tt.suffix)))
		if on := strings.Contains(html, `http-equiv="refresh"`); on != tt.on {
			t.Errorf("%q: refresh is %v", tt.suffix, on)
		}
		for _, want := range []string{tt.toggle, ">Refresh now</a>", "signed in as <b>ops</b>"} {
			if !strings.Contains(html, want) {
				t.Errorf("%q: no %s", tt.suffix, want)
			}
		}
		if said := strings.Contains(html, "does not refresh by itself"); said == tt.on {
			t.Errorf("%q: it says that it does not refresh by itself: %v", tt.suffix, said)
		}
	}
}

// posted is a form that changes something.
type posted struct {
	method, action string
	servers        []string
	hidden         map[string]string
	choices        map[string][]string // values of the options of each list
}

func formsOf(t *testing.T, html []byte) (forms []posted) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(html))
	list := ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return forms
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case e.Name.Local == "form" && attribute(e, "method") == "post":
			forms = append(forms, posted{method: "post", action: attribute(e, "action"), hidden: map[string]string{}, choices: map[string][]string{}})
		case len(forms) == 0:
		case e.Name.Local == "input" && attribute(e, "type") == "checkbox":
			forms[len(forms)-1].servers = append(forms[len(forms)-1].servers, attribute(e, "value"))
		case e.Name.Local == "input" && attribute(e, "type") == "hidden":
			forms[len(forms)-1].hidden[attribute(e, "name")] = attribute(e, "value")
		case e.Name.Local == "select":
			list = attribute(e, "name")
		case e.Name.Local == "option":
			forms[len(forms)-1].choices[list] = append(forms[len(forms)-1].choices[list], attribute(e, "value"))
		}
	}
}
