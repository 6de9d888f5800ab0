package tunnel_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"relais/balancer/tunnel"
)

// HAProxy 2.6 and 3.0 in mode tcp blame the same side for each of these, and for silence below.
func TestAborts(t *testing.T) {
	t.Run("client resets", func(t *testing.T) {
		r := start(t, nil)
		reset(r.client)
		r.ends(tunnel.ClientAborted)
		if _, err := io.ReadAll(r.server); err == nil {
			t.Error("to the server the cut looks like an end")
		}
	})
	t.Run("server resets", func(t *testing.T) {
		r := start(t, nil)
		reset(r.server)
		r.ends(tunnel.ServerAborted)
		if _, err := io.ReadAll(r.client); err == nil {
			t.Error("to the client the cut looks like an end")
		}
	})
	t.Run("server resets while it is written to", func(t *testing.T) {
		r := start(t, nil)
		go flood(r.client)
		_, _ = io.CopyN(io.Discard, r.server, 4<<20)
		reset(r.server)
		r.ends(tunnel.ServerAborted)
	})
	// It closes in the middle of a request that it does not want, so that we are still writing.
	t.Run("server answers, closes and does not read", func(t *testing.T) {
		for range 20 {
			r := start(t, nil)
			_ = r.client.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			flood(r.client)
			send(t, r.server, "413")
			_ = r.server.Close()
			if got := make([]byte, 3); !readFull(r.client, got) || string(got) != "413" {
				t.Errorf("got %q", got)
			}
			r.ends(tunnel.ServerAborted)
		}
	})
	// The answer of a server that closes without reading everything is heard all the same.
	t.Run("server answers and closes", func(t *testing.T) {
		r := start(t, nil)
		send(t, r.server, "bye")
		_ = r.server.Close()
		if got, err := io.ReadAll(r.client); string(got) != "bye" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		flood(r.client)
		r.ends(tunnel.ServerAborted)
	})
	t.Run("client closes while the server sends", func(t *testing.T) {
		r := start(t, nil)
		send(t, r.client, "bye")
		_ = r.client.Close()
		if got, err := io.ReadAll(r.server); string(got) != "bye" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		flood(r.server)
		r.ends(tunnel.ClientAborted)
	})
}

// flood writes until that fails.
func flood(conn net.Conn) {
	for buf := make([]byte, 64<<10); ; {
		if _, err := conn.Write(buf); err != nil {
			return
		}
	}
}

// Cut and Close by the owner end a tunnel at once, whatever it is doing.
func TestCut(t *testing.T) {
	reason := errors.New("drained")
	r := start(t, nil)
	go flood(r.client) // the server reads nothing
	r.Cut(reason)
	if got := r.end(); got.End != tunnel.Cut || got.Err != reason {
		t.Errorf("got %+v", got)
	}
	r.Cut(errors.New("again"))

	r = start(t, nil)
	_ = r.Client.Close()
	r.ends(tunnel.Cut)

	r = start(t, func(tun *tunnel.Tunnel) { tun.Cut(reason) })
	r.ends(tunnel.Cut)

	client, ours := tlsPair(t)
	server, theirs := pair(t, "tcp")
	r = run(t, client, server, ours, theirs, nil)
	if err := client.(*tls.Conn).Handshake(); err != nil {
		t.Fatal(err)
	}
	go flood(server) // the client reads nothing
	r.Cut(reason)
	r.ends(tunnel.Cut)
	if _, err := io.ReadAll(client); err == nil {
		t.Error("to the client the cut looks like an end")
	}
}

// Whoever was expected to do something is to blame for silence.
func TestSilence(t *testing.T) {
	const timeout = 100 * time.Millisecond
	tcp := func(t *testing.T) (net.Conn, net.Conn) { return pair(t, "tcp") }
	nothing := func(*rig) {}
	for _, test := range []struct {
		name           string
		client, server func(*testing.T) (far, near net.Conn)
		do             func(*rig)
		want           tunnel.End
	}{
		{"both", tcp, tcp, nothing, tunnel.ClientSilent},
		{"client last spoke", tcp, tcp, func(r *rig) { send(r.t, r.client, "x") }, tunnel.ClientSilent},
		{"client has ended", tcp, tcp, func(r *rig) { closeWrite(r.client) }, tunnel.ServerSilent},
		{"server has ended", tcp, tcp, func(r *rig) { closeWrite(r.server) }, tunnel.ClientSilent},
		{"server does not read", tcp, tcp, func(r *rig) { flood(r.client) }, tunnel.ServerSilent},
		{"client does not read", tcp, tcp, func(r *rig) { flood(r.server) }, tunnel.ClientSilent},
		{"client does not read TLS", tlsPair, tcp, func(r *rig) {
			_ = r.client.(*tls.Conn).Handshake()
			flood(r.server)
		}, tunnel.ClientSilent},
		{"server does not read TLS", tcp, tlsServerPair, func(r *rig) {
			go func() { _, _ = r.server.Read(make([]byte, 1)) }() // shakes hands
			flood(r.client)
		}, tunnel.ServerSilent},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, ours := test.client(t)
			server, theirs := test.server(t)
			r := run(t, client, server, ours, theirs, func(tun *tunnel.Tunnel) { tun.Timeout = timeout })
			test.do(r)
			if got := r.end(); got.End != test.want || !errors.Is(got.Err, tunnel.ErrSilent) {
				t.Errorf("got %+v, want %v", got, test.want)
			}
		})
	}
}

// A stalled reader holds up its own direction only.
func TestStall(t *testing.T) {
	r := start(t, nil)
	go flood(r.client)
	for range 100 {
		send(t, r.server, "tick")
		if got := make([]byte, 4); !readFull(r.client, got) {
			t.Fatal("the other direction stands still")
		}
	}
}

func readFull(conn net.Conn, p []byte) bool {
	_, err := io.ReadFull(conn, p)
	return err == nil
}

// pipeEnd is an end of a net.Pipe, which works with the clock of synctest.
type pipeEnd struct{ net.Conn }

func (p pipeEnd) CloseWrite() error { return p.Close() }

// The time-out runs from the last byte in either direction, to the nanosecond.
func TestTimeout(t *testing.T) {
	for _, test := range []struct {
		name     string
		speaking time.Duration // of the server, every 7 s
		want     time.Duration
	}{
		{"silent from the beginning", 0, 10 * time.Second},
		{"one direction keeps the other alive", 70 * time.Second, 80 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, ours := net.Pipe()
				server, theirs := net.Pipe()
				began := time.Now()
				tun := &tunnel.Tunnel{
					Supply: &tunnel.Supply{}, Client: pipeEnd{ours}, Server: pipeEnd{theirs}, Timeout: 10 * time.Second,
				}
				go func() {
					for time.Since(began) < test.speaking {
						time.Sleep(7 * time.Second)
						_, _ = server.Write([]byte("x"))
					}
				}()
				go func() { _, _ = io.Copy(io.Discard, client) }()
				if got := tun.Run(); got.End != tunnel.ClientSilent {
					t.Errorf("got %+v", got)
				}
				if took := time.Since(began); took != test.want {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// Deadlines that the connections had before do not matter, and without a time-out nothing ends.
func TestDeadlines(t *testing.T) {
	r := start(t, func(tun *tunnel.Tunnel) {
		tun.Timeout = 0
		past := time.Unix(1, 0)
		_, _ = tun.Client.SetDeadline(past), tun.Server.SetDeadline(past)
	})
	send(t, r.client, "x")
	if got := make([]byte, 1); !readFull(r.server, got) {
		t.Error("got nothing")
	}
	select {
	case result := <-r.result:
		t.Errorf("it ended with %+v", result)
	default:
	}
}
