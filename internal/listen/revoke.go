package listen

import (
	"crypto/tls"
	"crypto/x509"
	"syscall"
)

// revoke ends the connections of clients that b would not let in, as if they had left, and
// returns how many.
func (l *Listener) revoke(b *Bind) (revoked int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, held := range l.open {
		c, ok := held.client.(*tlsConn)
		if !ok {
			continue
		}
		if shown := c.shown.Load(); shown != nil && !admits(b.TLS, *shown) {
			c.hangUp()
			revoked++
		}
	}
	return revoked
}

// admits tells whether a client that has shown these certificates, its own first, gets in.
func admits(settings *tls.Config, shown []*x509.Certificate) bool {
	switch {
	case settings == nil || settings.ClientAuth == tls.NoClientCert:
		return true
	case len(shown) == 0:
		return settings.ClientAuth != tls.RequireAndVerifyClientCert
	}
	o := x509.VerifyOptions{
		Roots: settings.ClientCAs, Intermediates: x509.NewCertPool(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, c := range shown[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := shown[0].Verify(o)
	return err == nil
}

// sameAdmission tells whether the same clients get in with either of two settings.
func sameAdmission(a, b *tls.Config) bool {
	return a == b || a != nil && b != nil && a.ClientAuth == b.ClientAuth && a.ClientCAs.Equal(b.ClientCAs)
}

// hangUp ends the connection from any goroutine, as if the client had left. Close is still to be
// called.
func (c *tlsConn) hangUp() {
	if raw, err := c.below.Conn.Stream.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) })
	}
}
