package healthcheck

import (
	"context"
	"net"
)

// Dial opens a connection to a server, one of a check's own. Like the Probe that calls it, it
// returns soon after ctx ends and leaves nothing behind; it may be called by several goroutines
// at once. A connection behind TLS is a *tls.Conn whose handshake is done; if that has failed,
// the error is a *HandshakeError.
type Dial func(ctx context.Context) (net.Conn, error)

// HandshakeError says that a server was reached and the TLS handshake failed.
type HandshakeError struct{ Err error }

// Error says why.
func (e *HandshakeError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *HandshakeError) Unwrap() error { return e.Err }

// DialTCP dials address (HOST:PORT, a name is resolved each time). It tries the addresses of a
// name one after the other, because the goroutine of a parallel attempt could outlive the check.
// It keeps away from the system's resolver, whose threads could as well, and which says "no such
// host", or nothing in time, when it is our descriptors that have run out.
func DialTCP(address string) Dial {
	dialer := &net.Dialer{FallbackDelay: -1, KeepAlive: -1, Resolver: &net.Resolver{PreferGo: true}}
	return func(ctx context.Context) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", address)
	}
}

// or is d, or what dials address if there is no d.
func (d Dial) or(address string) Dial {
	if d == nil {
		return DialTCP(address)
	}
	return d
}
