package listen

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Socket is a listening socket on its way from one process to another.
type Socket struct {
	Address string   // of its bind, as the configuration has it; fd@N, if a service manager made it
	File    *os.File // owned by whoever has the Socket
	Lent    bool     // by a service manager, which removes the file of a unix socket itself
}

// Socket returns the listening socket, for another process, under the address of its bind. l goes
// on undisturbed; the caller closes the File.
func (l *Listener) Socket() (Socket, error) {
	address := l.bind.Load().Address
	f, err := l.duplicate()
	if err != nil {
		return Socket{}, fmt.Errorf("duplicate the socket of %s: %w", address, err)
	}
	return Socket{Address: address, File: f, Lent: l.lent}, nil
}

// Keep has Close leave the file of a unix socket where it is, because another process has the
// socket now.
func (l *Listener) Keep() {
	if ln, ok := l.Listener.(*net.UnixListener); ok {
		ln.SetUnlinkOnClose(false)
	}
}

// own gives the file of an inherited unix socket the mode of its bind, and has Close remove it.
func (l *Listener) own() error {
	ln, ok := l.Listener.(*net.UnixListener)
	b := l.bind.Load()
	path, named := strings.CutPrefix(b.Address, "unix@")
	if !ok || !named || l.lent {
		return nil
	}
	ln.SetUnlinkOnClose(true)
	if b.Mode == 0 {
		return nil
	}
	return os.Chmod(path, b.Mode)
}

// listen makes a listener of the socket, whose descriptor is closed: the listener has one of its
// own.
func (s Socket) listen() (net.Listener, error) {
	defer s.File.Close()
	if err := listening(int(s.File.Fd())); err != nil {
		return nil, err
	}
	return net.FileListener(s.File)
}

// listensOn tells whether a bind of that address would open the same socket.
func (s Socket) listensOn(address string) bool {
	if path, ok := strings.CutPrefix(address, "unix@"); ok {
		address = "unix@" + filepath.Clean(path)
	} else if strings.HasPrefix(address, ":") {
		address = "[::]" + address
	}
	return address == s.place()
}

// place returns where the socket listens, in the words of a bind; empty: no other bind than fd@N
// can say it, as for one that takes IPv6 on every interface and leaves out IPv4.
func (s Socket) place() string {
	fd := int(s.File.Fd())
	name, err := unix.Getsockname(fd)
	if err != nil {
		return ""
	}
	switch name := name.(type) {
	case *unix.SockaddrUnix:
		return "unix@" + filepath.Clean(name.Name)
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(name.Addr), uint16(name.Port)).String()
	case *unix.SockaddrInet6:
		addr := netip.AddrFrom16(name.Addr)
		only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
		if err != nil || addr.IsUnspecified() && only != 0 || name.ZoneId != 0 {
			return ""
		}
		return netip.AddrPortFrom(addr, uint16(name.Port)).String()
	}
	return ""
}
