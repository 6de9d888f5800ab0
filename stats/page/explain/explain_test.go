package explain_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/balancer/why"
	"relais/internal/testkit/golden"
	"relais/stats/page"
	"relais/stats/page/explain"
)

var now = time.Date(2026, 11, 23, 10, 5, 0, 0, time.UTC)

// asked is the page after a question, such as "backend=app&last=5m".
func asked(question string, answer why.Answer) *explain.Page {
	fields, err := url.ParseQuery(question)
	if err != nil {
		panic(err)
	}
	return &explain.Page{
		Stats: "/haproxy-stats", Field: fields.Get, Backends: []string{"app", "api"}, Now: now,
		Reach: "ordinary ones: since 2026-11-23 09:58:00 UTC", Answer: answer,
	}
}

// situation is that of app a minute ago: web2 was down, web4 drained, and there was a spare.
func situation() *why.Situation {
	return &why.Situation{Backend: "app", Algorithm: "roundrobin", Since: now.Add(-time.Minute), Servers: []why.Candidate{
		{Server: "web1", Weight: 3}, {Server: "web2", Weight: 1, Out: "down"}, {Server: "web3", Weight: 1},
		{Server: "web4", Weight: 1, Out: "drain"}, {Server: "web5", Weight: 1, Out: "maint (agent)"}, {Server: "spare", Weight: 1, Out: "backup"},
	}}
}

// retried is a request that web1 refused and web3 answered.
func retried() *why.Record {
	s := situation()
	return &why.Record{
		Began: now.Add(-time.Second), ID: []byte("0af7651916cd43dd8448eb211c80319c"), ClientID: []byte(`"order"&17`), Client: netip.MustParseAddrPort("192.0.2.7:51234"),
		Frontend: "web", Backend: "app", Method: []byte("GET"), Host: []byte("shop.example.com"), Target: []byte("/a<b>?q=\"'"),
		Status: 200, Termination: "----", Reason: "web1: connection refused; answered by web3",
		Timers:   why.Timers{Connect: time.Millisecond, Response: 30 * time.Millisecond, Total: 35 * time.Millisecond},
		Attempts: []why.Attempt{{Server: "web1", Failed: "connection refused", Situation: s}, {Server: "web3", Pick: why.OnlyOne, After: time.Millisecond, Situation: s}},
	}
}

// refused is a request that was to get no server.
func refused() *why.Record {
	return &why.Record{
		Began: now.Add(-2 * time.Second), ID: []byte("1bf7651916cd43dd8448eb211c80319c"), Frontend: "web", Method: []byte("GET"), Target: []byte("/x"),
		Status: 400, Termination: "PR--", Reason: "the request was refused", Timers: why.Timers{Queue: -1, Connect: -1, Response: -1, Total: time.Millisecond},
	}
}

// unserved is a request that waited, until a moment when no server was left.
func unserved() *why.Record {
	r := retried()
	r.Status, r.Termination, r.Reason, r.Place, r.Timers.Queue = 503, "sQ--", "no server had room within timeout.queue", 7, 5*time.Second
	r.Attempts, r.NoServer = r.Attempts[:1], situation()
	return r
}

func ordinary() *why.Record {
	r := retried()
	r.Reason, r.Attempts = "", r.Attempts[1:]
	return r
}

func shared() *why.Shares {
	share := func(server string, requests uint64) why.Share {
		return why.Share{Server: server, Requests: requests, Tally: why.Tally{Picks: [why.Picks]uint64{why.ByAlgorithm: requests}}, Weight: 1, Weights: 2, Due: 0.5}
	}
	web2 := share("web2", 100)
	web2.Failed, web2.Away, web2.Out = 12, 12, []why.Absence{{From: now.Add(-time.Minute), To: now, Why: "down (connection refused)"}}
	return &why.Shares{Backend: "app", Algorithm: "roundrobin", From: now.Add(-5 * time.Minute), To: now, Requests: 400, Servers: []why.Share{share("web1", 300), web2}}
}

func pages() map[string]*explain.Page {
	failed := asked(`last=5x&client=10.0.0.1&path=%22><script>&backend=gone&abnormal=1`, why.Answer{})
	failed.Err = errors.New("read the question: last 5x: a time such as 5m is expected")
	return map[string]*explain.Page{
		"empty":    asked("", why.Answer{}),
		"retried":  asked("id=0af7651916cd43dd8448eb211c80319c", why.Answer{Request: retried()}),
		"unserved": asked("id=x", why.Answer{Request: unserved()}),
		"refused":  asked("id=x", why.Answer{Request: refused()}),
		"list":     asked("client=192.0.2.0/24&limit=4", why.Answer{List: []why.Record{*ordinary(), *retried(), *unserved(), *refused()}}),
		"shares":   asked("backend=app&last=5m", why.Answer{Shares: shared()}),
		"share":    asked("backend=app&server=web2&since=10:00", why.Answer{Shares: shared(), Server: "web2"}),
		"error":    failed,
	}
}

func TestGolden(t *testing.T) {
	for name, p := range pages() {
		t.Run(name, func(t *testing.T) {
			golden.Check(t, name+".html", regexp.MustCompile(`-[0-9a-f]{12}\.`).ReplaceAllString(render(t, p), "-HASH."))
		})
	}
}

// The pages are well-formed, each id is there once, and nothing in them comes from elsewhere or is
// a script, whatever clients send.
func TestPagesAreSound(t *testing.T) {
	for name, p := range pages() {
		t.Run(name, func(t *testing.T) {
			html := render(t, p)
			if foreign := regexp.MustCompile(`(?i)(https?:)?//[a-z]|<script| style=| on[a-z]+=|javascript:|data:`).FindString(html); foreign != "" {
				t.Errorf("the page holds %q", foreign)
			}
			if !strings.Contains(html, `href="`+page.StylePath("/haproxy-stats")+`"`) {
				t.Error("it does not look like the statistics")
			}
			ids := map[string]bool{}
			for decoder := xml.NewDecoder(strings.NewReader(html)); ; {
				token, err := decoder.Token()
				if errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				element, _ := token.(xml.StartElement)
				for _, a := range element.Attr {
					if a.Name.Local == "id" && ids[a.Value] {
						t.Errorf("id %s twice", a.Value)
					}
					ids[a.Value] = ids[a.Value] || a.Name.Local == "id"
				}
			}
		})
	}
}

// Of many servers those that were chosen are shown, and how many others there were.
func TestManyServers(t *testing.T) {
	s := &why.Situation{Backend: "app", Algorithm: "random", Since: now}
	for i := range 1000 {
		s.Servers = append(s.Servers, why.Candidate{Server: fmt.Sprint("web", i), Weight: 1})
	}
	r := ordinary()
	r.Attempts = []why.Attempt{{Server: "web77", Failed: "timeout", Situation: s}, {Server: "web999", Situation: s}}
	html := render(t, asked("id=x", why.Answer{Request: r}))
	for _, want := range []string{">web77</a>", ">web999</a>", "and 900 more, none of which was chosen"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s", want)
		}
	}
	if rows := strings.Count(html, `<tr><th scope="row">`); rows != 100 {
		t.Errorf("%d rows", rows)
	}
}

func render(t *testing.T, p *explain.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := explain.Render(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
