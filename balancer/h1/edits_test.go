package h1

import (
	"strings"
	"testing"
)

func TestEditedRequest(t *testing.T) {
	const ours = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\nX-Request-Id: id\r\n"
	for _, test := range []struct {
		name, request string
		edit          func(*Edits)
		want          string
	}{
		{"nothing", "GET /a HTTP/1.1\r\nHost: h\r\nA: b", func(*Edits) {}, "GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\n" + ours},
		{"a field", "GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\nC: d\r\na: e", func(e *Edits) {
			e.Drop("a")
			_ = e.Add("A", []byte("new"))
			_ = e.Add("B", nil)
		}, "GET /a HTTP/1.1\r\nHost: h\r\nC: d\r\n" + ours + "A: new\r\nB: \r\n"},
		{"a field that is taken back", "GET /a HTTP/1.1\r\nHost: h", func(e *Edits) {
			_ = e.Add("A", []byte("1"))
			_ = e.Add("B", []byte("2"))
			e.Drop("a")
			_ = e.Add("a", []byte("3"))
		}, "GET /a HTTP/1.1\r\nHost: h\r\n" + ours + "B: 2\r\na: 3\r\n"},
		{"host and target", "GET http://h/a HTTP/1.1\r\nHost: h", func(e *Edits) {
			_ = e.SetHost([]byte("x.internal:81"))
			_ = e.SetTarget([]byte("/b"), []byte("c"))
		}, "GET /b?c HTTP/1.1\r\nHost: x.internal:81\r\n" + ours},
		{"a host where there was none", "GET / HTTP/1.0", func(e *Edits) { _ = e.SetHost([]byte("x")) },
			"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Replace(ours, "X-Forwarded-Host: h\r\n", "", 1)},
		{"what we say about the client", "GET / HTTP/1.1\r\nHost: h", func(e *Edits) {
			e.Drop("x-forwarded-for")
			_ = e.Add("X-Forwarded-For", []byte("203.0.113.9"))
			e.Drop("x-forwarded-proto")
			e.Drop("x-forwarded-host")
		}, "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: id\r\nX-Forwarded-For: 203.0.113.9\r\n"},
		{"not what frames the message", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTE: trailers", func(e *Edits) {
			for _, name := range []string{"host", "content-length", "te", "connection", "x-request-id"} {
				e.Drop(name)
			}
		}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTE: trailers\r\nConnection: TE\r\n" + ours},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, err := read(test.request+"\r\n\r\n", 1000)
			if err != nil {
				t.Fatal(err)
			}
			var e Edits
			test.edit(&e)
			got := string(AppendRequest(nil, h, &Forwarded{For: []byte("192.0.2.1"), Proto: "http", Host: []byte("local"), RequestID: []byte("id"), Edits: &e}))
			if got != test.want+"\r\n" {
				t.Errorf("got\n%q, want\n%q", got, test.want)
			}
		})
	}
}

func TestEditsThatAreRefused(t *testing.T) {
	var e Edits
	for _, field := range [][2]string{
		{"A", "x\r\nB: y"}, {"A", "x\ny"}, {"A", "x\x00"}, {"A", "\x7f"}, {"A\r\nB", "x"}, {"", "x"}, {"A:", "x"},
		{"Host", "x"}, {"content-length", "0"}, {"Transfer-Encoding", "chunked"}, {"Connection", "close"}, {"Upgrade", "x"}, {"TE", "trailers"}, {"Keep-Alive", "x"},
	} {
		if e.Add(field[0], []byte(field[1])) == nil {
			t.Errorf("%q: %q is a field", field[0], field[1])
		}
	}
	for _, host := range []string{"", "a b", "a/b", "a\r\nX: y", "a@b", ":80", "é"} {
		if e.SetHost([]byte(host)) == nil {
			t.Errorf("%q is a host", host)
		}
	}
	for _, path := range []string{"", "a", "*", "http://h/", "/a b", "/a\r\n", "/a?b", "/a#b", "/\x00"} {
		if e.SetTarget([]byte(path), nil) == nil {
			t.Errorf("%q is a path", path)
		}
	}
	if err := e.SetTarget([]byte("/"), []byte("a b")); err == nil {
		t.Error("a query with a space")
	}
}

// Whatever is asked for, an edited request is one request that ends where the client's did.
func FuzzEdits(f *testing.F) {
	f.Fuzz(func(t *testing.T, dropped, name, value, host, path, query string) {
		const body = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nX-A: b\r\nConnection: TE\r\nTE: trailers\r\n\r\n"
		h, err := read(body, 1000)
		if err != nil {
			t.Fatal(err)
		}
		var e Edits
		e.Drop(strings.ToLower(dropped))
		added := e.Add(name, []byte(value)) == nil
		hosted := e.SetHost([]byte(host)) == nil
		if e.SetTarget([]byte(path), []byte(query)) != nil {
			e.target = e.target[:0] // nobody sends it then
		}
		sent := string(AppendRequest(nil, h, &Forwarded{For: []byte("192.0.2.1"), Proto: "http", RequestID: []byte("id"), Edits: &e}))
		got := &Head{}
		got.reset(101, false)
		got.tolerant = true // bytes above ASCII in a target
		done, err := got.next([]byte(sent))
		if !done || err != nil || got.end != len(sent) || got.finishRequest() != nil || got.Length != 3 || string(got.Method) != "POST" {
			t.Fatalf("%q is read as %+v, %v", sent, got, err)
		}
		if hosted && string(got.Host()) != host || !hosted && string(got.Host()) != "h" {
			t.Errorf("%q: the host is %q", sent, got.Host())
		}
		want := strings.Count(string(AppendRequest(nil, h, &Forwarded{For: []byte("192.0.2.1"), Proto: "http", RequestID: []byte("id")})), "\r\n") // at most, with one more
		if n := strings.Count(sent, "\r\n"); added && n > want+1 || !added && n > want {
			t.Errorf("%q has %d lines", sent, n)
		}
	})
}

func TestEditedAnswer(t *testing.T) {
	h := &Head{}
	h.reset(101, true)
	if done, err := h.next([]byte("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 3\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n")); !done || err != nil {
		t.Fatal(err)
	}
	if err := h.finishResponse(false); err != nil {
		t.Fatal(err)
	}
	var e Edits
	e.Drop("server")
	e.Drop("content-length")
	e.Drop("set-cookie")
	_ = e.Add("Set-Cookie", []byte("c"))
	got := string(AppendResponse(nil, h, Delivery{Close: true, Edits: &e}))
	if want := "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\nSet-Cookie: c\r\n\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatARequestAsksFor(t *testing.T) {
	for _, test := range []struct{ request, name, path string }{
		{"GET /a?b HTTP/1.1\r\nHost: H.example:80", "H.example", "/a?b"},
		{"GET http://x.example:81/a?b HTTP/1.0", "x.example", "/a?b"},
		{"GET http://x.example HTTP/1.0", "x.example", "/"},
		{"GET http://x.example?b HTTP/1.0", "x.example", "/?b"},
		{"OPTIONS * HTTP/1.1\r\nHost: [::1]:80", "[::1]", "*"},
		{"GET / HTTP/1.0", "", "/"},
		{"GET / HTTP/1.1\r\nHost: a;b", "", "/"},
	} {
		h, err := read(test.request+"\r\n\r\n", 1000)
		if err != nil {
			t.Fatal(err)
		}
		if string(h.Name()) != test.name || string(h.Path()) != test.path {
			t.Errorf("%q: %q, %q", test.request, h.Name(), h.Path())
		}
	}
	h, _ := read("GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nB:\r\nx-a: 2\r\n\r\n", 1000)
	first, at := h.Field("x-a", 0)
	second, end := h.Field("x-a", at)
	none, _ := h.Field("x-a", end)
	empty, _ := h.Field("b", 0)
	if string(first) != "1" || string(second) != "2" || none != nil || empty == nil || len(empty) != 0 {
		t.Errorf("got %q, %q, %v, %v", first, second, none, empty)
	}
}
