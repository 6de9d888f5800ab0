package h1

import (
	"crypto/tls"
	"strings"
)

// TLS names the protocol and the cipher suite of the client's connection, such as TLSv1.3, as
// HAProxy writes it, and TLS_AES_128_GCM_SHA256. Both are empty without TLS.
func (c *ClientConn) TLS() (version, cipher string) {
	conn, ok := c.Conn.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return "", ""
	}
	state := conn.ConnectionState()
	return "TLSv" + strings.TrimPrefix(tls.VersionName(state.Version), "TLS "), tls.CipherSuiteName(state.CipherSuite)
}
