package h1

import "testing"

func TestWantsJSON(t *testing.T) {
	for _, test := range []struct {
		accept string
		want   bool
	}{
		{"", false},
		{"*/*", false},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
		{"application/json", true},
		{"Application/JSON", true},
		{"application/json, text/plain, */*", true},
		{"application/json, text/plain;q=0.5, */*", true},
		{"application/json, text/javascript, */*; q=0.01", true},
		{"text/html, application/json", false},
		{"application/json, text/html", false},
		{"application/json;q=0.9, text/html;q=0.8", true},
		{"application/json;q=0.8, text/html;q=0.9", false},
		{"application/json;q=0.801, text/html;q=0.8", true},
		{"application/json ; Q=0.2 , text/html;q=0.1", true},
		{"application/json;q=0.5, */*", false},
		{"application/json;q=0.5, */*;q=0.1", true},
		{"application/json;q=0", false},
		{"application/json;q=0.000, */*", false},
		{"text/html;q=0, */*", true},
		{"application/problem+json", true},
		{"application/vnd.api+json; charset=utf-8", true},
		{"application/problem+json;q=0.1, application/json, text/html;q=0.5", true},
		{"application/+json", false},
		{"image/svg+json", false},
		{"application/*", true},
		{"application/*, text/*", false},
		{"application/json, text/*", true},
		{"text/*, */*;q=0.5", false},
		{"application/*;q=0.3, text/html;q=0.2", true},
		{`application/json;profile="a, text/html;q=1";q=0.5, text/html;q=0.4`, true},
		{`application/json;profile="\", text/html"`, true},
		{"application/json;version=1;q=0.3, text/html;level=1;q=0.4", false},
		{"text/plain", false},
		{"application/jsonp", false},
		{"application/json;q=nonsense", true},
		{"application/json;q=2, text/html", false},
		{",, application/json,", true},
		{"application/json\r\nAccept: text/html", false},
		{"text/html;q=0.5\r\nAccept: application/json", true},
	} {
		h, err := read("GET / HTTP/1.1\r\nHost: h\r\nAccept: "+test.accept+"\r\n\r\n", 1000)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.WantsJSON(); got != test.want {
			t.Errorf("Accept: %s: JSON is %v", test.accept, got)
		}
	}
}

func TestWantsJSONAllocatesNothing(t *testing.T) {
	h, err := read("GET / HTTP/1.1\r\nHost: h\r\nAccept: application/problem+json;q=0.9, text/html;q=0.8, */*;q=0.1\r\n\r\n", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { h.WantsJSON() }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
