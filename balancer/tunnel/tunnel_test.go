package tunnel_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"relais/balancer/tunnel"
	"relais/internal/testkit"
)

// Bytes arrive as they were sent, both ways at once, whatever their sizes and whoever waits for
// whom, over all kinds of connections.
func TestBytes(t *testing.T) {
	tcp := func(t *testing.T) (net.Conn, net.Conn) { return pair(t, "tcp") }
	unix := func(t *testing.T) (net.Conn, net.Conn) { return pair(t, "unix") }
	for _, test := range []struct {
		name           string
		client, server func(*testing.T) (far, near net.Conn)
		spliced        bool
	}{
		{"tcp", tcp, tcp, true},
		{"unix", unix, unix, true},
		{"unix client", unix, tcp, true},
		{"unix server", tcp, unix, true},
		{"tls client", tlsPair, tcp, false},
		{"tls server", tcp, tlsServerPair, false},
		{"tls both", tlsPair, tlsServerPair, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, ours := test.client(t)
			server, theirs := test.server(t)
			var up, down atomic.Int64
			r := run(t, client, server, ours, theirs, func(tun *tunnel.Tunnel) {
				tun.ToServer = func(n int) { up.Add(int64(n)) }
				tun.ToClient = func(n int) { down.Add(int64(n)) }
			})
			sent, got := exchange(client, server, 1)
			back, gotBack := exchange(server, client, 2)
			if s, g := <-sent, <-got; s != g || s.n != up.Load() {
				t.Errorf("to the server: sent %v, got %v, counted %d", s, g, up.Load())
			}
			if s, g := <-back, <-gotBack; s != g || s.n != down.Load() {
				t.Errorf("to the client: sent %v, got %v, counted %d", s, g, down.Load())
			}
			r.ends(tunnel.Done)
			idle, open := r.Supply.Pipes()
			if idle != open || (open > 0) != test.spliced {
				t.Errorf("%d of %d pipes are empty", idle, open)
			}
		})
	}
}

// stream is what has been sent or received.
type stream struct {
	n    int64
	hash [sha256.Size]byte
	err  error
}

// exchange sends random bytes from one end to the other, in bulk with dribbles between, and then
// the end.
func exchange(from, to net.Conn, seed uint64) (sent, got chan stream) {
	sent, got = make(chan stream, 1), make(chan stream, 1)
	random, content := rand.New(rand.NewPCG(seed, seed)), rand.NewChaCha8([32]byte{byte(seed)})
	go func() {
		s, hash := stream{}, sha256.New()
		buf := make([]byte, 4<<20)
		for i := 0; i < 60 && s.err == nil; i++ {
			p := buf[:1+random.IntN(300)]
			if i%10 == 0 {
				p = buf[:1+random.IntN(len(buf))]
			}
			_, _ = content.Read(p)
			hash.Write(p)
			var n int
			n, s.err = from.Write(p)
			s.n += int64(n)
			runtime.Gosched()
		}
		closeWrite(from)
		hash.Sum(s.hash[:0])
		sent <- s
	}()
	go func() {
		s, hash := stream{}, sha256.New()
		buf := make([]byte, 1<<20)
		for s.err == nil {
			var n int
			n, s.err = to.Read(buf[:1+rand.IntN(len(buf))])
			hash.Write(buf[:n])
			s.n += int64(n)
		}
		if errors.Is(s.err, io.EOF) {
			s.err = nil
		}
		hash.Sum(s.hash[:0])
		got <- s
	}()
	return sent, got
}

// What has been read before comes first, and the end of one direction leaves the other one open.
func TestHalfClose(t *testing.T) {
	for _, byClient := range []bool{true, false} {
		r := start(t, func(tun *tunnel.Tunnel) {
			tun.FromClient, tun.FromServer = []byte("first "), []byte("first ")
		})
		one, other := r.client, r.server
		if !byClient {
			one, other = r.server, r.client
		}
		send(t, one, "question")
		closeWrite(one)
		if got, err := io.ReadAll(other); string(got) != "first question" || err != nil {
			t.Errorf("by client %v: got %q, %v", byClient, got, err)
		}
		send(t, other, "answer")
		closeWrite(other)
		if got, err := io.ReadAll(one); string(got) != "first answer" || err != nil {
			t.Errorf("by client %v: got %q, %v", byClient, got, err)
		}
		r.ends(tunnel.Done)
	}
}

// Without pipes, bulk is copied; a tunnel that is cut while its pipe holds something gives back
// no dirty pipe.
func TestPipes(t *testing.T) {
	r := start(t, func(tun *tunnel.Tunnel) { tun.Supply = tunnel.NoPipes() })
	sent, got := exchange(r.client, r.server, 3)
	if s, g := <-sent, <-got; s != g {
		t.Errorf("sent %v, got %v", s, g)
	}

	supply := &tunnel.Supply{}
	defer supply.Close()
	share := func(tun *tunnel.Tunnel) { tun.Supply = supply }
	r = start(t, share)
	go flood(r.client)
	stalled := 0
	testkit.Eventually(t, "a pipe that holds what the server does not read", func() bool {
		if idle, open := supply.Pipes(); open == idle { // not spliced, or drained: let more come
			stalled = 0
			_, _ = io.CopyN(io.Discard, r.server, 1<<20)
		}
		stalled++
		return stalled > 50
	})
	r.Cut(errors.New("shutdown"))
	r.ends(tunnel.Cut)
	if _, open := supply.Pipes(); open != 0 {
		t.Errorf("%d pipes are left", open)
	}
	r = start(t, share)
	sent, got = exchange(r.client, r.server, 4)
	if s, g := <-sent, <-got; s != g {
		t.Errorf("sent %v, got %v", s, g)
	}
}

// A panic in either direction ends the tunnel and nothing else.
func TestPanic(t *testing.T) {
	for _, up := range []bool{true, false} {
		var once sync.Once
		told := make(chan any, 1)
		r := start(t, func(tun *tunnel.Tunnel) {
			fail := func(int) { once.Do(func() { panic("count") }) }
			tun.ToServer, tun.ToClient = fail, fail
			tun.OnPanic = func(v any, stack []byte) {
				if bytes.Contains(stack, []byte("tunnel_test.go")) {
					told <- v
				}
			}
		})
		from, to := r.server, r.client
		if up {
			from, to = to, from
		}
		send(t, from, "x")
		r.ends(tunnel.Panicked)
		if v := <-told; v != "count" {
			t.Errorf("told %v", v)
		}
		if _, err := io.ReadAll(to); err == nil {
			t.Error("the cut looks like an end")
		}
	}
}
