package healthcheck

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"relais/internal/testkit"
)

// dialTLS dials address and shakes hands.
func dialTLS(address string, settings *tls.Config) Dial {
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := DialTCP(address)(ctx)
		if err != nil {
			return nil, err
		}
		above := tls.Client(conn, settings)
		if err := above.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, &HandshakeError{Err: err}
		}
		return above, nil
	}
}

func TestTLS(t *testing.T) {
	a := testkit.NewAuthority(t)
	served := &tls.Config{Certificates: []tls.Certificate{a.Pair(t, "a.example")}}
	known, unknown := &tls.Config{RootCAs: a.Pool(), ServerName: "a.example"}, &tls.Config{ServerName: "a.example"}
	behind := func(handle func(net.Conn)) func(net.Conn) {
		return func(conn net.Conn) {
			above := tls.Server(conn, served)
			defer above.Close()
			handle(above)
		}
	}
	well := serve(t, "127.0.0.1", behind(says("HTTP/1.1 200 OK\r\n\r\n")))
	quiet := serve(t, "127.0.0.1", behind(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }))
	silent := serve(t, "127.0.0.1", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	plain := serve(t, "127.0.0.1", func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
	})
	const untrusted = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
	for _, test := range []struct {
		name    string
		dial    Dial
		timeout time.Duration
		tcp     Result
		http    Result
	}{
		{"well", dialTLS(well, known), testkit.Patience, Result{OK: true, Status: L6OK}, Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"}},
		{"untrusted", dialTLS(well, unknown), testkit.Patience,
			Result{Status: L6Response, Detail: untrusted}, Result{Status: L6Response, Detail: untrusted}},
		{"no handshake in time", dialTLS(silent, known), time.Second,
			Result{Status: L6Timeout, Detail: "no TLS handshake within 1s"}, Result{Status: L6Timeout, Detail: "no TLS handshake within 1s"}},
		{"no TLS", dialTLS(plain, known), testkit.Patience,
			Result{Status: L6Response, Detail: "tls: first record does not look like a TLS handshake"},
			Result{Status: L6Response, Detail: "tls: first record does not look like a TLS handshake"}},
		{"nobody", dialTLS(refusing(t), known), testkit.Patience,
			Result{Status: L4Connect, Detail: "connection refused"}, Result{Status: L4Connect, Detail: "connection refused"}},
		{"no answer", dialTLS(quiet, known), time.Second, Result{OK: true, Status: L6OK}, Result{Status: L7Timeout, Detail: "no answer within 1s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			expectResult(t, run(t, TCP(test.dial), test.timeout), test.tcp)
			expectResult(t, run(t, HTTP(HTTPOptions{Address: "a.example:443", Dial: test.dial}), test.timeout), test.http)
		})
	}
}

func TestTLSDescriptions(t *testing.T) {
	for status, want := range map[CheckStatus]string{
		L6OK: "Layer6 check passed", L6Timeout: "Layer6 timeout", L6Response: "Layer6 invalid response",
	} {
		if got := status.Description(); got != want {
			t.Errorf("%s is %q, want %q", status, got, want)
		}
	}
}
