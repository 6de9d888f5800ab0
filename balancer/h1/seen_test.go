package h1

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestFaultsSayWhereTheyAre(t *testing.T) {
	const start = "GET / HTTP/1.1\r\nHost: h\r\n"
	long := strings.Repeat("x", 100)
	for _, test := range []struct{ request, want string }{
		{start + "X-Id: a\x01b\r\n\r\n", `a control character in a header field, at byte 32: "X-Id: a\x01b"`},
		{start + "X-Id: a\rb\r\n\r\n", `a control character in a header field, at byte 32: "X-Id: a\rb"`},
		{start + "A: " + long + "\x01" + long + "\r\n\r\n", `a control character in a header field, at byte 128: "` + long[:60] + `\x01` + long[:19] + `"`},
		{start + "A : b\r\n\r\n", `a bad header field name, at byte 26: "A : b"`},
		{start + "abc\r\n\r\n", `a bad header field name, at byte 25: "abc"`},
		{start + "A: b\nC: d\r\n\r\n", `a line ends with a bare LF, at byte 29: "A: b\n"`},
		{start + "A: b\r\n c\r\n\r\n", `a folded header field, at byte 31: "A: b\r\n c"`},
		{"\r\nGET /a\xff HTTP/1.1\r\n", `a bad request target, at byte 8: "GET /a\xff HTTP/1.1"`},
		{"GE(T / HTTP/1.1\r\n", `a bad method, at byte 2: "GE(T / HTTP/1.1"`},
		{"GET / HTTP/2.0\r\n", `a bad HTTP version, at byte 6: "GET / HTTP/2.0"`},
		{"\x16\x03\x01\n", `a line ends with a bare LF, at byte 3: "\x16\x03\x01\n"`},
		{start + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n", `differing Content-Lengths, at byte 60: "Content-Length: 3"`},
		{start + "Transfer-Encoding: x\r\n\r\n", `a bad Transfer-Encoding, at byte 44: "Transfer-Encoding: x"`},
		{start + "Host: h\r\n\r\n", `a bad or repeated Host, at byte 31: "Host: h"`},
		{"GET / HTTP/1.1\r\n\r\n", "no Host"},
		// What is secret is not shown, wherever the fault is.
		{start + "Authorization: Basic c2\x01VjcmV0\r\n\r\n", `a control character in a header field, at byte 48: "Authorization:"`},
		{start + "Proxy-Authorization : Basic c2VjcmV0\r\n\r\n", `a bad header field name, at byte 44: "Proxy-Authorization :"`},
		{start + "Cookie: a=" + long + "\x01\r\n\r\n", `a control character in a header field, at byte 135: "Cookie:"`},
		{start + "cookie: a\r\n =b\r\n\r\n", `a folded header field, at byte 36: "cookie:"`},
		{start + "A: b\rAuthorization: Basic c2VjcmV0\r\n\r\n", `a control character in a header field, at byte 29: "A: b\rAuthorization:"`},
		{start + "Authorization Basic c2VjcmV0:\r\n\r\n", `a bad header field name, at byte 38: "Authorization "`},
		{"Authorization: Basic c2VjcmV0\r\n", `a bad method, at byte 13: "Authorization:"`},
	} {
		h, err := read(test.request, len(test.request))
		if got := fmt.Sprint(h.Seen(err)); got != test.want {
			t.Errorf("%q:\ngot  %s\nwant %s", test.request, got, test.want)
		}
	}
}

func TestSecretsAreBlankedOut(t *testing.T) {
	for _, test := range []struct{ head, want string }{
		{"GET /cookie?authorization=x HTTP/1.1\r\nHost: h\r\n\r\nbody", "GET /cookie?authorization=x HTTP/1.1\r\nHost: h\r\n\r\n"},
		{"GET / HTTP/1.1\r\nCookie: a=b\r\nA: b", "GET / HTTP/1.1\r\nCookie:****\r\nA: b"},
		{"GET / HTTP/1.1\r\nproxy-authorization:x\r\nA: b", "GET / HTTP/1.1\r\nproxy-authorization:*\r\nA: b"},
		{"GET / HTTP/1.1\r\nCookie: a\r\n =b\r\n\t;c\r\nA: b\r\n c", "GET / HTTP/1.1\r\nCookie:**\r\n***\r\n***\r\nA: b\r\n c"},
		{"GET / HTTP/1.1\rCookie: a\r\nA: b", "GET / HTTP/1.1\rCookie:**\r\nA: b"},
		{"GET / HTTP/1.1\nCookie: a\n\nbody", "GET / HTTP/1.1\nCookie:**\n\n"},
		{"\r\nGET / HTTP/1.1\r\nSet-Cookie : a\x01b\r\n\r\nbody", "\r\nGET / HTTP/1.1\r\nSet-Cookie :****\r\n\r\n"},
	} {
		h := Head{buf: []byte(test.head)}
		if got := string(h.AppendTo(nil, 1000)); got != test.want {
			t.Errorf("%q becomes\n%q, want\n%q", test.head, got, test.want)
		}
		if got := string(h.AppendTo([]byte("x"), 10)); got != "x"+test.want[:10] {
			t.Errorf("the first 10 bytes of %q become %q", test.head, got)
		}
	}
}

// Every fault has a name of its own, and the documentation lists it.
func TestFaultNames(t *testing.T) {
	source, err := os.ReadFile("fault.go")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	faults := regexp.MustCompile(`&Fault\{\d+, "([a-z_0-9]+)", "([^"]+)"\}`).FindAllStringSubmatch(string(source), -1)
	if n := strings.Count(string(source), "&Fault{"); n != len(faults) {
		t.Errorf("%d faults, %d of them with a name", n, len(faults))
	}
	seen := map[string]bool{}
	for _, f := range faults {
		if seen[f[1]] {
			t.Errorf("two faults are called %s", f[1])
		}
		seen[f[1]] = true
		if line := "| `" + f[1] + "` | " + f[2] + " |\n"; !strings.Contains(string(docs), line) {
			t.Errorf("docs/http.md has no line %s", line)
		}
	}
}
