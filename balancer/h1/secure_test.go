package h1

import (
	"net/url"
	"strings"
	"testing"
)

func TestAppendSecure(t *testing.T) {
	for _, test := range []struct{ name, request, want string }{
		{"the usual", "GET /a?b=c HTTP/1.1\r\nHost: example.com", "https://example.com:8443/a?b=c"},
		{"its own port is gone", "GET / HTTP/1.1\r\nHost: example.com:8080", "https://example.com:8443/"},
		{"a colon without a port", "GET / HTTP/1.1\r\nHost: example.com:", "https://example.com:8443/"},
		{"IPv6", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080", "https://[2001:db8::1]:8443/"},
		{"IPv6 without a port", "GET / HTTP/1.1\r\nHost: [::1]", "https://[::1]:8443/"},
		{"two slashes name no other host", "GET //evil.example/ HTTP/1.1\r\nHost: h", "https://h:8443//evil.example/"},
		{"nor does a backslash", `GET /\evil.example/ HTTP/1.1` + "\r\nHost: h", `https://h:8443/\evil.example/`},
		{"nor an at sign", "GET /@evil.example/ HTTP/1.1\r\nHost: h", "https://h:8443/@evil.example/"},
		{"escapes stay escapes", "GET /%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: h", "https://h:8443/%0d%0aSet-Cookie:%20a=b"},
		{"absolute form", "GET http://h:8080/a?b HTTP/1.1\r\nHost: h:8080", "https://h:8443/a?b"},
		{"absolute form without a path", "GET http://h HTTP/1.1\r\nHost: h", "https://h:8443"},
		{"absolute form with a query alone", "GET http://h?a//b HTTP/1.1\r\nHost: h", "https://h:8443?a//b"},
		{"absolute form in HTTP/1.0", "GET http://h/a HTTP/1.0", "https://h:8443/a"},
		{"absolute form with a user in HTTP/1.0", "GET http://h@evil.example/ HTTP/1.0", ""},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h", "https://h:8443"},
		{"no Host", "GET / HTTP/1.0", ""},
		{"an empty Host", "GET / HTTP/1.1\r\nHost:", ""},
		{"a port that is none", "GET / HTTP/1.1\r\nHost: h:x", ""},
		{"two ports", "GET / HTTP/1.1\r\nHost: h:1:2", ""},
		{"IPv6 without brackets", "GET / HTTP/1.1\r\nHost: ::1", ""},
		{"an open bracket", "GET / HTTP/1.1\r\nHost: [::1", ""},
		{"more behind the bracket", "GET / HTTP/1.1\r\nHost: [::1]evil.example", ""},
		{"a zone", "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]", ""},
		{"IPv4 in brackets", "GET / HTTP/1.1\r\nHost: [127.0.0.1]", ""},
		{"an escape in Host", "GET / HTTP/1.1\r\nHost: evil.example%2F", ""},
		{"a semicolon in Host", "GET / HTTP/1.1\r\nHost: a;b", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, err := read(test.request+"\r\n\r\n", 1000)
			if err != nil {
				if test.want != "" {
					t.Fatal(err)
				}
				return // refused before that
			}
			got, ok := h.AppendSecure(nil, ":8443")
			if string(got) != test.want || ok != (test.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, test.want)
			}
		})
	}
}

// FuzzSecure demands that nobody but Host, or the authority of the target, says where a redirect
// leads, and that it stays on its line.
func FuzzSecure(f *testing.F) {
	f.Add("/", "h")
	f.Add("//evil.example/%0d%0a", "h:80")
	f.Add(`/\evil.example`, "[::1]:80")
	f.Add("http://h:80?@evil.example", "h")
	f.Add("http://h", "h")
	f.Fuzz(func(t *testing.T, target, host string) {
		request := "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
		h, err := read(request, len(request))
		if err != nil || h.Size() != len(request) || string(h.Host()) != host {
			return
		}
		location, ok := h.AppendSecure(nil, ":8443")
		if !ok {
			return
		}
		name, _, _ := strings.Cut(host, ":")
		if strings.HasPrefix(host, "[") {
			name = host[:strings.Index(host, "]")+1]
		}
		rest, found := strings.CutPrefix(strings.ToLower(string(location)), "https://"+strings.ToLower(name)+":8443")
		if !found || rest != "" && rest[0] != '/' && rest[0] != '?' {
			t.Errorf("%q leads to %q", request, location)
		}
		if strings.ContainsAny(string(location), "\r\n \t") {
			t.Errorf("%q leads to %q", request, location)
		}
		if u, err := url.Parse(string(location)); err == nil && !strings.EqualFold(u.Host, name+":8443") {
			t.Errorf("%q leads to %q, whose host is %s", request, location, u.Host)
		}
	})
}
