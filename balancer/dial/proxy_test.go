package dial

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

// ends are the client and where it connected to, and what a receiver makes of them.
var ends = []struct{ name, from, to, wantFrom, wantTo string }{
	{"IPv4", "192.0.2.1:1234", "192.0.2.9:80", "192.0.2.1:1234", "192.0.2.9:80"},
	{"IPv6", "[2001:db8::1]:65535", "[::1]:80", "[2001:db8::1]:65535", "[::1]:80"},
	{"mapped", "[::ffff:192.0.2.1]:1234", "[::ffff:192.0.2.9]:80", "192.0.2.1:1234", "192.0.2.9:80"},
	{"mixed", "192.0.2.1:1234", "[2001:db8::9]:80", "[::ffff:192.0.2.1]:1234", "[2001:db8::9]:80"},
	{"mixed the other way", "[2001:db8::9]:80", "192.0.2.1:1234", "[2001:db8::9]:80", "[::ffff:192.0.2.1]:1234"},
	{"zone", "[fe80::1%1]:5", "[fe80::2%1]:6", "[fe80::1]:5", "[fe80::2]:6"},
	{"nobody", "", "", "", ""},
	{"half", "192.0.2.1:1234", "", "", ""},
}

func addrPort(s string) netip.AddrPort {
	a, _ := netip.ParseAddrPort(s)
	return a
}

func sending(version string) func(*config.Server) {
	return func(c *config.Server) { c.SendProxy = version }
}

// What the balancer sends, its own listener reads, behind TLS too.
func TestProxyHeaderToOurselves(t *testing.T) {
	a := testkit.NewAuthority(t)
	pairs := []tls.Certificate{a.Pair(t, "a.example")}
	from := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, bind := range []listen.Bind{
		{Address: "127.0.0.1:0", Proxy: &listen.Proxy{From: from}},
		{Address: "127.0.0.1:0", Proxy: &listen.Proxy{From: from}, TLS: listen.ServerTLS(pairs)},
	} {
		ln, err := listen.Open(bind, listen.NewSlots(100), func(c net.Conn) net.Conn { return c })
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		for _, version := range []string{"v1", "v2"} {
			for _, e := range ends {
				to := target(t, ln.Addr().String(), sending(version))
				if bind.TLS != nil {
					to = target(t, ln.Addr().String(), func(c *config.Server) {
						sending(version)(c)
						c.TLS = &config.ServerTLS{SNI: "a.example"}
					})
				}
				seen := make(chan string, 1)
				go func() { seen <- seenBy(ln) }()
				conn, err := to.Dial(patiently(t), addrPort(e.from), addrPort(e.to))
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(conn, "word")
				want := "word " + e.wantFrom + " " + e.wantTo
				if e.wantFrom == "" {
					want = "word " + conn.LocalAddr().String() + " " + conn.RemoteAddr().String()
				}
				if got := <-seen; got != want {
					t.Errorf("%s, %s, TLS %v: got %q, want %q", version, e.name, bind.TLS != nil, got, want)
				}
				conn.Close()
			}
		}
	}
}

// seenBy is the first word of the next connection and the addresses of its ends.
func seenBy(ln net.Listener) string {
	conn, err := ln.Accept()
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(testkit.Patience))
	b := make([]byte, 4)
	if _, err := io.ReadFull(conn, b); err != nil {
		return err.Error()
	}
	from, to := conn.RemoteAddr().(*net.TCPAddr).AddrPort(), conn.LocalAddr().(*net.TCPAddr).AddrPort()
	return fmt.Sprint(string(b), " ", from, " ", to)
}

// What the balancer sends, HAProxy reads.
func TestProxyHeaderToHAProxy(t *testing.T) {
	addr := startHAProxy(t)
	for _, version := range []string{"v1", "v2"} {
		for _, e := range ends {
			conn, err := target(t, addr, sending(version)).Dial(patiently(t), addrPort(e.from), addrPort(e.to))
			if err != nil {
				t.Fatal(err)
			}
			c := testkit.NewConn(t, conn)
			c.Send("GET / HTTP/1.0\r\n\r\n")
			c.Head()
			body, _ := c.Rest()
			want := words(e.wantFrom) + " to " + words(e.wantTo)
			if e.wantFrom == "" {
				want = words(conn.LocalAddr().String()) + " to " + words(conn.RemoteAddr().String())
			}
			if body != want {
				t.Errorf("%s, %s: HAProxy saw %q, want %q", version, e.name, body, want)
			}
			conn.Close()
		}
	}
}

// words is an address as HAProxy's configuration below writes it.
func words(s string) string {
	a := addrPort(s)
	return fmt.Sprint(a.Addr(), " ", a.Port())
}

// startHAProxy starts one that accepts PROXY headers and answers with the addresses it knows.
func startHAProxy(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("needs haproxy")
	}
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	path := filepath.Join(t.TempDir(), "haproxy.cfg")
	testkit.WriteFile(t, path, []byte(strings.Join([]string{
		"defaults", " mode http", " timeout client 20s", " timeout connect 5s", " timeout server 5s",
		"frontend f", " bind fd@3 accept-proxy",
		` http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] to %[dst] %[dst_port]"`, "",
	}, "\n")))
	testkit.Start(t, func(c *exec.Cmd) { c.ExtraFiles = []*os.File{file} }, program, "-db", "-f", path)
	return ln.Addr().String()
}
