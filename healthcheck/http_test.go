package healthcheck

import (
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestHTTPRequestLines(t *testing.T) {
	for name, tc := range map[string]struct {
		o    HTTPOptions
		want string
	}{
		"as little as can be": {
			HTTPOptions{},
			"GET / HTTP/1.1|Host: ADDRESS|User-Agent: relais-healthcheck/1|Accept: */*|Connection: close||",
		},
		"version 1.0 has no Host": {
			HTTPOptions{Method: "OPTIONS", Version: "1.0"},
			"OPTIONS / HTTP/1.0|User-Agent: relais-healthcheck/1|Accept: */*||",
		},
		"version 1.0 with a Host": {
			HTTPOptions{Version: "1.0", Host: "app.example"},
			"GET / HTTP/1.0|Host: app.example|User-Agent: relais-healthcheck/1|Accept: */*||",
		},
		"body and fields": {
			HTTPOptions{Method: "POST", Path: "/status", Body: "test", Headers: map[string]string{"X-Test": "true", "accept": "text/plain", "A": "1"}},
			"POST /status HTTP/1.1|Host: ADDRESS|User-Agent: relais-healthcheck/1|Connection: close|Content-Length: 4|A: 1|X-Test: true|accept: text/plain||test",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := make(chan string, 1)
			address := serve(t, "127.0.0.1", func(conn net.Conn) {
				var got []byte
				buf := make([]byte, 1000)
				for !strings.HasSuffix(string(got), "\r\n\r\n"+tc.o.Body) {
					n, err := conn.Read(buf)
					if err != nil {
						break
					}
					got = append(got, buf[:n]...)
				}
				request <- string(got)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			})
			tc.o.Address = address
			expectResult(t, run(t, HTTP(tc.o), 10*time.Second), Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"})
			want := strings.ReplaceAll(strings.ReplaceAll(tc.want, "|", "\r\n"), "ADDRESS", address)
			if got := <-request; got != want {
				t.Errorf("got\n%q, want\n%q", got, want)
			}
		})
	}
}

func TestHTTPExpectations(t *testing.T) {
	const (
		brief, patient = time.Second, 10 * time.Second
		answer         = "HTTP/1.1 200 OK\r\nX-Ready: yes, all\r\nX-Ready: second\r\nContent-Length: 9\r\n\r\nwell, yes"
		notMatched     = `HTTP content check did not match: "well, yes"`
	)
	field := func(f FieldRule) HTTPOptions { return HTTPOptions{ExpectFields: []FieldRule{f}} }
	text := func(s string) HTTPOptions { return HTTPOptions{ExpectString: s} }
	re := func(s string) HTTPOptions { return HTTPOptions{ExpectRegex: regexp.MustCompile(s)} }
	well := Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"}
	bad := func(s CheckStatus, detail string) Result { return Result{Status: s, Code: 200, Detail: detail} }
	for _, tc := range []struct {
		name    string
		o       HTTPOptions
		server  func(net.Conn)
		timeout time.Duration
		want    Result
	}{
		{"field is there", field(FieldRule{Name: "x-ready"}), says(answer), patient, well},
		{"field exactly", field(FieldRule{Name: "X-Ready", Value: "yes, all"}), says(answer), patient, well},
		{"second field", field(FieldRule{Name: "X-Ready", Value: "second"}), says(answer), patient, well},
		{"field prefix", field(FieldRule{Name: "X-Ready", Prefix: "yes"}), says(answer), patient, well},
		{"field regex", field(FieldRule{Name: "X-Ready", Regex: regexp.MustCompile("a.l$")}), says(answer), patient, well},
		{"field is not there", field(FieldRule{Name: "X-Down", Absent: true}), says(answer), patient, well},
		{"field missing", field(FieldRule{Name: "X-Up"}), says(answer), patient, bad(L7Status, "200 OK, but without X-Up")},
		{"field other", field(FieldRule{Name: "X-Ready", Value: "no"}), says(answer), patient, bad(L7Status, `200 OK, but X-Ready is "yes, all"`)},
		{"field unwanted", field(FieldRule{Name: "X-Ready", Absent: true}), says(answer), patient, bad(L7Status, "200 OK, but with X-Ready: yes, all")},

		{"string", text("ell, y"), says(answer), patient, well},
		{"string of an endless body", text("HTTP/1.1 200 OK\r\n\r\n"), drips("HTTP/1.1 200 OK\r\n\r\n"), patient, well},
		{"string in chunks", text("abcd"), says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"), patient, well},
		{"string at 16 KiB", text("x!"), says("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", maxBody-1) + "!"), patient, well},
		{"string beyond 16 KiB", text("x!"), says("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", maxBody) + "!"), patient, bad(L7Response, `HTTP content check did not match: "xxx*`)},
		{"another string", text("ill"), says(answer), patient, bad(L7Response, notMatched)},
		{"no body", text("ill"), says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), patient, bad(L7Response, "HTTP content check could not find a response body")},
		{"body cut short", text("ill"), says("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nwell, yes"), patient, bad(L7Response, notMatched)},
		{"body never comes", text("ill"), holds("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nwell, yes"), brief,
			Result{Status: L7Timeout, Detail: `no whole answer within 1s: "well, yes"`}},
		{"regex", re("^well, (yes|no)$"), says(answer), patient, well},
		{"regex waits for the end", re("^well$"), says(answer), patient, bad(L7Response, notMatched)},
		{"status first", text("well"), says("HTTP/1.1 503 No\r\n\r\nwell"), patient, Result{Status: L7Status, Code: 503, Detail: "503 No"}},

		{"404 drains", HTTPOptions{DisableOn404: true}, says("HTTP/1.1 404 Not Found\r\n\r\n"), patient, Result{OK: true, Status: L7Conditional, Code: 404, Detail: "404 Not Found"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.o.Address = serve(t, "127.0.0.1", tc.server)
			expectResult(t, run(t, HTTP(tc.o), tc.timeout), tc.want)
		})
	}
}
