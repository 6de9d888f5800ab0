package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
)

// Bind says where to listen and what clients speak there first.
//
// Neither the header of the PROXY protocol nor the handshake of TLS is waited for before the
// connection is handed on: they are read within its first Read, under the deadline that the
// reader has set. Until then RemoteAddr is the peer.
type Bind struct {
	Address string      // HOST:PORT, unix@PATH or fd@N, an inherited listening socket
	Mode    fs.FileMode // of the file of unix@PATH; 0: what the umask leaves

	Socket    *Listener // whose socket is shared instead of opening one; nil: none. Connections come to either of the two
	Inherited *Sockets  // where a socket of that address is taken from, before one is opened; nil: nowhere
	Slots     *Slots    // of the bind, beside those that all listeners share; nil: no bound of its own

	Proxy *Proxy      // nil: there is no PROXY header
	TLS   *tls.Config // nil: there is no TLS. See ServerTLS

	// Refused is told why a connection is closed before it could be used: by Accept, or in the
	// first Read. nil: nobody is.
	Refused func(peer net.Addr, err error)
}

// Proxy says that every connection begins with a header of the PROXY protocol.
type Proxy struct {
	From []netip.Prefix // who may connect by TCP; peers on a unix socket always may
}

// stream is what TCP and unix connections have in common.
type stream interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

// open opens the socket, unless it was given.
func (b *Bind) open(given Socket) (net.Listener, error) {
	if given.File != nil {
		return given.listen()
	}
	if b.Socket != nil {
		return b.Socket.share()
	}
	if path, ok := strings.CutPrefix(b.Address, "unix@"); ok {
		return listenUnix(path, b.Mode)
	}
	if number, ok := strings.CutPrefix(b.Address, "fd@"); ok {
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		return inherit(n)
	}
	return (&net.ListenConfig{}).Listen(context.Background(), b.network(), b.Address)
}

// network keeps a listener on an IPv4 address to IPv4: of 0.0.0.0 Go would make every interface
// of both families.
func (b *Bind) network() string {
	if addr, err := netip.ParseAddrPort(b.Address); err == nil && addr.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}

var errNotListed = errors.New("its address is not among those that may send a PROXY header")

// dress puts on an accepted connection what its client speaks before HTTP. nil: the connection
// was refused.
func (b *Bind) dress(conn stream) net.Conn {
	if b.Proxy != nil {
		if !b.Proxy.allows(conn.RemoteAddr()) {
			b.refuse(conn.RemoteAddr(), errNotListed)
			_ = conn.Close()
			return nil
		}
		conn = &proxyConn{stream: conn, refuse: b.refuse}
	}
	if b.TLS != nil {
		return newTLSConn(conn, b)
	}
	return conn
}

func (b *Bind) refuse(peer net.Addr, err error) {
	if b.Refused != nil {
		b.Refused(peer, err)
	}
}

func (p *Proxy) allows(peer net.Addr) bool {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok {
		return true
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, network := range p.From {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}
