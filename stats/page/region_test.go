package page

import (
	"bytes"
	"strings"
	"testing"

	"relais/stats"
	"relais/stats/statstest"
)

// Every region of the page can be rendered alone, as it is in the page, and has its id.
func TestRegionsStandAlone(t *testing.T) {
	s := statstest.Busy()
	v := newView(&s, Options{Path: "/haproxy-stats", Admin: &Admin{User: "ops"}})
	var whole bytes.Buffer
	if err := page.Execute(&whole, v); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, id string
		data     any
	}{
		{"header", "/header", v},
		{"banners", "/banners", v.Banners},
		{"summary", "/summary", v.Summary},
		{"timeline", "/timeline", v.Timeline},
		{"process", "/process", v.Process},
		{"options", "/options", v.Options},
		{"table", "app", v.Tables[1]},
		{"row", "app/web2", v.Tables[1].Rows[1]},
		{"row", "app/Backend", v.Tables[1].Rows[4]},
		{"failures", "/failures", v.Failures},
		{"queues", "/queues", v.Queues},
		{"certificates", "/certificates", v.Certificates},
		{"legend", "/legend", v.Legend},
	} {
		var alone bytes.Buffer
		if err := page.ExecuteTemplate(&alone, tt.name, tt.data); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		html := alone.String()
		if !strings.Contains(whole.String(), html) {
			t.Errorf("%s is not so in the page: %.200s", tt.name, html)
		}
		if first, _, _ := strings.Cut(html, ">"); !strings.HasPrefix(html, "<") || !strings.Contains(first, ` id="`+tt.id+`"`) {
			t.Errorf("%s begins with %s, without the id %s", tt.name, first, tt.id)
		}
	}
}

// What is empty has its place all the same, and is not seen.
func TestEmptyRegionsAreHidden(t *testing.T) {
	s := stats.Snapshot{Now: statstest.Now}
	var html bytes.Buffer
	if err := Render(&html, &s, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`id="/queues" hidden="hidden"></section>`, `id="/failures" hidden="hidden"></section>`, `id="/certificates" hidden="hidden"></section>`, "Nothing has happened yet."} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}

// Every column of HAProxy's page that has a figure is in the tables that it concerns.
func TestColumnsOfHAProxy(t *testing.T) {
	for name, tt := range map[string]struct {
		groups []group
		want   string
	}{
		"frontend": {frontendLayout, "Session rate: Cur Max Limit · Sessions: Cur Max Limit Total · Bytes: In Out · Denied: Req Resp · Errors: Req · Server: Status"},
		"backend": {backendLayout, "Queue: Cur Max Limit · Session rate: Cur Max · Sessions: Cur Max Limit Total LbTot Last · Bytes: In Out · Denied: Req Resp · Errors: Conn Resp" +
			" · Warnings: Retr Redis · Server: Status LastChk Wght Act Bck Chk Dwn Dwntme Thrtle"},
	} {
		var got []string
		for _, g := range tt.groups {
			words := g.Name + ":"
			for _, c := range g.Columns {
				words += " " + c.Name
			}
			got = append(got, words)
		}
		if got := strings.Join(got, " · "); got != tt.want {
			t.Errorf("%s: %s,\nwant %s", name, got, tt.want)
		}
	}
}
