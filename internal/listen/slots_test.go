package listen

import (
	"io"
	"net"
	"testing"
	"testing/synctest"

	"relais/internal/testkit"
)

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, closed := NewSlots(2), make(chan struct{})
		got := make(chan struct{}, 5)
		for range 5 {
			go func() { s.acquire(closed); got <- struct{}{} }()
		}
		expect := func(n int, after string) {
			t.Helper()
			synctest.Wait()
			if len(got) != n {
				t.Fatalf("%s: %d have a slot, want %d", after, len(got), n)
			}
		}
		expect(2, "at first")
		s.release()
		expect(3, "after a release")
		s.SetLimit(3)
		expect(4, "after more were made")
		s.SetLimit(1)
		s.release()
		s.release()
		expect(4, "after less were made")
		close(closed)
		expect(5, "after the end, which nobody waits beyond")
	})
}

func TestNoSlotsNoBound(t *testing.T) {
	var none *Slots
	unbounded := NewSlots(0)
	for range 1000 {
		none.acquire(nil) // a bound would make it wait for ever
		unbounded.acquire(nil)
	}
	none.release()
}

// Two binds that share one slot both get their turn, and whoever is beyond the bound waits: his
// connection is open, and nobody serves it.
func TestConnectionsWaitForASlot(t *testing.T) {
	shared := NewSlots(1)
	first, _ := greeter(t, shared)
	second, _ := greeter(t, shared)
	a := testkit.Dial(t, first)
	if got := a.Body(2); got != "hi" {
		t.Fatal(got)
	}
	b := testkit.Dial(t, second)
	answered := make(chan string)
	go func() { answered <- b.Body(2) }()
	select {
	case <-answered:
		t.Error("there were two connections at once")
	default:
	}
	a.Close()
	if got := <-answered; got != "hi" {
		t.Errorf("after the first has gone: %q", got)
	}
}

// Whoever waits for a slot when the listener is closed has been accepted, so that no successor
// can serve him: he is served here.
func TestLastConnectionIsServed(t *testing.T) {
	slots := NewSlots(1)
	addr, ln := greeter(t, slots)
	a, b := testkit.Dial(t, addr), testkit.Dial(t, addr)
	if got := a.Body(2); got != "hi" {
		t.Fatal(got)
	}
	testkit.Eventually(t, "the second one waits for its slot", slots.waited)
	ln.Close()
	if got := b.Body(2); got != "hi" {
		t.Error(got)
	}
}

// waited tells whether somebody waits.
func (s *Slots) waited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.freed != nil
}

// greeter greets everybody who has a slot, and holds him until he leaves.
func greeter(t *testing.T, slots *Slots) (string, *Listener) {
	t.Helper()
	ln, err := Open(Bind{Address: "127.0.0.1:0", Slots: slots}, nil, func(c net.Conn) net.Conn { return c })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close(); ln.CloseConns() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.WriteString(conn, "hi")
				_, _ = io.Copy(io.Discard, conn)
				conn.Close()
				ln.Release(conn)
			}()
		}
	}()
	return ln.Addr().String(), ln
}
