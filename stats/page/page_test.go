package page_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit/golden"
	"relais/stats"
	"relais/stats/page"
	"relais/stats/statstest"
)

var where = page.Options{Path: "/haproxy-stats", Metrics: "/metrics", Explain: "/haproxy-stats/explain"}

func TestGolden(t *testing.T) {
	for name, shown := range map[string]struct {
		s stats.Snapshot
		o page.Options
	}{
		"sample.html": {statstest.Sample(), where}, "healthy.html": {statstest.Healthy(), where},
		"operated.html": {statstest.Operated(), where}, "admin.html": {statstest.Operated(), admin("")},
		"busy.html": {statstest.Busy(), where},
	} {
		html := string(render(t, shown.s, shown.o))
		golden.Check(t, name, assetHash.ReplaceAllString(html, "-HASH."))
	}
}

var assetHash = regexp.MustCompile(`-[0-9a-f]{12}\.`)

// Every row of the snapshot has its line, with HAProxy's anchor, colour and words.
func TestEveryRowIsThere(t *testing.T) {
	rows := elements(t, render(t, statstest.Sample(), where), "tr")
	for _, tt := range []struct{ id, class, words string }{
		{"web/Frontend", "frontend", "OPEN"},
		{"old/Frontend", "frontend", "STOP"},
		{"app/web1", "active_up", "1h2m UP L7OK/200 in 3ms"},
		{"app/web2", "active_down", "L4CON in 3ms"},
		{"app/web3", "active_going_down", "1h2m UP 1/3 ↓ * L7STS/500 in 3ms"},
		{"app/web4", "active_going_up", "5m DOWN 1/2 ↑"},
		{"app/web5", "maintain", "2h MAINT"},
		{"app/web6", "active_no_check", "no check"},
		{"app/web7", "active_draining", "1h2m DRAIN"},
		{"app/web8", "backup_up", "1h2m UP"},
		{"app/Backend", "backend", "1h2m UP"},
		{"api/api1", "active_down", "1m30s DOWN Last transitions (times in UTC) 2026-11-22 09:58:30 DOWN 3 failures: no answer in 2s L7TOUT in 3ms"},
		{"api/Backend", "backend", "1m30s DOWN"},
		{"empty/Backend", "backend", "1d2h DOWN"},
	} {
		row, ok := rows[tt.id]
		if !ok {
			t.Errorf("no row %s", tt.id)
			continue
		}
		if row.class != tt.class {
			t.Errorf("%s has class %s, want %s", tt.id, row.class, tt.class)
		}
		if !strings.Contains(row.text, tt.words) {
			t.Errorf("%s says %q, not %q", tt.id, row.text, tt.words)
		}
	}
}

// The page needs nothing but itself and its assets, so the strictest policy lets it work.
func TestNothingForeign(t *testing.T) {
	html := string(render(t, statstest.Operated(), admin(";st=DONE")))
	if foreign := regexp.MustCompile(`(?i)(https?:)?//[a-z]|<script>|<style| style=| on[a-z]+=|javascript:|data:`).FindString(html); foreign != "" {
		t.Errorf("the page holds %q", foreign)
	}
	for name, asset := range page.Assets() {
		if !strings.Contains(html, `"/haproxy-stats/`+name+`"`) {
			t.Errorf("the page does not use %s", name)
		}
		if css := string(asset.Body); strings.HasSuffix(name, ".css") && regexp.MustCompile(`url\(|@import`).MatchString(css) {
			t.Errorf("%s loads something else", name)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		suffix, query string
		has, hasNot   []string
	}{
		{"", "", []string{`http-equiv="refresh" content="5"`, `href="/haproxy-stats;up"`, `href="/haproxy-stats;norefresh"`, `href="/haproxy-stats;csv;norefresh"`, `href="/haproxy-stats;json;norefresh"`, `href="/metrics"`, `id="app/web2"`, ` data-live="/haproxy-stats;live">`}, nil},
		{";norefresh", "", []string{"Enable refresh", `href="/haproxy-stats;up;norefresh"`, `action="/haproxy-stats;norefresh"`, ` data-live="/haproxy-stats;live;norefresh" data-paused="paused">`}, []string{`http-equiv="refresh"`}},
		{";up", "", []string{"Show &#39;DOWN&#39; servers", `id="app/web1"`, `id="app/Backend"`, "1h2m UP (5/8)", "web2 of app is DOWN"}, []string{`id="app/web2"`, `id="app/web5"`}},
		{";no-maint;st=DONE", "", []string{`id="app/web2"`, ` data-live="/haproxy-stats;live;st=DONE;no-maint">`}, []string{`id="app/web5"`}},
		{"", "scope=AP", []string{`value="AP"`, `id="app/web1"`, `href="/haproxy-stats;up?scope=AP"`}, []string{`id="web/Frontend"`}},
		{"", "window=5m", []string{"Latency over 5\u00a0min", `<a href="/haproxy-stats;window=5m" aria-current="true">`, `<a href="/haproxy-stats">1`, `href="/haproxy-stats;up;window=5m"`}, nil},
		{";up", "window=soon", []string{"Latency over 1\u00a0min", `<a href="/haproxy-stats;up;window=10s">10`}, nil},
		{"", "scope=%22%3E%3Cscript%3E", []string{"No proxy has a name with"}, []string{"<script>"}},
	} {
		o := where
		o.Options = stats.ParseOptions(tt.suffix, tt.query)
		html := string(render(t, statstest.Sample(), o))
		for _, want := range tt.has {
			if !strings.Contains(html, want) {
				t.Errorf("%s?%s: no %s", tt.suffix, tt.query, want)
			}
		}
		for _, unwanted := range tt.hasNot {
			if strings.Contains(html, unwanted) {
				t.Errorf("%s?%s: has %s", tt.suffix, tt.query, unwanted)
			}
		}
	}
}

// Tips are tied to what they explain, and every id is there once.
func TestTipsAreTied(t *testing.T) {
	for _, html := range [][]byte{render(t, statstest.Operated(), admin("")), render(t, statstest.Busy(), where)} {
		ids := map[string]int{}
		for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(string(html), -1) {
			if ids[m[1]]++; ids[m[1]] > 1 {
				t.Errorf("id %s twice", m[1])
			}
		}
		tied := regexp.MustCompile(` (?:aria-(?:describedby|labelledby)|for)="([^"]*)"`).FindAllStringSubmatch(string(html), -1)
		if len(tied) < 40 {
			t.Errorf("only %d tips", len(tied))
		}
		for _, m := range tied {
			if ids[m[1]] == 0 {
				t.Errorf("nothing has the id %s", m[1])
			}
		}
	}
}

// A page of 1,000 servers, each with five minutes of traffic.
func BenchmarkRender(b *testing.B) {
	s := statstest.Large(1000)
	times := statstest.Times(200, 0, 2*time.Millisecond)
	for i := range 1000 {
		s.Proxies[1].Rows[i].Times = times
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := page.Render(io.Discard, &s, where); err != nil {
			b.Fatal(err)
		}
	}
}

func render(t *testing.T, s stats.Snapshot, o page.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := page.Render(&b, &s, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type element struct{ class, text string }

// elements returns the elements of a name by their id. The page is HTML that is well-formed XML
// too: a tag that is not closed fails here.
func elements(t *testing.T, html []byte, name string) map[string]element {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(html))
	found := map[string]element{}
	id := ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == name {
				id = attribute(token, "id")
				found[id] = element{class: attribute(token, "class")}
			}
		case xml.EndElement:
			if token.Name.Local == name {
				id = ""
			}
		case xml.CharData:
			e := found[id]
			e.text = strings.Join(strings.Fields(e.text+" "+string(token)), " ")
			found[id] = e
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
