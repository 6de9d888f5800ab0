package listen

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// offered returns the socket of a listener, for another process.
func offered(t *testing.T, l *Listener) Socket {
	t.Helper()
	s, err := l.Socket()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A successor's listener is on the same socket: also the one of port 0. The first one goes on
// accepting until it is closed, and what comes then is the second one's.
func TestSocketIsHandedOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.sock")
	for _, b := range []Bind{{Address: "127.0.0.1:0"}, {Address: "unix@" + path, Mode: 0o600}} {
		first, firsts := accepting(t, b)
		given := NewSockets(offered(t, first))
		b.Inherited = given
		if b.Mode != 0 {
			b.Mode = 0o660 // of the successor's configuration
		}
		second, err := Open(b, nil, func(c net.Conn) net.Conn { return c })
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		network, addr := first.Addr().Network(), first.Addr().String()
		if got := second.Addr().String(); got != addr {
			t.Errorf("%s: the successor listens on %s, want %s", b.Address, got, addr)
		}
		dial(t, network, addr).Send("hello")
		if got := text(t, <-firsts, 5); got != "hello" {
			t.Error(got)
		}
		if err := given.Own(); err != nil {
			t.Fatal(err)
		}
		first.Keep()
		first.Close()
		dial(t, network, addr).Send("hello")
		conn, err := second.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if got := text(t, conn, 5); got != "hello" {
			t.Error(got)
		}
		info, err := os.Stat(path)
		if network == "unix" && (err != nil || info.Mode().Perm() != b.Mode) {
			t.Errorf("the file is %v, %v; want mode %v", info, err, b.Mode)
		}
	}
}

// The file of a unix socket goes with its owner: before Own that is the giver, and never who
// was lent it.
func TestFileOfAnInheritedSocket(t *testing.T) {
	for name, test := range map[string]struct {
		lent, owned, used, stays bool
	}{
		"a successor that fails":              {used: true, stays: true},
		"one that fails before it listens":    {stays: true},
		"one that took over":                  {used: true, owned: true},
		"one that does not listen there":      {owned: true},
		"of a service manager":                {lent: true, used: true, owned: true, stays: true},
		"of a service manager, but not bound": {lent: true, owned: true, stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "web.sock")
			first, _ := accepting(t, Bind{Address: "unix@" + path})
			first.Keep()
			socket := offered(t, first)
			socket.Lent = test.lent
			given := NewSockets(socket)
			var second *Listener
			if test.used {
				var err error
				if second, err = Open(Bind{Address: "unix@" + path, Inherited: given}, nil, nil); err != nil {
					t.Fatal(err)
				}
			}
			if test.owned {
				if err := given.Own(); err != nil {
					t.Fatal(err)
				}
			}
			if second != nil {
				second.Close()
			}
			given.Close()
			if _, err := os.Stat(path); (err == nil) != test.stays {
				t.Errorf("the file: %v, want it to stay: %v", err, test.stays)
			}
		})
	}
}

// A service manager knows sockets by number; a bind finds them by where they listen.
func TestAddressOfAnInheritedSocket(t *testing.T) {
	dir := t.TempDir()
	v6only := func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1) }
	for _, test := range []struct {
		open   string // what the socket listens on
		only   func(fd int) error
		bind   string // % is the port
		shared bool
	}{
		{":0", nil, ":%", true},
		{":0", nil, "[::]:%", true},
		{":0", nil, "0.0.0.0:%", false},
		{":0", v6only, ":%", false},
		{"0.0.0.0:0", nil, "0.0.0.0:%", true},
		{"0.0.0.0:0", nil, ":%", false},
		{"127.0.0.1:0", nil, "127.0.0.1:%", true},
		{"127.0.0.1:0", nil, "127.0.0.1:0", false},
		{"127.0.0.1:0", nil, "fd@3", true},
		{"[::1]:0", nil, "[::1]:%", true},
		{"unix@" + dir + "/a", nil, "unix@" + dir + "/./a", true},
		{"unix@" + dir + "/b", nil, "unix@" + dir + "/c", false},
	} {
		l := opened(t, test.open, test.only)
		bind := test.bind
		if tcp, ok := l.Addr().(*net.TCPAddr); ok {
			bind = strings.Replace(bind, "%", strconv.Itoa(tcp.Port), 1)
		}
		socket := offered(t, l)
		socket.Address = "fd@3"
		given := NewSockets(socket)
		if got := given.take(bind).File != nil; got != test.shared {
			t.Errorf("%s uses the socket of %s: %v, want %v", test.bind, test.open, got, test.shared)
		}
		if left := len(given.Left()) > 0; left == test.shared {
			t.Errorf("%s: left over: %v", test.bind, left)
		}
		given.Close()
	}
}

// opened listens with an option set before.
func opened(t *testing.T, address string, option func(fd int) error) *Listener {
	t.Helper()
	b := Bind{Address: address}
	if option != nil {
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := option(fd); err != nil {
			t.Fatal(err)
		}
		if err := unix.Listen(fd, 1); err != nil {
			t.Fatal(err)
		}
		b.Inherited = NewSockets(Socket{Address: address, File: os.NewFile(uintptr(fd), address)})
	}
	l, err := Open(b, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// Binds of the same words, as two of port 0, get their sockets in the order of the configuration.
func TestSocketsOfTheSameAddress(t *testing.T) {
	a, b := opened(t, "127.0.0.1:0", nil), opened(t, "127.0.0.1:0", nil)
	given := NewSockets(offered(t, a), offered(t, b))
	for _, want := range []*Listener{a, b} {
		l, err := Open(Bind{Address: "127.0.0.1:0", Inherited: given}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if got := l.Addr().String(); got != want.Addr().String() {
			t.Errorf("got %s, want %s", got, want.Addr())
		}
	}
}
