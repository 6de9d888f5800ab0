package h1

import "testing"

func TestStorable(t *testing.T) {
	for _, test := range []struct {
		name, method, answer string
		want                 bool
	}{
		{"GET", "GET", "200 OK\r\n", true},
		{"HEAD", "HEAD", "404 Not Found\r\n", true},
		{"POST", "POST", "200 OK\r\n", false},
		{"status", "GET", "302 Found\r\n", false},
		{"with a lifetime", "GET", "302 Found\r\nCache-Control: max-age=60\r\n", true},
		{"POST with a lifetime", "POST", "200 OK\r\ncache-control: Public, max-age=60\r\n", true},
		{"private", "GET", "200 OK\r\nCache-Control: max-age=60, PRIVATE\r\n", false},
		{"no-store", "GET", "200 OK\r\nCache-Control: max-age=60\r\nCache-Control: no-store\r\n", false},
		{"no lifetime", "GET", "200 OK\r\nCache-Control: max-age=0\r\n", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h Head
			h.reset(10, true)
			if done, err := h.next([]byte("HTTP/1.1 " + test.answer + "\r\n")); !done || err != nil {
				t.Fatal(done, err)
			}
			if got := h.Storable([]byte(test.method)); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
