// Package dns has a name server for tests, whose answers they change while it runs. It is imported
// by tests only.
package dns

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	wire "github.com/miekg/dns"
)

// Server answers on UDP and TCP, on one port of 127.0.0.1. A name that was never set does not
// exist. All methods may be called by several goroutines at once.
type Server struct {
	addr netip.AddrPort

	mu      sync.Mutex
	answers map[string]Answer // by name in lower case, with the dot at its end
	asked   []Question
}

// Question is one that was asked.
type Question struct {
	Name    string // as it was written, with the dot at its end
	Type    uint16 // such as dns.TypeA
	ID      uint16
	TCP     bool
	UDPSize uint16 // what the asker takes over UDP (EDNS0); 0: it does not say
	At      time.Time
}

// Serve starts a server, which ends with the test.
func Serve(t testing.TB) *Server {
	t.Helper()
	listener, packets := listen(t)
	s := &Server{addr: netip.MustParseAddrPort(listener.Addr().String()), answers: map[string]Answer{}}
	run(t, &wire.Server{Listener: listener, Handler: wire.HandlerFunc(s.overTCP)})
	run(t, &wire.Server{PacketConn: packets, Handler: wire.HandlerFunc(s.overUDP)})
	return s
}

// Addr returns where the server is asked.
func (s *Server) Addr() netip.AddrPort { return s.addr }

// Set gives name an answer from now on.
func (s *Server) Set(name string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[wire.CanonicalName(name)] = a
}

// Addresses gives name addresses, IPv4 and IPv6, as Docker would; none: name exists without any.
func (s *Server) Addresses(name string, addrs ...string) { s.Set(name, Answer{Addresses: addrs}) }

// Remove makes name one that does not exist.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, wire.CanonicalName(name))
}

// Asked returns the questions for name, in whatever case, so far.
func (s *Server) Asked(name string) []Question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(func(yield func(Question) bool) {
		for _, q := range s.asked {
			if wire.CanonicalName(q.Name) == wire.CanonicalName(name) && !yield(q) {
				return
			}
		}
	})
}

func (s *Server) overTCP(w wire.ResponseWriter, query *wire.Msg) { s.serve(w, query, true) }
func (s *Server) overUDP(w wire.ResponseWriter, query *wire.Msg) { s.serve(w, query, false) }

func (s *Server) serve(w wire.ResponseWriter, query *wire.Msg, tcp bool) {
	a, reply := s.take(query, tcp)
	if a.Forged {
		forge(w, query, tcp)
	}
	if a.Silent {
		return
	}
	switch {
	case tcp:
	case a.Truncated:
		reply.Truncated, reply.Answer, reply.Extra = true, nil, nil
	default:
		reply.Truncate(int(max(udpSize(query), wire.MinMsgSize)))
	}
	_ = w.WriteMsg(reply) // an asker that is gone does not miss it
}

// take notes a question and makes its answer.
func (s *Server) take(query *wire.Msg, tcp bool) (Answer, *wire.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := query.Question[0]
	s.asked = append(s.asked, Question{
		Name: q.Name, Type: q.Qtype, ID: query.Id, TCP: tcp, UDPSize: udpSize(query), At: time.Now(),
	})
	return s.answers[wire.CanonicalName(q.Name)], s.reply(query)
}

func udpSize(query *wire.Msg) uint16 {
	if opt := query.IsEdns0(); opt != nil {
		return opt.UDPSize()
	}
	return 0
}

// listen finds a port that is free for both.
func listen(t testing.TB) (net.Listener, net.PacketConn) {
	t.Helper()
	const tries = 20
	for range tries {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		packets, err := net.ListenPacket("udp", listener.Addr().String())
		if err == nil {
			return listener, packets
		}
		_ = listener.Close()
	}
	t.Fatalf("no port is free for both TCP and UDP, %d tries", tries)
	return nil, nil
}

func run(t testing.TB, s *wire.Server) {
	t.Helper()
	started, done := make(chan struct{}), make(chan error, 1)
	s.NotifyStartedFunc = func() { close(started) }
	go func() { done <- s.ActivateAndServe() }()
	select {
	case <-started:
	case err := <-done:
		t.Fatalf("start the name server: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Errorf("stop the name server: %v", err)
		}
		<-done
	})
}
