package listen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
)

// encodeV1 and encodeV2 write a header as the specification of the PROXY protocol says.
func encodeV1(client, local netip.AddrPort) []byte {
	family := "TCP6"
	if client.Addr().Is4() {
		family = "TCP4"
	}
	return fmt.Appendf(nil, "PROXY %s %s %s %d %d\r\n", family, client.Addr(), local.Addr(), client.Port(), local.Port())
}

func encodeV2(client, local netip.AddrPort, more []byte) []byte {
	family := byte(0x21)
	if client.Addr().Is4() {
		family = 0x11
	}
	var rest []byte
	rest = append(rest, client.Addr().AsSlice()...)
	rest = append(rest, local.Addr().AsSlice()...)
	rest = binary.BigEndian.AppendUint16(rest, client.Port())
	rest = binary.BigEndian.AppendUint16(rest, local.Port())
	return v2(0x21, family, append(rest, more...))
}

func v2(command, family byte, rest []byte) []byte {
	b := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), command, family)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(rest))), rest...)
}

// Whatever the reference encoder writes is read back, and not a byte more, however it arrives.
func TestProxyHeaderRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	address := func(v6 bool) netip.AddrPort {
		b := make([]byte, 16)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		if random.IntN(3) == 0 {
			clear(b[2:14]) // for the short forms of IPv6
		}
		if v6 {
			return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b)), uint16(random.Uint32()))
		}
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b)), uint16(random.Uint32()))
	}
	for i := range 2000 {
		want := origin{address(i%2 == 0), address(i%2 == 0)}
		header := encodeV1(want.client, want.local)
		if i%4 > 1 {
			header = encodeV2(want.client, want.local, make([]byte, random.IntN(400)))
		}
		behind := bytes.NewReader(append(header, "behind"...))
		var r io.Reader = behind
		if i%3 == 0 {
			r = iotest.OneByteReader(r)
		}
		got, err := readProxyHeader(r)
		if rest, _ := io.ReadAll(behind); got != want || err != nil || string(rest) != "behind" {
			t.Fatalf("%q: got %v, %v and left %q; want %v", header, got, err, rest, want)
		}
	}
}

func TestProxyHeader(t *testing.T) {
	const four, six = "[192.0.2.1]:1 [192.0.2.9]:2", "[2001:db8::1]:1 [::1]:65535"
	ipv4 := []byte{192, 0, 2, 1, 192, 0, 2, 9, 0, 1, 0, 2}
	for _, test := range []struct{ name, header, want string }{
		{"TCP4", "PROXY TCP4 192.0.2.1 192.0.2.9 1 2\r\n", four},
		{"TCP6", "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", six},
		{"shortest TCP4", "PROXY TCP4 1.1.1.1 1.1.1.1 0 0\r\n", "[1.1.1.1]:0 [1.1.1.1]:0"},
		{"longest TCP6", "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
		{"unknown", "PROXY UNKNOWN\r\n", ""},
		{"longest unknown", "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535" + strings.Repeat("x", 48) + "\r\n", ""},
		{"too long", "PROXY UNKNOWN " + strings.Repeat("x", 92) + "\r\n", "bad PROXY header: the line does not end"},
		{"LF alone", "PROXY TCP4 192.0.2.1 192.0.2.9 1 2\n" + strings.Repeat(" ", 9), "bad PROXY header: the line does not end with CRLF"},
		{"LF early", "PROXY \nTCP4 192.0.2.1 192.0.2.9 1 2\r\n", "bad PROXY header: the line does not end with CRLF"},
		{"CR inside", "PROXY TCP4 192.0.2.1\r192.0.2.9 1 2\r\n", "bad PROXY header: the line does not end with CRLF"},
		{"lower case", "proxy TCP4 192.0.2.1 192.0.2.9 1 2\r\n", "no PROXY header"},
		{"two spaces", "PROXY  TCP4 192.0.2.1 192.0.2.9 1 2\r\n", "bad PROXY header: the line is not"},
		{"field missing", "PROXY TCP4 192.0.2.1 192.0.2.9 1\r\n", "bad PROXY header: the line is not"},
		{"field more", "PROXY TCP4 192.0.2.1 192.0.2.9 1 2 3\r\n", "bad PROXY header: the line is not"},
		{"other family", "PROXY UDP4 192.0.2.1 192.0.2.9 1 2\r\n", "bad PROXY header: the line is not"},
		{"address of the other family", "PROXY TCP4 ::1 ::1 1 2\r\n", `bad PROXY header: "::1" is no address of TCP4`},
		{"and the other way", "PROXY TCP6 192.0.2.1 ::1 1 2\r\n", `bad PROXY header: "192.0.2.1" is no address of TCP6`},
		{"zone", "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", `bad PROXY header: "fe80::1%eth0" is no address of TCP6`},
		{"octal address", "PROXY TCP4 192.0.02.1 192.0.2.9 1 2\r\n", `bad PROXY header: "192.0.02.1" is no address of TCP4`},
		{"port too large", "PROXY TCP4 192.0.2.1 192.0.2.9 65536 2\r\n", `bad PROXY header: "65536" is no port`},
		{"port with a sign", "PROXY TCP4 192.0.2.1 192.0.2.9 1 +2\r\n", `bad PROXY header: "+2" is no port`},
		{"port with a zero", "PROXY TCP4 192.0.2.1 192.0.2.9 01 2\r\n", `bad PROXY header: "01" is no port`},
		{"HTTP", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "no PROXY header"},
		{"almost version 2", "\r\n\r\n\x00\r\nQUIT\r\n\r\n\r\n", "no PROXY header"},
		{"v2 TCP4", string(v2(0x21, 0x11, ipv4)), four},
		{"v2 TLV", string(v2(0x21, 0x11, append(ipv4, 0x04, 0, 1, 'x'))), four},
		{"v2 local", string(v2(0x20, 0x00, nil)), ""},
		{"v2 local with addresses", string(v2(0x20, 0x11, ipv4)), ""},
		{"v2 unspecified", string(v2(0x21, 0x00, []byte("abc"))), ""},
		{"v2 unix", string(v2(0x21, 0x31, make([]byte, 216))), ""},
		{"v2 UDP", string(v2(0x21, 0x12, ipv4)), "bad PROXY header: family 0x12"},
		{"v2 short", string(v2(0x21, 0x11, ipv4[:11])), "bad PROXY header: family 0x11 with 11 bytes"},
		{"v2 TCP6 short", string(v2(0x21, 0x21, make([]byte, 35))), "bad PROXY header: family 0x21 with 35 bytes"},
		{"v2 largest", string(v2(0x21, 0x11, append(ipv4, make([]byte, 484)...))), four},
		{"v2 too large", string(v2(0x21, 0x11, append(ipv4, make([]byte, 485)...))), "bad PROXY header: it has 513 bytes"},
		{"version 1 in binary", string(v2(0x11, 0x11, ipv4)), "bad PROXY header: version and command are 0x11"},
		{"unknown command", string(v2(0x22, 0x11, ipv4)), "bad PROXY header: version and command are 0x22"},
		{"cut", "PROXY TCP4 192.0.2.1 192", "unexpected EOF"},
		{"cut v2", string(v2(0x21, 0x11, ipv4))[:20], "unexpected EOF"},
		{"nothing", "", "EOF"},
	} {
		o, err := readProxyHeader(strings.NewReader(test.header))
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case o.client.IsValid():
			got = fmt.Sprintf("[%s]:%d [%s]:%d", o.client.Addr(), o.client.Port(), o.local.Addr(), o.local.Port())
		}
		if err == nil && got != test.want || !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// Behind the header the connection is what it is, whichever way it is read.
func TestProxyConnection(t *testing.T) {
	ln, conns := accepting(t, Bind{Address: "127.0.0.1:0", Proxy: loopback()})
	for _, raw := range []bool{false, true} {
		c := dial(t, "tcp", ln.Addr().String())
		c.Send("PROXY TCP6 2001:db8::1 2001:db8::9 1111 443\r\nhello")
		conn := <-conns
		if got := conn.RemoteAddr().String(); got != c.LocalAddr().String() {
			t.Errorf("before the header it comes from %s", got)
		}
		if got := read(t, conn, raw); got != "hello" {
			t.Errorf("got %q", got)
		}
		if client, local := conn.RemoteAddr().String(), conn.LocalAddr().String(); client != "[2001:db8::1]:1111" || local != "[2001:db8::9]:443" {
			t.Errorf("it comes from %s to %s", client, local)
		}
	}
}

func loopback() *Proxy { return &Proxy{From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}} }

// read reads five bytes, through the descriptor or not.
func read(t *testing.T, conn net.Conn, raw bool) string {
	t.Helper()
	if !raw {
		return text(t, conn, 5)
	}
	access, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	err = access.Read(func(fd uintptr) bool {
		n, err := syscall.Read(int(fd), b)
		return n == len(b) || err != syscall.EAGAIN
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestProxyRefusals(t *testing.T) {
	for _, test := range []struct{ name, from, send, want string }{
		{"not listed", "10.0.0.0/8", "PROXY UNKNOWN\r\nhello", "its address is not among those"},
		{"no header", "127.0.0.0/8", "GET / HTTP/1.1\r\n\r\n", "no PROXY header"},
		{"bad header", "127.0.0.0/8", "PROXY TCP4 a b 1 2\r\nhello", "bad PROXY header"},
		{"left in it", "127.0.0.0/8", "PROXY TCP4 1.1", "unexpected EOF"},
		{"slow", "127.0.0.0/8", "", "timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused := make(chan error, 1)
			ln, conns := accepting(t, Bind{
				Address: "127.0.0.1:0", Proxy: &Proxy{From: []netip.Prefix{netip.MustParsePrefix(test.from)}},
				Refused: func(_ net.Addr, err error) { refused <- err },
			})
			c := dial(t, "tcp", ln.Addr().String())
			c.Send(test.send)
			if test.name != "slow" {
				_ = c.Conn.(*net.TCPConn).CloseWrite()
			}
			if test.name != "not listed" {
				conn := <-conns
				_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
				for range 2 { // the second time quietly
					if _, err := conn.Read(make([]byte, 9)); err != io.EOF {
						t.Errorf("reading gives %v", err)
					}
				}
				conn.Close()
			}
			if !c.Closed() {
				t.Error("the connection goes on")
			}
			err := <-refused
			if !strings.Contains(err.Error(), test.want) || (test.name == "slow") != errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("refused: %v, want %s", err, test.want)
			}
		})
	}
}

// A client that does not send its header holds up nobody else.
func TestProxySilenceHoldsUpNobody(t *testing.T) {
	ln, conns := accepting(t, Bind{Address: "127.0.0.1:0", Proxy: loopback()})
	for range 5 {
		dial(t, "tcp", ln.Addr().String())
		<-conns
	}
	c := dial(t, "tcp", ln.Addr().String())
	c.Send("PROXY UNKNOWN\r\nhello")
	if got := text(t, <-conns, 5); got != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestProxyOnUnixSocket(t *testing.T) {
	path := t.TempDir() + "/s"
	_, conns := accepting(t, Bind{Address: "unix@" + path, Proxy: &Proxy{}})
	c := dial(t, "unix", path)
	c.Send("PROXY TCP4 192.0.2.1 192.0.2.9 1 2\r\nhello")
	conn := <-conns
	if got := text(t, conn, 5); got != "hello" || conn.RemoteAddr().String() != "192.0.2.1:1" {
		t.Errorf("got %q from %s", got, conn.RemoteAddr())
	}
}
