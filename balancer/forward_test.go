package balancer_test

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// exchange sends a request to a proxy in front of one server that answers with a fixed text, and
// returns what the server and what the client saw. The request id is masked.
func exchange(t *testing.T, request, answer string) (atServer, atClient string) {
	t.Helper()
	seen := make(chan string, 1)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		head := c.Head()
		seen <- head
		c.Send(answer)
	})
	f := newFarm(t, retries(0), s.Addr)
	c := f.dial()
	c.Send(request)
	atClient = c.Head()
	if !strings.Contains(atClient, "Connection: close") && !strings.Contains(request, "Connection: close") {
		_ = c.Conn.(interface{ CloseWrite() error }).CloseWrite()
	}
	rest, _ := c.Rest()
	atClient += rest
	select {
	case head := <-seen:
		return maskID(head), atClient
	default:
		return "", atClient
	}
}

func maskID(s string) string {
	return regexp.MustCompile(`(?i)X-Request-Id: [0-9a-f]{32}`).ReplaceAllString(s, "X-Request-Id: ID")
}

func TestForwardedRequest(t *testing.T) {
	const ours = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\nX-Request-Id: ID\r\n\r\n"
	for _, test := range []struct{ name, request, want string }{
		{
			"spelling, values, order and repetition are kept",
			"GET /a?b=%2F%zz HTTP/1.1\r\nhOsT: h\r\nX-a:  two  words \r\nACCEPT: */*\r\nx-A: again\r\nCookie: a=b; c=\"d\"\r\n\r\n",
			"GET /a?b=%2F%zz HTTP/1.1\r\nhOsT: h\r\nX-a:  two  words \r\nACCEPT: */*\r\nx-A: again\r\nCookie: a=b; c=\"d\"\r\n" + ours,
		},
		{
			"hop-by-hop fields are removed, those that Connection lists too",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nTE: gzip\r\nA: b\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n" + ours,
		},
		{
			"TE: trailers goes on",
			"GET / HTTP/1.1\r\nHost: h\r\nTE: gzip;q=0.5, trailers\r\nConnection: TE\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n" + ours,
		},
		{
			"Connection cannot take away what matters",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: Host, Cookie, Authorization, X-Forwarded-For\r\nCookie: a\r\nAuthorization: b\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nCookie: a\r\nAuthorization: b\r\n" + ours,
		},
		{
			"what a client says about itself is replaced, aliases included",
			"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 9.9.9.9\r\nx_forwarded_for: 8\r\nX.Forwarded.Proto: https\r\nForwarded: for=1\r\nX-Real-IP: 2\r\nX-SSL-Client: 3\r\nX-Request-Id: mine\r\nX_Request_Id: mine\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + ours,
		},
		{
			"equal Content-Lengths become one",
			"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + ours,
		},
		{
			"what frames and routes is written plainly",
			"POST / HTTP/1.1\r\nHOST:\th\t\r\nTransfer-Encoding:\tChunked \r\n\r\n0\r\n\r\n",
			"POST / HTTP/1.1\r\nHOST: h\r\nTransfer-Encoding: chunked\r\n" + ours,
		},
		{
			"the default port is no difference",
			"GET http://h:80/ HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET http://h:80/ HTTP/1.1\r\nHost: h\r\n" + ours,
		},
		{
			"one empty line before a request is skipped",
			"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + ours,
		},
		{
			"absolute form stays",
			"GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET http://h/x HTTP/1.1\r\nHost: h\r\n" + ours,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _ := exchange(t, test.request, "HTTP/1.1 204 No Content\r\n\r\n")
			if got != test.want {
				t.Errorf("the server got\n%q, want\n%q", got, test.want)
			}
		})
	}
}

func TestForwardedResponse(t *testing.T) {
	const closing = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	for _, test := range []struct{ name, request, answer, want string }{
		{
			"spelling, values, order and repetition are kept",
			closing,
			"HTTP/1.1 200 Fine, thanks\r\nset-cookie: a\r\nSET-COOKIE: b=\"c\"\r\ndate: x\r\nContent-Length: 2\r\nServer: s\r\n\r\nhi",
			"HTTP/1.1 200 Fine, thanks\r\nset-cookie: a\r\nSET-COOKIE: b=\"c\"\r\ndate: x\r\nContent-Length: 2\r\nServer: s\r\nConnection: close\r\n\r\nhi",
		},
		{
			"hop-by-hop fields are removed",
			closing,
			"HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		},
		{
			"no reason, no length",
			closing,
			"HTTP/1.1 200\r\n\r\nuntil the end",
			"HTTP/1.1 200 \r\nConnection: close\r\n\r\nuntil the end",
		},
		{
			"an old server",
			closing,
			"HTTP/1.0 200 OK\r\n\r\nuntil the end",
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
		},
		{
			"chunks are cut anew, extensions dropped, trailers kept",
			closing,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n2;x=y\r\nab\r\n3\r\ncde\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nabcde\r\n0\r\nA: b\r\n\r\n",
		},
		{
			"an HTTP/1.0 client gets no chunks",
			"GET / HTTP/1.0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab",
		},
		{
			"an HTTP/1.0 client that wants to go on is told so",
			"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nab",
		},
		{
			"HEAD has a length and no body",
			"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n",
		},
		{
			"304 has a length and no body",
			closing,
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nConnection: close\r\n\r\n",
		},
		{
			"204 has no length",
			closing,
			"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
			"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
		},
		{
			"interim answers come first",
			closing,
			"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, got := exchange(t, test.request, test.answer)
			if got != test.want {
				t.Errorf("the client got\n%q, want\n%q", got, test.want)
			}
		})
	}
}

// TestRefusedRequests sends requests that two programs could read in two ways, or that break a
// limit: each is answered, the connection ends, and no server sees any of it.
func TestRefusedRequests(t *testing.T) {
	for _, test := range []struct {
		name, request, status string
	}{
		{"bare LF", "GET / HTTP/1.1\nHost: h\n\n", "400"},
		{"bare CR in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", "400"},
		{"NUL in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\x00\r\n\r\n", "400"},
		{"folded field", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", "400"},
		{"space before the colon", "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", "400"},
		{"space in a name", "GET / HTTP/1.1\r\nHost: h\r\nA b: c\r\n\r\n", "400"},
		{"empty name", "GET / HTTP/1.1\r\nHost: h\r\n: c\r\n\r\n", "400"},
		{"no colon", "GET / HTTP/1.1\r\nHost: h\r\nabc\r\n\r\n", "400"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
		{"length with a sign", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na", "400"},
		{"empty length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", "400"},
		{"length with a comma at its end", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0,\r\n\r\n", "400"},
		{"huge length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", "400"},
		{"length and chunks", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"chunks and length", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", "400"},
		{"chunked twice", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400"},
		{"two codings lines", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"chunked not last", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400"},
		{"identity", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", "400"},
		{"another coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
		{"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"codings over two lines", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "501"},
		{"a body with GET in HTTP/1.0", "GET / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", "413"},
		{"a chunk too large for anybody", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000\r\n", "400"},
		{"bad trailer", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nabc\r\n\r\n", "400"},
		{"port without a host", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", "400"},
		{"bad chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "400"},
		{"no Host", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"two Hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "400"},
		{"Host with a path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", "400"},
		{"Host differs from the authority", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "400"},
		{"fragment in the target", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
		{"byte above ASCII in the target", "GET /\xe9 HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
		{"space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
		{"relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
		{"star without OPTIONS", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
		{"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", "400"},
		{"HTTP/2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "400"},
		{"HTTP/0.9", "GET /\r\n", "400"},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", "400"},
		{"too many fields", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", 101) + "\r\n", "431"},
		{"too large a header", "GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("b", 16<<10) + "\r\n\r\n", "431"},
		{"too long a target", "GET /" + strings.Repeat("b", 16<<10) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := testkit.RawServer(t, func(c *testkit.Conn) { t.Errorf("a server got %q", c.Head()) })
			f := newFarm(t, nil, s.Addr)
			c := f.dial()
			c.Send(test.request)
			if head := c.Head(); !strings.HasPrefix(head, "HTTP/1.1 "+test.status+" ") || !strings.Contains(head, "Connection: close\r\n") {
				t.Errorf("the client got %q, want %s and a close", head, test.status)
			}
			if _, err := c.Rest(); err != io.EOF {
				t.Errorf("the connection ended with %v", err)
			}
		})
	}
}
