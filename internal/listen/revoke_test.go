package listen

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"relais/internal/testkit"
)

// TestRevokedClients takes an authority out of a bind: its clients are cut off, also one that is
// shaking hands at that moment, and the others go on.
func TestRevokedClients(t *testing.T) {
	site, stays, goes := testkit.NewAuthority(t), testkit.NewAuthority(t), testkit.NewAuthority(t)
	bind := func(auth tls.ClientAuthType, trusted ...*testkit.Authority) Bind {
		settings := ServerTLS([]tls.Certificate{site.Pair(t, "a.example")})
		settings.ClientAuth, settings.ClientCAs = auth, x509.NewCertPool()
		for _, a := range trusted {
			settings.ClientCAs.AppendCertsFromPEM(a.CertPEM)
		}
		return Bind{Address: "127.0.0.1:0", TLS: settings}
	}
	ln, conns := accepting(t, bind(tls.VerifyClientCertIfGiven, stays, goes))
	client := func(show func() *tls.Certificate) (ours *tls.Conn) {
		ours = tls.Client(dial(t, "tcp", ln.Addr().String()).Conn, &tls.Config{
			RootCAs: site.Pool(), ServerName: "a.example",
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return show(), nil },
		})
		t.Cleanup(func() { ours.Close() })
		theirs := <-conns
		go func() {
			_, _ = io.Copy(theirs, theirs)
			theirs.Close()
			ln.Release(theirs)
		}()
		return ours
	}
	showing := func(c tls.Certificate) func() *tls.Certificate { return func() *tls.Certificate { return &c } }
	stayer, goer, nobody := client(showing(stays.Pair(t, "c"))), client(showing(goes.Pair(t, "c"))), client(showing(tls.Certificate{}))
	for _, c := range []*tls.Conn{stayer, goer, nobody} {
		if !echoes(t, c) {
			t.Fatal("a client that should get in does not")
		}
	}
	asked, updated := make(chan struct{}), make(chan struct{})
	late := client(func() *tls.Certificate {
		close(asked)
		<-updated
		c := goes.Pair(t, "c")
		return &c
	})
	lateFailed := make(chan bool, 1)
	go func() { lateFailed <- !echoes(t, late) }()
	<-asked
	if n := ln.Update(bind(tls.VerifyClientCertIfGiven, stays)); n != 1 {
		t.Errorf("%d connections revoked, want 1", n)
	}
	close(updated)
	if echoes(t, goer) {
		t.Error("the client of the authority that has gone goes on")
	}
	if !<-lateFailed {
		t.Error("a client of it that was shaking hands got in")
	}
	testkit.Eventually(t, "their connections are closed", func() bool { return ln.Conns() == 2 })
	if !echoes(t, stayer) || !echoes(t, nobody) {
		t.Error("another client was cut off")
	}
	if n := ln.Update(bind(tls.RequireAndVerifyClientCert, stays)); n != 1 || echoes(t, nobody) || !echoes(t, stayer) {
		t.Errorf("%d connections revoked when certificates became required, want that of the client that has none", n)
	}
}

// echoes tells whether a word comes back.
func echoes(t *testing.T, c *tls.Conn) bool {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(testkit.Patience))
	word := make([]byte, 4)
	_, err := io.WriteString(c, "word")
	if err == nil {
		_, err = io.ReadFull(c, word)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Error("neither an echo nor an end")
	}
	return err == nil && string(word) == "word"
}
