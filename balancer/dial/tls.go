package dial

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"relais/internal/config"
)

// errNoName says that nothing tells which name a certificate must be for.
var errNoName = errors.New("tls.sni: missing: a unix socket has no name; write the name in the server's certificate, or verify: false")

// clientTLS returns the settings of TLS to a server, from TLS 1.2 on and with forward secrecy and
// authenticated encryption only.
func clientTLS(c *config.Server, mode string) (*tls.Config, error) {
	settings := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: serverName(c),
		CipherSuites: []uint16{ // of TLS 1.2; those of 1.3 are all sound
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		ClientSessionCache: tls.NewLRUClientSessionCache(1), // there is one server
		InsecureSkipVerify: !c.TLS.Verify,
	}
	if mode == "http" {
		settings.NextProtos = []string{"http/1.1"}
	}
	if c.TLS.Verify && settings.ServerName == "" {
		return nil, errNoName
	}
	if c.TLS.Verify && !c.TLS.CA.None() {
		pool, err := c.TLS.LoadCA()
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		settings.RootCAs = pool
	}
	return settings, nil
}

// serverName is what the server is asked for and what its certificate must be for. crypto/tls
// verifies an IP address as one and does not ask for it.
func serverName(c *config.Server) string {
	if c.TLS.SNI != "" {
		return c.TLS.SNI
	}
	if c.Host != "" {
		return c.Host
	}
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return "" // a unix socket
	}
	return host
}
