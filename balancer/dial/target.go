// Package dial opens connections to servers: over TCP or a unix socket, with a header of the
// PROXY protocol, behind TLS.
package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"relais/internal/config"
	"relais/internal/steady"
)

// Target is where and how one server is reached. It is safe for concurrent use.
type Target struct {
	network, address string
	proxy            string      // version of the PROXY header; empty: none
	tls              *tls.Config // nil: plain
}

// New returns the target of a server of a backend in a mode, http or tcp. It reads the file of
// the authorities.
func New(c *config.Server, mode string) (*Target, error) {
	t := &Target{network: "tcp", address: c.Address, proxy: c.SendProxy}
	if path, ok := strings.CutPrefix(c.Address, "unix@"); ok {
		t.network, t.address = "unix", path
	}
	if c.TLS == nil {
		return t, nil
	}
	settings, err := clientTLS(c, mode)
	if err != nil {
		return nil, err
	}
	t.tls = settings
	return t, nil
}

// Private tells whether a connection is of use to nobody but the client that it was opened for,
// because its PROXY header says so.
func (t *Target) Private() bool { return t.proxy != "" }

// Same tells whether connections of one are as good as those of the other.
func (t *Target) Same(o *Target) bool {
	if t.network != o.network || t.address != o.address || t.proxy != o.proxy || (t.tls == nil) != (o.tls == nil) {
		return false
	}
	return t.tls == nil || t.tls.ServerName == o.tls.ServerName &&
		t.tls.InsecureSkipVerify == o.tls.InsecureSkipVerify && t.tls.RootCAs.Equal(o.tls.RootCAs)
}

// Dial opens a connection for the client at from, which has connected to to; both are only used
// for the PROXY header, and without one of them the header names nobody. Everything ends with
// ctx. A connection behind TLS is a *tls.Conn on a *steady.Conn, its handshake done. If that has
// failed, the error is a *HandshakeError, else it is that of the system.
func (t *Target) Dial(ctx context.Context, from, to netip.AddrPort) (net.Conn, error) {
	return t.open(ctx, &net.Dialer{}, from, to)
}

// Check opens a connection for a health check, which speaks for nobody. It tries the addresses of
// a name one after the other and keeps away from the system's resolver, so that no goroutine or
// thread outlives ctx.
func (t *Target) Check(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{FallbackDelay: -1, KeepAlive: -1, Resolver: &net.Resolver{PreferGo: true}}
	return t.open(ctx, dialer, netip.AddrPort{}, netip.AddrPort{})
}

func (t *Target) open(ctx context.Context, d *net.Dialer, from, to netip.AddrPort) (net.Conn, error) {
	conn, err := t.connect(ctx, d)
	if err != nil || t.proxy == "" && t.tls == nil {
		return conn, err
	}
	if t.tls == nil {
		_, err = conn.Write(t.header(from, to)) // a new connection has room for it
	} else {
		conn, err = t.shakeHands(ctx, conn, from, to)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// connect opens the socket. A unix socket says at once when its backlog is full, where TCP tries
// again until there is room; so this does.
func (t *Target) connect(ctx context.Context, d *net.Dialer) (net.Conn, error) {
	const pause = 10 * time.Millisecond
	for {
		conn, err := d.DialContext(ctx, t.network, t.address)
		if t.network != "unix" || !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to unix@%s: backlog is full: %w", t.address, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// shakeHands returns a connection to close even if it fails.
func (t *Target) shakeHands(ctx context.Context, conn net.Conn, from, to netip.AddrPort) (net.Conn, error) {
	below := steady.New(conn.(steady.Stream))
	if t.proxy != "" {
		if _, err := below.Write(t.header(from, to)); err != nil {
			return conn, err
		}
	}
	above := tls.Client(below, t.tls)
	if err := above.HandshakeContext(ctx); err != nil {
		return conn, &HandshakeError{Err: err}
	}
	below.Strict = true
	return above, nil
}
