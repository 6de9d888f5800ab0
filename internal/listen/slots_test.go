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
		got := make(chan bool, 5)
		for range 5 {
			go func() { got <- s.acquire(closed) }()
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
		expect(5, "after the end")
		for range 4 {
			<-got
		}
		if <-got {
			t.Error("who waited at the end got a slot")
		}
	})
}

func TestNoSlotsNoBound(t *testing.T) {
	var none *Slots
	unbounded := NewSlots(0)
	for range 1000 {
		if !none.acquire(nil) || !unbounded.acquire(nil) {
			t.Fatal("there is a bound")
		}
	}
	none.release()
}

// Two binds that share one slot both get their turn, and whoever is beyond the bound waits: his
// connection is open, and nobody serves it.
func TestConnectionsWaitForASlot(t *testing.T) {
	shared := NewSlots(1)
	first, second := greeter(t, shared), greeter(t, shared)
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

// greeter greets everybody who has a slot, and holds him until he leaves.
func greeter(t *testing.T, slots *Slots) string {
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
	return ln.Addr().String()
}
