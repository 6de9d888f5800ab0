package listen

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"relais/internal/steady"
)

// ServerTLS returns the settings that terminate TLS, from TLS 1.2 on and with forward secrecy and
// authenticated encryption only. A client that names a host gets a certificate for it; if there
// is none, the handshake ends with unrecognized_name. Clients that name none get the first
// certificate. Of several certificates that would do, the first that the client's algorithms
// suit is taken.
func ServerTLS(certificates []tls.Certificate) *tls.Config {
	names := map[string][]*tls.Certificate{}
	var all []*tls.Certificate
	for i := range certificates {
		c := &certificates[i]
		all = append(all, c)
		for _, name := range HostNames(c.Leaf) {
			names[name] = append(names[name], c)
		}
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		CipherSuites: []uint16{ // of TLS 1.2; those of 1.3 are all sound
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		// No certificate and no error is what makes crypto/tls say unrecognized_name.
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName == "" {
				return suitable(all, hello), nil
			}
			name := strings.ToLower(hello.ServerName)
			if found := suitable(names[name], hello); found != nil {
				return found, nil
			}
			_, parent, _ := strings.Cut(name, ".")
			found := suitable(names["*."+parent], hello)
			if below, ok := hello.Conn.(*below); ok && found == nil {
				below.stranger = name
			}
			return found, nil
		},
	}
}

// HostNames are the names for which a certificate may be shown. As HAProxy does, one without any
// in its right place is taken for its common name.
func HostNames(leaf *x509.Certificate) []string {
	names := leaf.DNSNames
	if len(names) == 0 && len(leaf.IPAddresses) == 0 && leaf.Subject.CommonName != "" {
		names = []string{leaf.Subject.CommonName}
	}
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	return lower
}

// suitable is the first certificate that the client can use; if there is none, the first, with
// which the handshake then fails for the right reason.
func suitable(certificates []*tls.Certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	if len(certificates) == 0 {
		return nil
	}
	for _, c := range certificates {
		if hello.SupportsCertificate(c) == nil {
			return c
		}
	}
	return certificates[0]
}

// below is the connection below TLS.
type below struct {
	*steady.Conn
	stranger string // the name that the client asked for and nobody has a certificate for
}

// tlsConn is a connection behind TLS, which begins with its first Read. It has no write deadline,
// for a write that has timed out leaves TLS broken; it has Patience.
type tlsConn struct {
	*tls.Conn
	below    *below
	settings *tls.Config
	refuse   func(net.Addr, error)
	inForce  *atomic.Pointer[Bind] // of the listener

	shown  atomic.Pointer[[]*x509.Certificate] // by the client; nil: it has not shaken hands
	failed bool
	cut    atomic.Bool // Close says nothing that could be taken for the end of an answer
}

func newTLSConn(conn stream, b *Bind) *tlsConn {
	below := &below{Conn: steady.New(conn)}
	return &tlsConn{Conn: tls.Server(below, b.TLS), below: below, settings: b.TLS, refuse: b.refuse}
}

// Read shakes hands before it reads for the first time. A failed handshake is the end.
func (c *tlsConn) Read(p []byte) (int, error) {
	if err := c.Start(); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Start shakes hands, as the first Read would.
func (c *tlsConn) Start() error {
	switch {
	case c.failed:
		return io.EOF
	case c.shown.Load() != nil:
		return nil
	}
	err := c.Handshake()
	if err == nil {
		err = c.enter()
	}
	if err == nil {
		return nil
	}
	if c.below.stranger != "" {
		err = fmt.Errorf("there is no certificate for %q", c.below.stranger)
	}
	if !errors.Is(err, io.EOF) { // who connects and leaves has done nothing wrong
		c.refuse(c.RemoteAddr(), err)
	}
	c.failed = true
	return io.EOF
}

// errRevoked is why a handshake was in vain.
var errRevoked = errors.New("its certificate is not accepted any more")

// enter lets in a client that has shaken hands, unless it would not be let in any more.
func (c *tlsConn) enter() error {
	shown := c.ConnectionState().PeerCertificates
	c.shown.Store(&shown) // before the look at what is in force: Update looks at them in the other order
	if settings := c.inForce.Load().TLS; settings != c.settings && !admits(settings, shown) {
		return errRevoked
	}
	return nil
}

// Patience sets how long the client may take nothing of what is written to it; 0: for ever, as
// it is at first. Nobody may write at the same time.
func (c *tlsConn) Patience(limit time.Duration) { c.below.Patience(limit) }

// SetDeadline sets the deadline of reads alone.
func (c *tlsConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetWriteDeadline does nothing.
func (c *tlsConn) SetWriteDeadline(time.Time) error { return nil }

// CloseWrite tells the client that no more will come.
func (c *tlsConn) CloseWrite() error {
	return errors.Join(c.Conn.CloseWrite(), c.below.CloseWrite())
}

// SetLinger makes Close reset the connection, if seconds is 0.
func (c *tlsConn) SetLinger(seconds int) error {
	c.cut.Store(seconds == 0)
	return setLinger(c.below.Stream, seconds)
}

// Close closes the connection, with a farewell unless it is to be cut. It may be called by any
// goroutine.
func (c *tlsConn) Close() error {
	if c.cut.Load() {
		return c.below.Close()
	}
	return c.Conn.Close()
}
