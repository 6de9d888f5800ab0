package tunnel_test

import (
	"context"
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"
	"time"

	"relais/balancer/tunnel"
	"relais/internal/listen"
	"relais/internal/testkit"
)

// rig is a tunnel that runs between two connections whose far ends the test holds.
type rig struct {
	*tunnel.Tunnel
	t      *testing.T
	client net.Conn // the far ends
	server net.Conn
	result chan tunnel.Result
}

// start runs a tunnel over TCP, as change changes it.
func start(t *testing.T, change func(*tunnel.Tunnel)) *rig {
	t.Helper()
	client, ours := pair(t, "tcp")
	server, theirs := pair(t, "tcp")
	return run(t, client, server, ours, theirs, change)
}

func run(t *testing.T, client, server, ours, theirs net.Conn, change func(*tunnel.Tunnel)) *rig {
	t.Helper()
	r := &rig{
		Tunnel: &tunnel.Tunnel{
			Client: ours.(tunnel.Conn), Server: theirs.(tunnel.Conn), Timeout: 2 * testkit.Patience,
			OnPanic: func(v any, stack []byte) { t.Errorf("panic: %v\n%s", v, stack) },
		},
		t: t, client: client, server: server, result: make(chan tunnel.Result, 1),
	}
	if change != nil {
		change(r.Tunnel)
	}
	if r.Supply == nil {
		r.Supply = &tunnel.Supply{}
		t.Cleanup(r.Supply.Close)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		r.Cut(nil)
		<-done
	})
	go func() {
		defer close(done)
		r.result <- r.Run()
		_, _ = r.Client.Close(), r.Server.Close()
	}()
	return r
}

// end waits for the end of the tunnel.
func (r *rig) end() tunnel.Result {
	r.t.Helper()
	select {
	case result := <-r.result:
		return result
	case <-time.After(testkit.Patience):
		r.t.Fatal("the tunnel does not end")
		panic("not reached")
	}
}

// ends checks how the tunnel ends.
func (r *rig) ends(want tunnel.End) {
	r.t.Helper()
	if got := r.end(); got.End != want || (got.Err == nil) != (want == tunnel.Done) {
		r.t.Errorf("it ended with %v, %v; want %v", got.End, got.Err, want)
	}
}

// pair returns two ends of a connection, closed when the test is over.
func pair(t *testing.T, network string) (far, near net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return accept(t, ln, network)
}

func accept(t *testing.T, ln net.Listener, network string) (far, near net.Conn) {
	t.Helper()
	far, err := net.Dial(network, ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if near, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = far.Close(), near.Close() })
	_ = far.SetDeadline(time.Now().Add(2 * testkit.Patience))
	return far, near
}

// tlsPair is a connection of a client behind TLS, as package listen makes it.
func tlsPair(t *testing.T) (far, near net.Conn) {
	t.Helper()
	authority := testkit.NewAuthority(t)
	certPEM, keyPEM := authority.Issue(t, nil, "h")
	certificate, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	bind := listen.Bind{Address: "127.0.0.1:0", TLS: listen.ServerTLS([]tls.Certificate{certificate})}
	ln, err := listen.Open(bind, listen.NewSlots(1), func(c net.Conn) net.Conn { return c })
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	far, near = accept(t, ln, "tcp")
	return tls.Client(far, &tls.Config{RootCAs: authority.Pool(), ServerName: "h"}), near
}

// tlsServerPair is a connection to a server behind TLS, from our side that of crypto/tls.
func tlsServerPair(t *testing.T) (far, near net.Conn) {
	t.Helper()
	near, far = tlsPair(t)
	return far, near
}

// reset closes a connection with a reset.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func send(t *testing.T, conn net.Conn, s string) {
	t.Helper()
	if _, err := conn.Write([]byte(s)); err != nil {
		t.Error(err)
	}
}

func closeWrite(conn net.Conn) { _ = conn.(interface{ CloseWrite() error }).CloseWrite() }
