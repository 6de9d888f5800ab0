package main_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"relais/internal/testkit"
)

// TestWebSockets sends 100,000 messages, half of them over TLS, in both directions of several
// connections at once, with and without compression, and ends each connection with a close
// handshake, half of them by the client.
func TestWebSockets(t *testing.T) {
	const connections, each = 8, 3125 // of each scheme; messages in each direction
	ended := make(chan error, connections)
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		var seed uint64
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &seed)
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: compression(seed)})
		if err == nil {
			err = talk(conn, newMessages(seed, "server"), newMessages(seed, "client"), each, seed%2 == 0)
		}
		ended <- err
	})
	for _, scheme := range []string{"ws", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			config, settings := farm("", testkit.Address(s)), (*tls.Config)(nil)
			if scheme == "wss" {
				config, settings = overTLS(t, config)
			}
			r := run(t, config, nil)
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: settings}}
			var clients sync.WaitGroup
			for seed := range uint64(connections) {
				clients.Go(func() {
					if err := chat(t, client, fmt.Sprintf("%s://%s/%d", scheme, r.addr, seed), seed, each); err != nil {
						t.Errorf("connection %d, client: %v", seed, err)
					}
				})
			}
			for range connections {
				if err := <-ended; err != nil {
					t.Errorf("server: %v", err)
				}
			}
			clients.Wait()
			testkit.Eventually(t, "all sessions have ended", func() bool { return r.column(t, "web", "FRONTEND", "scur") == "0" })
		})
	}
}

// compression makes some of the connections use permessage-deflate, in both of its ways.
func compression(seed uint64) websocket.CompressionMode {
	switch seed {
	case 1, 4:
		return websocket.CompressionContextTakeover
	case 2:
		return websocket.CompressionNoContextTakeover
	default:
		return websocket.CompressionDisabled
	}
}

// chat opens a connection and is its client to the end.
func chat(t *testing.T, client *http.Client, url string, seed uint64, count int) error {
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	conn, answer, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: client, CompressionMode: compression(seed)})
	if err != nil {
		return err
	}
	deflates := strings.Contains(answer.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate")
	if want := compression(seed) != websocket.CompressionDisabled; deflates != want {
		t.Errorf("connection %d has permessage-deflate: %v, want %v", seed, deflates, want)
	}
	return talk(conn, newMessages(seed, "client"), newMessages(seed, "server"), count, seed%2 == 1)
}

// talk sends messages and, at the same time, reads what the other end sends until the connection
// is closed, by this end when closes is set.
func talk(conn *websocket.Conn, ours, theirs *messages, count int, closes bool) error {
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	ctx, cancel := context.WithTimeout(context.Background(), 6*testkit.Patience)
	defer cancel()
	complete, closed := make(chan struct{}), make(chan error, 1)
	go func() {
		closed <- listen(ctx, conn, theirs, count, complete)
		cancel()
	}()
	if err := speak(ctx, conn, ours, count); err != nil {
		cancel()
		return errors.Join(err, <-closed)
	}
	if closes {
		select {
		case <-complete:
		case <-ctx.Done():
		}
		if err := conn.Close(closeCode(ours), ours.name+" has finished"); err != nil {
			return errors.Join(err, <-closed)
		}
		theirs = ours // the other end sends the same code back
	}
	var end websocket.CloseError
	if err := <-closed; !errors.As(err, &end) || end.Code != closeCode(theirs) || end.Reason != theirs.name+" has finished" {
		return fmt.Errorf("closed with %w, want %d", err, closeCode(theirs))
	}
	return nil
}

func closeCode(m *messages) websocket.StatusCode {
	return map[string]websocket.StatusCode{"client": websocket.StatusNormalClosure, "server": 4321}[m.name]
}

// speak sends messages, every tenth in three fragments, and waits for a pong now and then.
func speak(ctx context.Context, conn *websocket.Conn, m *messages, count int) error {
	for i := range count {
		kind, data := m.next()
		if err := say(ctx, conn, kind, data, i%10 == 0); err != nil {
			return fmt.Errorf("send message %d: %w", i, err)
		}
		if i%500 == 0 {
			if err := conn.Ping(ctx); err != nil {
				return fmt.Errorf("ping at message %d: %w", i, err)
			}
		}
	}
	return nil
}

func say(ctx context.Context, conn *websocket.Conn, kind websocket.MessageType, data []byte, fragmented bool) error {
	if !fragmented {
		return conn.Write(ctx, kind, data)
	}
	w, err := conn.Writer(ctx, kind)
	if err != nil {
		return err
	}
	third := len(data) / 3
	for _, part := range [][]byte{data[:third], data[third : 2*third], data[2*third:]} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

// listen compares what arrives with what it should be, and returns how the connection ended.
func listen(ctx context.Context, conn *websocket.Conn, m *messages, count int, complete chan<- struct{}) error {
	for i := range count {
		kind, data, err := conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("read message %d: %w", i, err)
		}
		if wantKind, want := m.next(); kind != wantKind || !bytes.Equal(data, want) {
			return fmt.Errorf("message %d of the %s is %v of %d bytes, want %v of %d", i, m.name, kind, len(data), wantKind, len(want))
		}
	}
	close(complete)
	_, data, err := conn.Read(ctx)
	if err == nil {
		err = fmt.Errorf("a message too many, of %d bytes", len(data))
	}
	return err
}

// messages is what one end of a connection sends. Both ends make the same ones from its seed.
type messages struct {
	name   string
	random *rand.Rand
	text   []byte
}

func newMessages(seed uint64, name string) *messages {
	m := &messages{name: name, random: rand.New(rand.NewPCG(seed, uint64(name[0])))}
	for len(m.text) < 128<<10 {
		m.text = fmt.Appendf(m.text, "%x, ", m.random.Uint32N(1<<20)) // compresses, but not to nothing
	}
	return m
}

// next draws a message: most are short, so that the race detector gets through compressing what
// is not, and some sit where the encoding of the length changes.
func (m *messages) next() (websocket.MessageType, []byte) {
	size := m.random.IntN(140)
	if n := m.random.IntN(250); n < 10 {
		size = []int{0, 1, 125, 126, 127, 1 << 10, 4 << 10, 1<<16 - 1, 1 << 16, m.random.IntN(1 << 16)}[n]
	}
	start := m.random.IntN(len(m.text) - size)
	return websocket.MessageType(1 + m.random.IntN(2)), m.text[start : start+size]
}

// overTLS makes the frontend of a configuration speak TLS, and returns what its clients need.
func overTLS(t *testing.T, config string) (string, *tls.Config) {
	t.Helper()
	dir, ca := t.TempDir(), testkit.NewAuthority(t)
	ca.Files(t, dir, "a", nil, "a.example")
	binds := in(dir, `bind: [{address: "127.0.0.1:0", tls: {certificates: [{cert: "DIR/a.pem", key: "DIR/a.key"}]}}], d`)
	return strings.Replace(config, `bind: "127.0.0.1:0", d`, binds, 1), &tls.Config{ServerName: "a.example", RootCAs: ca.Pool()}
}
