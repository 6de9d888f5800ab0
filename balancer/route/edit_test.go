package route

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"relais/internal/config"
)

// values name each variable by itself, but for some.
type values map[string]string

// AppendValue implements Values.
func (v values) AppendValue(dst []byte, variable string) []byte {
	if text, ok := v[variable]; ok {
		return append(dst, text...)
	}
	return append(append(append(dst, '<'), variable...), '>')
}

// head notes the edits made in it.
type head struct {
	notes []string
	err   error
}

func (h *head) note(format string, a ...any) error {
	h.notes = append(h.notes, fmt.Sprintf(format, a...))
	return h.err
}
func (h *head) Drop(name string)                    { _ = h.note("-%s", name) }
func (h *head) Add(name string, value []byte) error { return h.note("+%s: %s", name, value) }
func (h *head) SetHost(host []byte) error           { return h.note("host %s", host) }
func (h *head) SetTarget(path, query []byte) error {
	if query == nil {
		return h.note("target %s", path)
	}
	return h.note("target %s?%s", path, query)
}

func TestEdits(t *testing.T) {
	for _, test := range []struct {
		name  string
		edits []config.Edit
		line  string
		want  string
	}{
		{"del, set and add, by name", []config.Edit{{
			AddHeader: map[string]string{"B": "{{{method}}", "A": "x"}, SetHeader: map[string]string{"X-C": "{client_ip}:{client_port}"}, DelHeader: []string{"X-D"},
		}}, "GET h /", "-x-d, -x-c, +X-C: <client_ip>:<client_port>, +A: x, +B: {<method>}"},
		{"one after the other", []config.Edit{{AddHeader: map[string]string{"A": "1"}}, {DelHeader: []string{"A"}}}, "GET h /", "+A: 1, -a"},
		{"for some", []config.Edit{
			{If: &config.Match{Path: []string{"/a"}}, SetHost: "a"}, {If: &config.Match{Path: []string{"/b"}}, SetHost: "b"},
		}, "GET h /b", "host b, target /b"},
		{"whatever the edits before have done", []config.Edit{{SetPath: "/b"}, {If: &config.Match{Path: []string{"/b"}}, SetHost: "b"}}, "GET h /a?", "target /b?"},
		{"a path with a variable", []config.Edit{{SetPath: "/v2{path}"}}, "GET h /a?b", "target /v2</path>?b"},
		{"a prefix", []config.Edit{{StripPrefix: "/api"}}, "GET h /api/x?y", "target /x?y"},
		{"a prefix with a slash", []config.Edit{{StripPrefix: "/api/"}}, "GET h /api/x", "target /x"},
		{"nothing but the prefix", []config.Edit{{StripPrefix: "/api"}}, "GET h /api", "target /"},
		{"half a word is no prefix", []config.Edit{{StripPrefix: "/api"}}, "GET h /apix", "target /apix"},
		{"an expression", []config.Edit{{ReplacePath: &config.Replace{Regex: "^/user/([0-9]+)$", With: "/u-${1}"}}}, "GET h /user/12?a", "target /u-12?a"},
		{"paths one after the other", []config.Edit{
			{StripPrefix: "/a"}, {ReplacePath: &config.Replace{Regex: "^/", With: "/c/"}}, {StripPrefix: "/c"},
		}, "GET h /a/b", "target /b"},
		{"OPTIONS *", []config.Edit{{SetPath: "/x", SetHost: "h2"}}, "OPTIONS h *", "host h2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := CompileRequest(test.edits)
			if err != nil {
				t.Fatal(err)
			}
			h := &head{}
			if err := e.Make(request(test.line), values{"path": "</path>"}, h); err != nil || strings.Join(h.notes, ", ") != test.want {
				t.Errorf("got %q, %v", strings.Join(h.notes, ", "), err)
			}
		})
	}
	if e, err := CompileRequest(nil); e != nil || err != nil {
		t.Errorf("no edits: %v, %v", e, err)
	}
}

// What the head refuses ends it.
func TestEditsEndWithAnError(t *testing.T) {
	for _, edit := range []config.Edit{{SetHeader: map[string]string{"A": ""}}, {SetHost: "{host}"}, {SetPath: "/"}} {
		e, err := CompileRequest([]config.Edit{edit, {AddHeader: map[string]string{"Last": ""}}})
		if err != nil {
			t.Fatal(err)
		}
		h := &head{err: errors.New("no")}
		if err := e.Make(request("GET h /"), values{}, h); err != h.err || edit.SetPath == "" && slices.Contains(h.notes, "+Last: ") {
			t.Errorf("%+v: got %v, %q", edit, err, h.notes)
		}
	}
}

func TestEditsThatMustNotBe(t *testing.T) {
	set := func(name, value string) config.Edit { return config.Edit{SetHeader: map[string]string{name: value}} }
	add := func(name string) config.Edit { return config.Edit{AddHeader: map[string]string{name: "x"}} }
	del := func(name string) config.Edit { return config.Edit{DelHeader: []string{name}} }
	both := []config.Edit{
		set("Content-Length", "0"), del("content-length"), add("Transfer-Encoding"), del("Transfer-Encoding"), set("Connection", "close"),
		add("Upgrade"), del("TE"), add("Trailer"), set("Content_Length", "1"), set("A b", ""), set("", ""), set("A:", ""), set("A", "x\r\nB: c"),
		set("A", "\x00"), set("A", "{nothing}"), set("A", "{"), {If: &config.Match{PathRegex: "("}},
	}
	request := append([]config.Edit{
		set("Host", "x"), del("Host"), set("X-Request-Id", "x"), del("X-Forwarded-For"), add("X-Forwarded-For"), add("Forwarded"), del("X-Real-IP"),
		set("X_Forwarded_For", "x"), set("A", "{status}"), set("A", "{server}"),
		{SetPath: "x"}, {SetPath: "/a?b"}, {SetPath: "/a b"}, {SetPath: "/é"}, {SetPath: "{query}"}, {SetHost: "{"}, {StripPrefix: "api"}, {StripPrefix: "/"},
		{ReplacePath: &config.Replace{Regex: "("}}, {ReplacePath: &config.Replace{Regex: "(a)", With: "/$2"}}, {ReplacePath: &config.Replace{Regex: "(a)", With: "/$1st"}},
		{ReplacePath: &config.Replace{Regex: "a", With: "?x"}}, {ReplacePath: &config.Replace{Regex: "a", With: "/$"}},
	}, both...)
	for _, e := range request {
		if _, err := CompileRequest([]config.Edit{{}, e}); err == nil || !strings.HasPrefix(err.Error(), "edit 2: ") {
			t.Errorf("request %+v: got %v", e, err)
		}
	}
	for _, e := range append([]config.Edit{{SetPath: "/"}, {SetHost: "h"}, {StripPrefix: "/a"}, {ReplacePath: &config.Replace{}}}, both...) {
		if _, err := CompileResponse([]config.Edit{e}); err == nil {
			t.Errorf("response %+v is let through", e)
		}
	}
	for _, e := range []config.Edit{
		set("X-Forwarded-For", "{client_ip}"), set("X-Forwarded-Prefix", "/api"), set("X-Real-IP", "{client_ip}"), set("X-SSL-Cipher", "{tls_cipher}"), set("A", "{backend}"),
		{ReplacePath: &config.Replace{Regex: "(?P<id>a)(b)", With: "/$2${id}$$"}},
	} {
		if _, err := CompileRequest([]config.Edit{e}); err != nil {
			t.Errorf("request %+v: %v", e, err)
		}
	}
	for _, e := range []config.Edit{set("X-Request-Id", "{request_id}"), set("X-Server", "{server} {status}"), del("Server")} {
		if _, err := CompileResponse([]config.Edit{e}); err != nil {
			t.Errorf("response %+v: %v", e, err)
		}
	}
}

// Where a redirect leads to is for the configuration to say: a client decides about the path and
// the query, never about the host, nor about another line.
func TestLocation(t *testing.T) {
	for _, test := range []struct {
		redirect config.Redirect
		line     string
		want     string // empty: refused
	}{
		{config.Redirect{Location: "https://new.example/"}, "GET h /a?b", "https://new.example/"},
		{config.Redirect{Location: "https://{host}{path}?x={query}"}, "GET h.example /a?b", "https://h.example/a?x=b"},
		{config.Redirect{Location: "https://{host}/"}, "GET  /", ""},
		{config.Redirect{Location: "{path}/"}, "GET h /a", "/a/"},
		{config.Redirect{Location: "{path}/"}, "GET h //evil.example", ""},
		{config.Redirect{Location: "{path}/"}, `GET h /\evil.example`, ""},
		{config.Redirect{Location: "/{path}"}, "GET h /evil.example", ""},
		{config.Redirect{Location: "//cdn.example{path}"}, "GET h /a", "//cdn.example/a"},
		{config.Redirect{Location: "/x{path}"}, "GET h //evil.example", "/x//evil.example"},
		{config.Redirect{Location: "https://h{path}"}, "GET h /\r\nSet-Cookie:a", ""},
		{config.Redirect{Location: "https://h{path}"}, "GET h /%0d%0aSet-Cookie:a", "https://h/%0d%0aSet-Cookie:a"},
		{config.Redirect{Location: "https://h{path}"}, "GET h /a b", ""},
		{config.Redirect{Location: "{query}"}, "GET h /", ""},
		{config.Redirect{Prefix: "https://new.example"}, "GET h /a?", "https://new.example/a?"},
		{config.Redirect{Prefix: "https://new.example"}, "GET h /@evil.example", "https://new.example/@evil.example"},
		{config.Redirect{Prefix: "/old"}, "GET h //evil.example?b=c", "/old//evil.example?b=c"},
		{config.Redirect{Prefix: "https://new.example"}, "OPTIONS h *", "https://new.example"},
	} {
		test.redirect.Code = 302
		table, err := Compile([]config.Rule{{Redirect: &test.redirect}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := request("GET h /")
		part := strings.SplitN(test.line, " ", 3)
		r.Begin([]byte(part[0]), []byte(part[1]), []byte(part[2]), fields{}, r.source)
		got, err := table.rules[0].action.(*Location).Append(nil, r, values{"host": part[1], "path": string(r.path), "query": string(r.query)})
		if string(got) != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%+v of %q: got %q, %v", test.redirect, test.line, got, err)
		}
	}
}
