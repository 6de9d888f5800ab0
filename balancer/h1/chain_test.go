package h1

import (
	"bufio"
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestForwardedAllocatesNothing(t *testing.T) {
	h, err := read("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\nX-Forwarded-Proto: https\r\n\r\n", 1000)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, 4096)
	for _, f := range []Forwarded{{}, {Trusted: true}} {
		f.For, f.Proto, f.RequestID = []byte("2001:db8::1"), "http", []byte("id")
		if n := testing.AllocsPerRun(1000, func() { out = AppendRequest(out[:0], h, &f) }); n != 0 {
			t.Errorf("trusted %v: %v allocations, want 0", f.Trusted, n)
		}
	}
}

// FuzzTrusted demands that whatever a trusted proxy passes on, its own address is the last of one
// chain, and no alias of a name that servers trust gets through.
func FuzzTrusted(f *testing.F) {
	for _, fields := range []string{
		"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2, junk \"",
		"X-Forwarded-For:\r\nX_Forwarded_For: a\r\nX.Forwarded.Proto: https\r\nx-ssl-client_cn: b",
		"Forwarded: for=192.0.2.1;proto=https\r\nForwarded: for=\"_gazonk",
		"Forwarded: for=\"a\\\"\r\nX-Real_IP: a\r\nConnection: Forwarded, X-Forwarded-For",
	} {
		f.Add(fields)
	}
	f.Fuzz(func(t *testing.T, fields string) {
		request := "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n\r\n"
		h, err := read(request, len(request))
		if err != nil || h.Size() != len(request) || h.Length != 0 {
			return
		}
		forwarded := AppendRequest(nil, h, &Forwarded{For: []byte("2001:db8::9"), Trusted: true, Proto: "http", RequestID: []byte("id")})
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(forwarded)))
		if err != nil {
			t.Fatalf("Go does not read %q: %v", forwarded, err)
		}
		chain, list := r.Header.Values("X-Forwarded-For"), r.Header.Values("Forwarded")
		if len(chain) != 1 || chain[0] != "2001:db8::9" && !strings.HasSuffix(chain[0], ", 2001:db8::9") {
			t.Errorf("%q: X-Forwarded-For is %q", forwarded, chain)
		}
		if len(list) > 1 || len(list) == 1 && lastElement(list[0]) != `for="[2001:db8::9]"` {
			t.Errorf("%q: Forwarded is %q", forwarded, list)
		}
		for name := range r.Header {
			plain := strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name))
			if plain != strings.ToLower(name) && trustedName.MatchString(plain) {
				t.Errorf("%q: %s got through", forwarded, name)
			}
		}
	})
}

var trustedName = regexp.MustCompile("^(x-forwarded-.+|x-ssl-.+|x-real-ip|x-request-id)$")

// lastElement of a list in which quoted strings may hold commas.
func lastElement(list string) string {
	last := ""
	for rest := []byte(list); rest != nil; {
		var element []byte
		element, rest = cutUnquoted(rest, ',')
		last = strings.TrimSpace(string(element))
	}
	return last
}
