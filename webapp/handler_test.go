package webapp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"relais/webapp/store"
)

func TestPage(t *testing.T) {
	site := newSite(t, "web-7")
	first, second := site.get("/"), site.get("/")
	for i, page := range []answer{first, second} {
		page.want(t, http.StatusOK, "web-7", "Visits to all servers", "Leave a message", "Nobody has written yet")
		if visits := visitsOn(t, page); visits != []string{"1", "2"}[i] {
			t.Errorf("visit %d says %s visits", i+1, visits)
		}
	}
	if got := first.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestPageWithoutDatabase(t *testing.T) {
	site := newBrokenSite(t)
	start := time.Now()
	page := site.get("/")
	page.want(t, http.StatusOK, `<p class="value missing">unavailable</p>`, "The database does not answer")
	if took := time.Since(start); took > databaseTimeout {
		t.Errorf("the page took %v", took)
	}
	site.get("/health").want(t, http.StatusOK, `{"status":"healthy","server":"1","database":"down"}`)
	site.get("/ready").want(t, http.StatusServiceUnavailable, `"database":"down"`)
	site.get("/api/messages").want(t, http.StatusServiceUnavailable, `{"error":"database unavailable"}`)
	site.postJSON(`{"text":"hello"}`).want(t, http.StatusServiceUnavailable, `{"error":"database unavailable"}`)
	site.postForm("do not lose me").want(t, http.StatusServiceUnavailable, "do not lose me</textarea>", `role="alert"`)
	site.get("/metrics").want(t, http.StatusOK, "webapp_database_up 0")
}

// A HEAD shows nobody anything: it is answered as GET and is no visit.
func TestHead(t *testing.T) {
	site := newSite(t, "1")
	site.get("/")
	for _, path := range []string{"/", "/health", "/ready", "/api/messages", "/metrics"} {
		a := site.do(http.MethodHead, path, nil, nil)
		a.want(t, http.StatusOK)
		if a.body != "" || a.header.Get("Content-Type") != site.get(path).header.Get("Content-Type") {
			t.Errorf("HEAD %s: body %q, type %q", path, a.body, a.header.Get("Content-Type"))
		}
	}
	if visits := visitsOn(t, site.get("/")); visits != "3" { // one before, one inside the loop, this one
		t.Errorf("%s visits, want 3: HEAD was counted", visits)
	}
}

func TestForm(t *testing.T) {
	site := newSite(t, "1")
	a := site.postForm("  <script>alert(1)</script>\r\n\"quoted\" & 'more'  ")
	a.want(t, http.StatusSeeOther)
	if a.header.Get("Location") != "/" {
		t.Errorf("Location %q", a.header.Get("Location"))
	}
	page := site.get("/")
	page.want(t, http.StatusOK, "&lt;script&gt;alert(1)&lt;/script&gt;\n&#34;quoted&#34; &amp; &#39;more&#39;</p>")
	if strings.Contains(page.body, "<script") {
		t.Error("the page holds a script element")
	}
	long := strings.Repeat("x", maxText) + "<y>"
	site.postForm(long).want(t, http.StatusBadRequest, "503 characters", html.EscapeString(long)+"</textarea>")
	site.postForm(" \r\n ").want(t, http.StatusBadRequest, "the text is empty")
	if n := len(site.messages()); n != 1 {
		t.Errorf("%d messages, want the good one only", n)
	}
}

func TestPostMessage(t *testing.T) {
	site := newSite(t, "web-1")
	tests := []struct {
		name, contentType, body string
		status                  int
		part                    string
	}{
		{"good", "application/json", `{"text":" hello "}`, 201, `"text":"hello","server":"web-1"`},
		{"good with charset", "application/json; charset=utf-8", `{"text":"héllo\nworld"}`, 201, `"text":"héllo\nworld"`},
		{"longest", "application/json", `{"text":"` + strings.Repeat("é", 500) + `"}`, 201, `"id":`},
		{"too long", "application/json", `{"text":"` + strings.Repeat("é", 501) + `"}`, 400, "501 characters"},
		{"empty", "application/json", `{"text":" \n "}`, 400, "the text is empty"},
		{"no text", "application/json", `{"txt":"hello"}`, 400, `lacks \"text\"`},
		{"null", "application/json", `{"text":null}`, 400, `lacks \"text\"`},
		{"number", "application/json", `{"text":5}`, 400, "not JSON"},
		{"cut", "application/json", `{"text":"he`, 400, "not JSON"},
		{"two values", "application/json", `{"text":"a"}{"text":"b"}`, 400, "not JSON"},
		{"nothing", "application/json", ``, 400, "not JSON"},
		{"bad UTF-8", "application/json", "{\"text\":\"\xff\"}", 400, "UTF-8"},
		{"control character", "application/json", `{"text":"a\u0000b"}`, 400, "control characters"},
		{"too large", "application/json", `{"text":"` + strings.Repeat("x", maxBody) + `"}`, 413, "more than 16384 bytes"},
		{"form", "application/x-www-form-urlencoded", `text=hello`, 415, "application/json"},
		{"no type", "", `{"text":"hello"}`, 415, "application/json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := site.do(http.MethodPost, "/api/messages", strings.NewReader(tt.body), map[string]string{"Content-Type": tt.contentType})
			a.want(t, tt.status, tt.part)
			if a.header.Get("Content-Type") != "application/json" || !json.Valid([]byte(a.body)) {
				t.Errorf("answer is no JSON: %q %s", a.header.Get("Content-Type"), a.body)
			}
		})
	}
	if n := len(site.messages()); n != 3 {
		t.Errorf("%d messages, want the 3 good ones", n)
	}
}

func TestMessagesNewestFirst(t *testing.T) {
	site := newSite(t, "1")
	site.get("/api/messages").want(t, http.StatusOK, "[]")
	var posted store.Message
	for range listed + 2 {
		a := site.postJSON(`{"text":"hello"}`)
		if err := json.Unmarshal([]byte(a.body), &posted); err != nil {
			t.Fatal(err)
		}
	}
	got := site.messages()
	if len(got) != listed || got[0] != posted || got[0].ID != got[1].ID+1 {
		t.Errorf("%d messages, newest %+v; posted %+v last", len(got), got[0], posted)
	}
}

func TestEveryAnswerCarriesHeaders(t *testing.T) {
	site := newSite(t, "web-3")
	tests := []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 200, ""},
		{"GET", "/metrics", 200, ""},
		{"GET", "/nowhere", 404, ""},
		{"GET", "/api/nowhere", 404, ""},
		{"GET", "//api//messages", 307, ""},
		{"POST", "/", 405, "GET, HEAD"},
		{"PUT", "/health", 405, "GET, HEAD"},
		{"GET", "/messages", 405, "POST"},
		{"DELETE", "/api/messages", 405, "GET, HEAD, POST"},
		{"OPTIONS", "*", 400, ""},
	}
	for _, tt := range tests {
		a := site.do(tt.method, tt.path, nil, nil)
		a.want(t, tt.status)
		if got := a.header.Get("Allow"); got != tt.allow {
			t.Errorf("%s %s: Allow %q, want %q", tt.method, tt.path, got, tt.allow)
		}
		for name, want := range map[string]string{
			"X-Server-Id": "web-3", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s %s: %s is %q, want %q", tt.method, tt.path, name, got, want)
			}
		}
	}
}

// The policy allows the page's own style by its hash and no script at all.
func TestContentSecurityPolicy(t *testing.T) {
	page := newSite(t, "1").get("/")
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page.body)
	if style == nil {
		t.Fatal("the page has no style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	policy := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
		t.Errorf("policy %q allows scripts", policy)
	}
	if regexp.MustCompile(`(?i)\son[a-z]+=|\sstyle=|https?://[^w]`).MatchString(page.body) {
		t.Error("the page needs what its policy forbids")
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	site := newSite(t, "1")
	host := strings.TrimPrefix(site.url, "http://")
	tests := []struct {
		name    string
		headers map[string]string
		status  int
	}{
		{"our page", map[string]string{"Sec-Fetch-Site": "same-origin"}, 303},
		{"our page on plain http", map[string]string{"Origin": "http://" + host}, 303},
		{"our page behind TLS", map[string]string{"Origin": "https://" + host, "X-Forwarded-Proto": "https"}, 303},
		{"a program", nil, 303},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"another site on plain http", map[string]string{"Origin": "http://evil.example"}, 403},
	}
	for _, tt := range tests {
		headers := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		for name, value := range tt.headers {
			headers[name] = value
		}
		if a := site.do(http.MethodPost, "/messages", strings.NewReader("text=hello"), headers); a.status != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, a.status, tt.status)
		}
	}
}

func TestMetrics(t *testing.T) {
	site := newSite(t, "1")
	site.get("/")
	site.get("/nowhere/1")
	site.get("/nowhere/2")
	site.postJSON(`{"text":""}`)
	site.get("/metrics").want(t, http.StatusOK,
		`webapp_http_requests_total{code="200",route="/"} 1`,
		`webapp_http_requests_total{code="404",route="other"} 2`,
		`webapp_http_requests_total{code="400",route="/api/messages"} 1`,
		`webapp_http_request_duration_seconds_count{route="/"} 1`,
		"webapp_database_up 1", "go_goroutines", "process_open_fds")
}

func TestPanicBecomesA500(t *testing.T) {
	var log bytes.Buffer
	server := httptest.NewServer(newHandler("1", panicking{}, zerolog.New(&log)))
	a := (&site{t: t, url: server.URL}).get("/api/messages")
	server.Close()
	a.want(t, http.StatusInternalServerError, "internal error")
	if a.header.Get("X-Server-Id") != "1" || !strings.Contains(log.String(), "getMessages") {
		t.Errorf("header %v, log %s", a.header, &log)
	}
}

// site is a handler over a real listener.
type site struct {
	t   *testing.T
	url string
}

func newSite(t *testing.T, server string) *site {
	t.Helper()
	s := serveStore(t, server, filepath.Join(t.TempDir(), "web.db"))
	await(t, "the database to be up", func() bool { return s.get("/ready").status == http.StatusOK })
	return s
}

// newBrokenSite has a database that cannot be opened.
func newBrokenSite(t *testing.T) *site {
	t.Helper()
	return serveStore(t, "1", filepath.Join(t.TempDir(), "missing", "web.db"))
}

func serveStore(t *testing.T, server, path string) *site {
	t.Helper()
	data := store.Open(store.SQLite{Path: path}, server, zerolog.Nop())
	t.Cleanup(data.Close)
	listening := httptest.NewUnstartedServer(nil)
	listening.Config = newHTTPServer(newHandler(server, data, zerolog.Nop()), zerolog.Nop())
	listening.Start()
	t.Cleanup(listening.Close)
	return &site{t: t, url: listening.URL}
}

func (s *site) get(path string) answer { return s.do(http.MethodGet, path, nil, nil) }

func (s *site) postJSON(body string) answer {
	return s.do(http.MethodPost, "/api/messages", strings.NewReader(body), map[string]string{"Content-Type": "application/json"})
}

func (s *site) postForm(text string) answer {
	form := url.Values{"text": {text}}.Encode()
	return s.do(http.MethodPost, "/messages", strings.NewReader(form), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

func (s *site) messages() (messages []store.Message) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.get("/api/messages").body), &messages); err != nil {
		s.t.Fatal(err)
	}
	return messages
}

func (s *site) do(method, path string, body io.Reader, headers map[string]string) answer {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url, body)
	if err != nil {
		s.t.Fatal(err)
	}
	request.URL.Path = path
	if path == "*" {
		request.URL.Path, request.URL.Opaque = "", "*"
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultTransport.RoundTrip(request) // follows no redirect
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{what: method + " " + path, status: response.StatusCode, header: response.Header, body: string(content)}
}

type answer struct {
	what   string
	status int
	header http.Header
	body   string
}

func (a answer) want(t *testing.T, status int, parts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: %d, want %d\n%s", a.what, a.status, status, a.body)
	}
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Errorf("%s lacks %q:\n%s", a.what, part, a.body)
		}
	}
}

func visitsOn(t *testing.T, page answer) string {
	t.Helper()
	found := regexp.MustCompile(`Visits to all servers</h2>\s*<p class="value">([0-9,]+)</p>`).FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("no visit count on the page:\n%s", page.body)
	}
	return found[1]
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// panicking is a store whose every method panics: its embedded storage is nil.
type panicking struct{ storage }
