package listen

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// echoing serves a bind whose connections get back what they send.
func echoing(t *testing.T, b Bind) (addr string) {
	t.Helper()
	ln, conns := accepting(t, b)
	go func() {
		for conn := range conns {
			go func() {
				_, _ = io.Copy(conn, onlyReader{conn})
				_ = conn.Close()
			}()
		}
	}()
	return ln.Addr().String()
}

// onlyReader hides the shortcuts of a connection.
type onlyReader struct{ io.Reader }

// shake connects and says a word.
func shake(addr string, c *tls.Config) (*tls.ConnectionState, error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: testkit.Patience}, "tcp", addr, c)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	if _, err := conn.Write([]byte("word")); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		return nil, err
	}
	state := conn.ConnectionState()
	return &state, nil
}

func TestCertificateChoice(t *testing.T) {
	ca := testkit.NewAuthority(t)
	oldStyle, err := tls.X509KeyPair(ca.Issue(t, func(c *x509.Certificate) { c.Subject.CommonName = "old.example" }))
	if err != nil {
		t.Fatal(err)
	}
	addr := echoing(t, Bind{Address: "127.0.0.1:0", TLS: ServerTLS([]tls.Certificate{
		ca.Pair(t, "first.example", "www.first.example"), ca.Pair(t, "*.wild.example", "wild.example"), ca.Pair(t, "a.wild.example"), oldStyle,
	})})
	for name, want := range map[string]string{
		"":                  "first.example",
		"first.example":     "first.example",
		"WWW.First.Example": "first.example",
		"wild.example":      "*.wild.example",
		"b.wild.example":    "*.wild.example",
		"a.wild.example":    "a.wild.example", // the exact name goes before the pattern
		"old.example":       "test old.example",
		"a.b.wild.example":  "unrecognized name",
		"other.example":     "unrecognized name",
		"example":           "unrecognized name",
	} {
		state, err := shake(addr, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case len(state.PeerCertificates[0].DNSNames) == 0:
			got = "test " + state.PeerCertificates[0].Subject.CommonName
		default:
			got = state.PeerCertificates[0].DNSNames[0]
		}
		if !strings.HasSuffix(got, want) {
			t.Errorf("%q gets %s, want %s", name, got, want)
		}
	}
}

// Of two certificates for one name a client gets the one that it can use.
func TestCertificateChoiceByAlgorithm(t *testing.T) {
	ca := testkit.NewAuthority(t)
	addr := echoing(t, Bind{Address: "127.0.0.1:0", TLS: ServerTLS([]tls.Certificate{ca.Pair(t, "a.example"), rsaPair(t, "a.example")})})
	for suite, want := range map[uint16]x509.PublicKeyAlgorithm{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:   x509.RSA,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: x509.ECDSA,
	} {
		for _, name := range []string{"a.example", ""} {
			state, err := shake(addr, &tls.Config{
				ServerName: name, InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite},
			})
			if err != nil || state.PeerCertificates[0].PublicKeyAlgorithm != want {
				t.Errorf("with %s and name %q: %v", tls.CipherSuiteName(suite), name, err)
			}
		}
	}
}

func rsaPair(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// Each version and each cipher suite that crypto/tls knows is tried on its own, with both kinds
// of keys: only TLS 1.3, and TLS 1.2 with forward secrecy and authenticated encryption, get through.
func TestVersionsAndCipherSuites(t *testing.T) {
	addr := echoing(t, Bind{Address: "127.0.0.1:0", TLS: ServerTLS([]tls.Certificate{
		testkit.NewAuthority(t).Pair(t, "a.example"), rsaPair(t, "a.example"),
	})})
	accepted := 0
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12} {
			if suite.SupportedVersions[0] == tls.VersionTLS13 {
				continue
			}
			state, err := shake(addr, &tls.Config{
				ServerName: "a.example", InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, CipherSuites: []uint16{suite.ID},
			})
			sound := version == tls.VersionTLS12 && strings.HasPrefix(suite.Name, "TLS_ECDHE_") &&
				(strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "_CHACHA20_"))
			if (err == nil) != sound {
				t.Errorf("%s with %s: %v", tls.VersionName(version), suite.Name, err)
			}
			if err == nil && state.CipherSuite == suite.ID {
				accepted++
			}
		}
	}
	if accepted != 6 {
		t.Errorf("%d cipher suites of TLS 1.2 are accepted, want 6", accepted)
	}
	if state, err := shake(addr, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true}); err != nil || state.Version != tls.VersionTLS13 {
		t.Errorf("a modern client gets %v, %v", state, err)
	}
}

func TestALPN(t *testing.T) {
	addr := echoing(t, Bind{Address: "127.0.0.1:0", TLS: ServerTLS([]tls.Certificate{testkit.NewAuthority(t).Pair(t, "a.example")})})
	for _, test := range []struct {
		offer []string
		want  string
		sound bool
	}{
		{nil, "", true},
		{[]string{"h2", "http/1.1"}, "http/1.1", true},
		{[]string{"h2"}, "", false},
	} {
		state, err := shake(addr, &tls.Config{InsecureSkipVerify: true, NextProtos: test.offer})
		if (err == nil) != test.sound || err == nil && state.NegotiatedProtocol != test.want {
			t.Errorf("%v gives %v, %v", test.offer, state, err)
		}
	}
}

func TestSessionsAreResumed(t *testing.T) {
	ca := testkit.NewAuthority(t)
	addr := echoing(t, Bind{Address: "127.0.0.1:0", TLS: ServerTLS([]tls.Certificate{ca.Pair(t, "a.example")})})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := &tls.Config{
			ServerName: "a.example", RootCAs: ca.Pool(), MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1),
		}
		for i := range 3 {
			state, err := shake(addr, client)
			if err != nil || state.DidResume != (i > 0) {
				t.Errorf("%s, connection %d: %v, %v", tls.VersionName(version), i, state, err)
			}
		}
	}
}

// Failed handshakes are told, a client that only knocks is not, and neither holds up others.
func TestHandshakesThatFail(t *testing.T) {
	refused := make(chan error, 9)
	addr := echoing(t, Bind{
		Address: "127.0.0.1:0", TLS: ServerTLS([]tls.Certificate{testkit.NewAuthority(t).Pair(t, "a.example")}),
		Refused: func(_ net.Addr, err error) { refused <- err },
	})
	for range 5 {
		dial(t, "tcp", addr).Send("\x16\x03\x01\x02\x00") // and silence
	}
	_ = dial(t, "tcp", addr).Conn.(*net.TCPConn).CloseWrite()
	if _, err := shake(addr, &tls.Config{ServerName: "b.example", InsecureSkipVerify: true}); err == nil {
		t.Error("a name without a certificate gets through")
	}
	if err := <-refused; !strings.Contains(err.Error(), `there is no certificate for "b.example"`) {
		t.Errorf("refused: %v", err)
	}
	c := dial(t, "tcp", addr)
	c.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if err := <-refused; !strings.Contains(err.Error(), "does not look like a TLS handshake") {
		t.Errorf("refused: %v", err)
	}
	if _, err := shake(addr, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true}); err != nil {
		t.Errorf("a sound client gets %v", err)
	}
	if len(refused) > 0 {
		t.Errorf("also refused: %v", <-refused)
	}
}

// The header of the PROXY protocol goes before the handshake.
func TestTLSBehindProxy(t *testing.T) {
	ln, conns := accepting(t, Bind{
		Address: "127.0.0.1:0", Proxy: loopback(), TLS: ServerTLS([]tls.Certificate{testkit.NewAuthority(t).Pair(t, "a.example")}),
	})
	c := dial(t, "tcp", ln.Addr().String())
	_, _ = c.Conn.Write(encodeV2(netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.9:2"), nil))
	go func() { _, _ = tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true}).Write([]byte("hello")) }()
	conn := <-conns
	if got := text(t, conn, 5); got != "hello" || conn.RemoteAddr().String() != "192.0.2.1:1" {
		t.Errorf("got %q from %s", got, conn.RemoteAddr())
	}
}

// pair is a connection behind TLS, seen from both sides.
func pair(t *testing.T) (server *tlsConn, client *tls.Conn) {
	t.Helper()
	ln, conns := accepting(t, Bind{Address: "127.0.0.1:0", TLS: ServerTLS([]tls.Certificate{testkit.NewAuthority(t).Pair(t, "a.example")})})
	client = tls.Client(dial(t, "tcp", ln.Addr().String()).Conn, &tls.Config{InsecureSkipVerify: true})
	go func() { _, _ = client.Write([]byte("hello")) }()
	server = (<-conns).(*tlsConn)
	if got := text(t, server, 5); got != "hello" {
		t.Fatalf("got %q", got)
	}
	return server, client
}

// A client that reads slowly gets everything, one that does not read is given up.
func TestPatience(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	server, client := pair(t)
	const limit = 300 * time.Millisecond
	server.Patience(limit)
	wrote := make(chan error, 1)
	go func() {
		_, err := server.Write(payload)
		wrote <- err
	}()
	got := make([]byte, 0, len(payload))
	tick := time.NewTicker(limit / 10)
	defer tick.Stop()
	start := time.Now()
	for time.Since(start) < 3*limit { // in which less than everything is read
		<-tick.C
		n, err := io.ReadFull(client, got[len(got):len(got)+100<<10])
		if got = got[:len(got)+n]; err != nil {
			t.Fatalf("cut off after %d bytes: %v", len(got), err)
		}
	}
	rest := make([]byte, len(payload)-len(got))
	if _, err := io.ReadFull(client, rest); err != nil || !bytes.Equal(append(got, rest...), payload) {
		t.Fatalf("the client got something else: %v", err)
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	for err := error(nil); err == nil; _, err = server.Write(payload) {
	}
	if took := time.Since(start); took < limit || took > 10*limit {
		t.Errorf("a client that does not read is given up after %v", took)
	}
	start = time.Now()
	_ = server.Close()
	if took := time.Since(start); took > limit {
		t.Errorf("closing took %v", took)
	}
}

// Patience for ever begins when it is set, also behind a shorter one.
func TestPatienceForEver(t *testing.T) {
	payload := make([]byte, 16<<20)
	server, client := pair(t)
	const limit = 50 * time.Millisecond
	server.Patience(limit)
	go func() { _, _ = io.ReadFull(client, make([]byte, 1)) }()
	if _, err := server.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	server.Patience(0)
	wrote := make(chan error, 1)
	go func() {
		_, err := server.Write(payload)
		wrote <- err
	}()
	select {
	case err := <-wrote:
		t.Fatalf("it was given up: %v", err)
	case <-time.After(4 * limit):
	}
	if _, err := io.ReadFull(client, payload); err != nil {
		t.Fatal(err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

// Close does not wait to say goodbye to a client that reads nothing.
func TestCloseDoesNotWait(t *testing.T) {
	server, _ := pair(t)
	server.Patience(time.Minute)
	_ = server.below.Stream.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	for err := error(nil); err == nil; _, err = server.below.Stream.Write(make([]byte, 1<<20)) {
	} // until the kernel takes no more
	start := time.Now()
	_ = server.Close()
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v", took)
	}
}

// The client can tell an end from a cut.
func TestHowAConnectionEnds(t *testing.T) {
	server, client := pair(t)
	_ = server.Close()
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("closed: %v, want %v", err, io.EOF)
	}
	server, client = pair(t)
	_ = server.CloseWrite()
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("closed for writing: %v, want %v", err, io.EOF)
	}
	if _, err := client.Write([]byte("hello")); err != nil {
		t.Error(err)
	}
	if got := text(t, server, 5); got != "hello" {
		t.Errorf("got %q", got)
	}
	server, client = pair(t)
	_ = server.SetLinger(0)
	_ = server.Close()
	if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("cut: %v, want an error", err)
	}
}
