package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
)

var nobody netip.AddrPort

// target is what New makes of a server, in HTTP mode.
func target(t *testing.T, address string, change func(*config.Server)) *Target {
	t.Helper()
	c := config.NewServer()
	c.Name, c.Address = "s", address
	if change != nil {
		change(c)
	}
	made, err := New(c, "http")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// over has a server spoken to over TLS.
func over(ca config.Path, sni string) func(*config.Server) {
	return func(c *config.Server) {
		c.TLS = config.NewServerTLS()
		c.TLS.CA, c.TLS.SNI = ca, sni
	}
}

func patiently(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	t.Cleanup(cancel)
	return ctx
}

// listening opens a socket and gives each connection to handle.
func listening(t *testing.T, network, addr string, handle func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(2 * testkit.Patience))
				handle(conn)
			}()
		}
	}()
	return ln.Addr().String()
}

// echo returns what it gets, behind TLS.
func echo(settings *tls.Config) func(net.Conn) {
	return func(conn net.Conn) {
		above := tls.Server(conn, settings)
		_, _ = io.Copy(above, above)
		_ = above.CloseWrite()
	}
}

// said sends a word and returns what comes back.
func said(t *testing.T, conn net.Conn) string {
	t.Helper()
	defer conn.Close()
	_, _ = io.WriteString(conn, "word")
	b := make([]byte, 4)
	n, err := io.ReadFull(conn, b)
	if err != nil {
		t.Errorf("read: %v", err)
	}
	return string(b[:n])
}

func TestUnixSocket(t *testing.T) {
	a := testkit.NewAuthority(t)
	dir := t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "ca.pem"), a.CertPEM)
	plain := listening(t, "unix", filepath.Join(dir, "plain"), func(c net.Conn) { _, _ = io.Copy(c, c) })
	secure := listening(t, "unix", filepath.Join(dir, "secure"), echo(&tls.Config{Certificates: []tls.Certificate{a.Pair(t, "a.example")}}))
	for name, to := range map[string]*Target{
		"plain": target(t, "unix@"+plain, nil),
		"TLS":   target(t, "unix@"+secure, over(config.NewPath(filepath.Join(dir, "ca.pem")), "a.example")),
	} {
		conn, err := to.Dial(patiently(t), nobody, nobody)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := said(t, conn); got != "word" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	_, err := target(t, "unix@"+dir+"/none", nil).Dial(patiently(t), nobody, nobody)
	if !errors.Is(err, syscall.ENOENT) {
		t.Errorf("got %v", err)
	}
}

// A unix socket whose backlog is full is waited for, as the kernel does with TCP.
func TestUnixBacklog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	to := target(t, "unix@"+path, nil)
	first, err := to.Dial(patiently(t), nobody, nobody)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := to.Dial(ctx, nobody, nobody); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.EAGAIN) {
		t.Errorf("got %v while the backlog is full", err)
	}
	waited := make(chan error, 1)
	go func() {
		conn, err := to.Dial(patiently(t), nobody, nobody)
		if err == nil {
			conn.Close()
		}
		waited <- err
	}()
	accepted, _, err := syscall.Accept(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(accepted)
	if err := <-waited; err != nil {
		t.Errorf("got %v when there was room again", err)
	}
}

// Errors of the connection stay what they are without TLS.
func TestConnectionErrors(t *testing.T) {
	to := target(t, testkit.RefusingAddr(t), over(config.Path{}, "a.example"))
	_, err := to.Dial(patiently(t), nobody, nobody)
	if failed := (*HandshakeError)(nil); !errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := to.Check(ctx); err == nil {
		t.Error("a check was made under a context that had ended")
	}
}

func TestTLS(t *testing.T) {
	a := testkit.NewAuthority(t)
	ca := config.NewPath(filepath.Join(t.TempDir(), "ca.pem"))
	testkit.WriteFile(t, ca.String(), a.CertPEM)
	byIP, err := tls.X509KeyPair(a.Issue(t, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} }))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		pair   tls.Certificate
		host   string
		change func(*config.Server)
		mode   string
		want   string // SNI and ALPN as the server sees them
	}{
		{"name of the address", a.Pair(t, "localhost"), "localhost", over(ca, ""), "http", "localhost [http/1.1]"},
		{"sni", a.Pair(t, "a.example"), "127.0.0.1", over(ca, "a.example"), "http", "a.example [http/1.1]"},
		{"TCP mode", a.Pair(t, "a.example"), "127.0.0.1", over(ca, "a.example"), "tcp", "a.example []"},
		{"IP address", byIP, "127.0.0.1", over(ca, ""), "http", " [http/1.1]"},
		{"not verified", testkit.NewAuthority(t).Pair(t, "b.example"), "127.0.0.1", func(c *config.Server) {
			c.TLS = &config.ServerTLS{SNI: "a.example"}
		}, "http", "a.example [http/1.1]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var seen atomic.Value
			addr := listening(t, "tcp", "127.0.0.1:0", echo(&tls.Config{
				Certificates: []tls.Certificate{test.pair}, NextProtos: []string{"http/1.1", "h2"},
				GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
					seen.Store(fmt.Sprint(h.ServerName, " ", h.SupportedProtos))
					return nil, nil
				},
			}))
			_, port, _ := net.SplitHostPort(addr)
			c := config.NewServer()
			c.Address = net.JoinHostPort(test.host, port)
			test.change(c)
			to, err := New(c, test.mode)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				conn, err := to.Dial(patiently(t), nobody, nobody)
				if err != nil {
					t.Fatal(err)
				}
				state := conn.(*tls.Conn).ConnectionState()
				if got := said(t, conn); got != "word" || seen.Load() != test.want {
					t.Errorf("got %q, the server saw %q, want %q", got, seen.Load(), test.want)
				}
				if state.DidResume != (i > 0) {
					t.Errorf("connection %d: resumed %v", i, state.DidResume)
				}
			}
		})
	}
}

func TestHandshakeFailures(t *testing.T) {
	a := testkit.NewAuthority(t)
	ca := config.NewPath(filepath.Join(t.TempDir(), "ca.pem"))
	testkit.WriteFile(t, ca.String(), a.CertPEM)
	issue := func(change func(*x509.Certificate), names ...string) *tls.Config {
		pair, err := tls.X509KeyPair(a.Issue(t, change, names...))
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	day := func(d int) time.Time { return time.Date(2020, 1, d, 12, 0, 0, 0, time.UTC) }
	old := issue(nil, "a.example")
	old.MaxVersion = tls.VersionTLS11
	for _, test := range []struct {
		name   string
		server func(net.Conn)
		want   string
	}{
		{"unknown authority", echo(&tls.Config{Certificates: []tls.Certificate{testkit.NewAuthority(t).Pair(t, "a.example")}}),
			"certificate signed by unknown authority; set tls.ca to its file"},
		{"wrong name", echo(issue(nil, "b.example", "c.example")), "certificate is for b.example, c.example, not for a.example; set tls.sni"},
		{"no name", echo(issue(nil)), "certificate is for no name at all, not for a.example; set tls.sni"},
		{"expired", echo(issue(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = day(1), day(2) }, "a.example")),
			"certificate expired on 2020-01-02 12:00:00"},
		{"not yet valid", echo(issue(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = day(1).AddDate(99, 0, 0), day(1).AddDate(100, 0, 0)
		}, "a.example")),
			"certificate is not valid before 2119-01-01 12:00:00"},
		{"old version", echo(old), "the server refused: protocol version not supported"},
		{"no TLS", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
		}, "the server does not speak TLS"},
		{"closes", func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }, "the server closed the connection"},
		{"resets", func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); _ = c.(*net.TCPConn).SetLinger(0) }, "connection reset by peer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			to := target(t, listening(t, "tcp", "127.0.0.1:0", test.server), over(ca, "a.example"))
			_, err := to.Dial(patiently(t), nobody, nobody)
			if failed := (*HandshakeError)(nil); !errors.As(err, &failed) || err.Error() != "TLS handshake: "+test.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A server that never answers the handshake takes no longer than the context.
func TestSilentHandshake(t *testing.T) {
	addr := listening(t, "tcp", "127.0.0.1:0", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	to := target(t, addr, over(config.Path{}, "a.example"))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := to.Dial(ctx, nobody, nobody)
	failed, timeout := (*HandshakeError)(nil), net.Error(nil)
	if !errors.As(err, &failed) || !errors.As(err, &timeout) || !timeout.Timeout() || !strings.Contains(err.Error(), "in time") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > testkit.Patience/2 {
		t.Errorf("it took %v", took)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := to.Dial(ctx, nobody, nobody); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v from one that was called off", err)
	}
}

func TestNew(t *testing.T) {
	dir := t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "empty.pem"), nil)
	for _, test := range []struct {
		address, ca, want string
	}{
		{"unix@/tmp/s", "", "tls.sni: missing"},
		{"h:1", dir + "/none.pem", "tls.ca: "},
		{"h:1", dir + "/empty.pem", "tls.ca: "},
	} {
		c := config.NewServer()
		c.Address = test.address
		over(config.NewPath(test.ca), "")(c)
		if _, err := New(c, "http"); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s with %q: got %v", test.address, test.ca, err)
		}
		c.TLS.Verify = false
		if _, err := New(c, "http"); err != nil {
			t.Errorf("%s, not verified: got %v", test.address, err)
		}
	}
}
