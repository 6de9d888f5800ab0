package access

import "testing"

func TestAnswersTo(t *testing.T) {
	p := compile(house(t), New(Policy{}).nobody)
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:8404": true, "[::1]:8404": true, "[2001:DB8::1]": true, "192.0.2.9:18404": true,
		"localhost": true, "LocalHost.:8404": true, "lb1": true, "LB1:8404": true, "lb.example.com.": true, "lb.example.com:": true,
		"": false, ":8404": false, ".": false, "evil.example": false, "lb.example.com.evil.example": false, "xlb1": false,
		"127.0.0.1.evil.example": false, "localhost:99999": false, "localhost:80:80": false, "lb1:x": false, "::1": false,
		"[::1": false, "[::1]8404": false, "[127.0.0.1]": false, "[lb1]": false, "lb1@evil.example": false, "lb1 ": false, "lb1..": false,
	} {
		if got := p.answersTo(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	for _, test := range []struct {
		origin, host string
		tls, want    bool
	}{
		{"http://lb1:8404", "lb1:8404", false, true},
		{"http://LB1:8404", "lb1.:8404", false, true},
		{"http://lb1", "lb1:80", false, true},
		{"https://lb1:443", "lb1", true, true},
		{"https://lb1", "lb1", false, true}, // behind somebody who speaks TLS
		{"http://lb1:8404", "lb1:8404", true, false},
		{"http://lb1:443", "lb1", false, false},
		{"http://lb1:8405", "lb1:8404", false, false},
		{"http://[::1]:8404", "[0:0::1]:8404", false, true},
		{"http://lb2:8404", "lb1:8404", false, false},
		{"http://lb1.evil.example:8404", "lb1:8404", false, false},
		{"http://evil@lb1:8404", "lb1:8404", false, false},
		{"null", "lb1:8404", false, false},
		{"lb1:8404", "lb1:8404", false, false},
		{"http://", "", false, false},
		{"file://lb1", "lb1", false, false},
		{"http://lb1:8404/", "lb1:8404", false, false}, // no origin
	} {
		if got := sameOrigin(test.origin, test.host, test.tls); got != test.want {
			t.Errorf("%s at %s, TLS %v: %v, want %v", test.origin, test.host, test.tls, got, test.want)
		}
	}
}

func TestOriginOf(t *testing.T) {
	for url, want := range map[string]string{
		"http://lb1:8404/haproxy-stats?a=b": "http://lb1:8404", "http://lb1:8404": "http://lb1:8404", "http://lb1?x": "http://lb1",
		"https://lb1#x": "https://lb1", "/haproxy-stats": "", "": "", "http://evil.example/http://lb1": "http://evil.example",
	} {
		if got := originOf(url); got != want {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
}
