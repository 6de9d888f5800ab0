package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// HandshakeError says that a server was reached and the TLS handshake failed.
type HandshakeError struct{ Err error }

// Error is short enough for a line of a log and says, where it can, what to do.
func (e *HandshakeError) Error() string { return "TLS handshake: " + e.reason() }

// Unwrap returns the error of crypto/tls, of the system or of the context.
func (e *HandshakeError) Unwrap() error { return e.Err }

func (e *HandshakeError) reason() string {
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](e.Err); ok {
		return certificateFault(bad.Err)
	}
	return handshakeFault(e.Err)
}

// certificateFault says what is wrong with a certificate.
func certificateFault(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "certificate signed by unknown authority; set tls.ca to its file"
	}
	if _, ok := errors.AsType[x509.SystemRootsError](err); ok {
		return "the system knows no authorities; set tls.ca"
	}
	if wrong, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("certificate is for %s, not for %s; set tls.sni", namesOf(wrong.Certificate), wrong.Host)
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok && bad.Reason == x509.Expired {
		if time.Now().Before(bad.Cert.NotBefore) {
			return "certificate is not valid before " + bad.Cert.NotBefore.UTC().Format(time.DateTime)
		}
		return "certificate expired on " + bad.Cert.NotAfter.UTC().Format(time.DateTime)
	}
	return plain(err)
}

// namesOf is whom a certificate is for. Common names do not count (RFC 9525 6.3).
func namesOf(c *x509.Certificate) string {
	const most = 3
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names[:len(names):len(names)], ip.String())
	}
	switch {
	case len(names) == 0:
		return "no name at all"
	case len(names) > most:
		names = append(names[:most:most], "...")
	}
	return strings.Join(names, ", ")
}

// handshakeFault says what else went wrong.
func handshakeFault(err error) string {
	if alert, ok := errors.AsType[*net.OpError](err); ok && alert.Op == "remote error" {
		return "the server refused: " + plain(alert.Err)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS"
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "the server did not answer in time"
	case errors.Is(err, context.Canceled):
		return "called off"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection"
	}
	return plain(err)
}

// plain leaves out the names of packages.
func plain(err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "tls: "), "x509: ")
}
