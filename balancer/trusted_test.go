package balancer_test

import (
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

// trust makes the given networks those of trusted proxies.
func trust(networks ...string) func(*config.Config) {
	return func(c *config.Config) {
		for _, n := range networks {
			c.Frontends[0].TrustedProxies = append(c.Frontends[0].TrustedProxies, netip.MustParsePrefix(n))
		}
	}
}

// recorder starts a server that answers every request and tells what it got.
func recorder(t *testing.T) (addr string, heads chan string) {
	t.Helper()
	heads = make(chan string, 9)
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		for head := c.Head(); head != ""; head = c.Head() {
			heads <- maskID(head)
			c.Answer(200, "ok")
		}
	})
	return s.Addr, heads
}

func TestTrustedProxies(t *testing.T) {
	const (
		start = "GET / HTTP/1.1\r\nHost: h\r\n"
		ours  = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\nX-Request-Id: ID\r\n\r\n"
		id    = "X-Request-Id: ID\r\n\r\n"
	)
	for _, test := range []struct {
		name, trusted, request, want string
	}{
		{"nothing said", "127.0.0.0/8", "A: b\r\n", "A: b\r\n" + ours},
		{
			"the peer behind the chain", "127.0.0.0/8", "X-Forwarded-For: 192.0.2.1\r\nA: b\r\n",
			"A: b\r\nX-Forwarded-For: 192.0.2.1, 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n" + id,
		},
		{
			"one line of many", "127.0.0.1/32", "x-forwarded-for: 192.0.2.1, 192.0.2.2\r\nA: b\r\nX-Forwarded-For: \r\nX-FORWARDED-FOR: \t2001:db8::1 \r\n",
			"A: b\r\nX-Forwarded-For: 192.0.2.1, 192.0.2.2, 2001:db8::1, 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n" + id,
		},
		{
			"junk is not for us to judge", "127.0.0.0/8", "X-Forwarded-For: unknown,, \"\xff;\r\n",
			"X-Forwarded-For: unknown,, \"\xff;, 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n" + id,
		},
		{
			"scheme and host stay, nothing beside them", "127.0.0.0/8", "x-forwarded-proto: https\r\nX-Forwarded-Host: www.example\r\n",
			"x-forwarded-proto: https\r\nX-Forwarded-Host: www.example\r\nX-Forwarded-For: 127.0.0.1\r\n" + id,
		},
		{
			"what else it says stays", "127.0.0.0/8", "X-Forwarded-Port:  443\r\nX-Real-IP: 192.0.2.1\r\nX-SSL-Client-CN: a\r\nX-SSL-Client-CN: b\r\n",
			"X-Forwarded-Port:  443\r\nX-Real-IP: 192.0.2.1\r\nX-SSL-Client-CN: a\r\nX-SSL-Client-CN: b\r\n" + ours,
		},
		{
			"other spellings go", "127.0.0.0/8", "X_Forwarded_For: 1\r\nX-Forwarded.For: 2\r\nX-Real_IP: 3\r\nX-SSL-Client_CN: 4\r\nX.Request-Id: 5\r\n", ours,
		},
		{
			"Connection takes none of it away", "127.0.0.0/8", "Connection: X-Forwarded-For, X-Real-IP, Forwarded\r\nX-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\n",
			"X-Real-IP: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.1, 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n" + id,
		},
		{
			"Forwarded goes on with a hop of ours", "127.0.0.0/8", "Forwarded: for=192.0.2.1;proto=https\r\nFORWARDED: for=\"[2001:db8::1]:80\"\r\n",
			"X-Forwarded-For: 127.0.0.1\r\nForwarded: for=192.0.2.1;proto=https, for=\"[2001:db8::1]:80\", for=127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n" + id,
		},
		{
			"a quotation that would swallow our hop", "127.0.0.0/8", "Forwarded: for=192.0.2.1\r\nForwarded: for=\"192.0.2.2\r\nForwarded: for=\"a\\\"\r\n",
			"X-Forwarded-For: 127.0.0.1\r\nForwarded: for=192.0.2.1, for=127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n" + id,
		},
		{"the request id is ours", "127.0.0.0/8", "X-Request-Id: theirs\r\n", ours},
		{"somebody else", "192.0.2.0/24", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nForwarded: for=a\r\nX-Real-IP: b\r\nX-SSL-Client: c\r\nX_Forwarded_For: d\r\n", ours},
		{"all of IPv6", "::/0", "X-Forwarded-For: 192.0.2.1\r\n", ours},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr, heads := recorder(t)
			c := newFarm(t, trust(test.trusted), addr).dial()
			c.Send(start + test.request + "\r\n")
			if head := c.Head(); status(head) != "200" {
				t.Fatalf("got %q", head)
			}
			if got := <-heads; got != start+test.want {
				t.Errorf("the server got\n%q, want\n%q", got, start+test.want)
			}
		})
	}
}

// A proxy on IPv6 is named in brackets and quotes in Forwarded (RFC 7239 6), bare elsewhere.
func TestATrustedProxyOnIPv6(t *testing.T) {
	addr, heads := recorder(t)
	f := newFarm(t, trust("::1/128"), addr)
	f.serveOn(listen.Bind{Address: "[::1]:0"})
	c := f.dial()
	c.Send("GET / HTTP/1.1\r\nHost: h\r\nForwarded: for=a\r\nX-Forwarded-For: a\r\n\r\n")
	if head := <-heads; !strings.Contains(head, "\r\nX-Forwarded-For: a, ::1\r\nForwarded: for=a, for=\"[::1]\"\r\n") {
		t.Errorf("the server got %q", head)
	}
}

// Whoever connects to a unix socket has no address, so nobody trusts it; who a PROXY header says
// has connected counts like any other.
func TestTrustOnAUnixSocket(t *testing.T) {
	const forwarded = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\n\r\n"
	for _, test := range []struct{ name, header, want string }{
		{"bare", "", "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: http\r\n"},
		{"a trusted one", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX-Real-IP: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.1, 10.0.0.1\r\n"},
		{"another one", "PROXY TCP4 11.0.0.1 10.0.0.2 1 2\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 11.0.0.1\r\n"},
		{"one that does not say", "PROXY UNKNOWN\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: http\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr, heads := recorder(t)
			f := newFarm(t, trust("10.0.0.0/8"), addr)
			path := filepath.Join(t.TempDir(), "s")
			b := listen.Bind{Address: "unix@" + path}
			if test.header != "" {
				b.Proxy = &listen.Proxy{}
			}
			f.serveOn(b)
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			testkit.NewConn(t, conn).Send(test.header + forwarded)
			if head := <-heads; !strings.HasPrefix(head, test.want) {
				t.Errorf("the server got %q, want %q at its beginning", head, test.want)
			}
		})
	}
}
