package h1

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestIdleLimit(t *testing.T) {
	var p Pool
	check := func(what string, want time.Duration) {
		t.Helper()
		if got := p.limit(); got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	check("nothing known", 500*time.Millisecond)
	p.learn(4 * time.Second)
	check("closed after 4 s", 3*time.Second)
	p.learn(1 * time.Second)
	check("closed after 1 s", 750*time.Millisecond)
	p.learn(9 * time.Second)
	check("closed after 9 s once", 1500*time.Millisecond)
	p.Announce(8 * time.Second)
	check("announces more than it does", 1500*time.Millisecond)
	p.learned = 0
	check("announces", 6*time.Second)
}

// pair returns a connection of the pool and the server's end of it.
func pair(t *testing.T, p *Pool) (*ServerConn, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewServerConn(conn)
	if err != nil {
		t.Fatal(err)
	}
	p.Add(c)
	t.Cleanup(func() { peer.Close(); c.Close() })
	return c, peer
}

func newPool(t *testing.T) *Pool {
	t.Helper()
	w, err := NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return NewPool(w, time.Minute)
}

func TestPoolIsLastInFirstOut(t *testing.T) {
	p := newPool(t)
	a, _ := pair(t, p)
	b, _ := pair(t, p)
	now := time.Now()
	p.Put(a, now)
	p.Put(b, now)
	if p.Get(true) != b || p.Get(true) != a || p.Get(true) != nil {
		t.Error("not the youngest first")
	}
}

func TestPoolKeepsOldConnectionsFromWhatCannotBeRepeated(t *testing.T) {
	p := newPool(t)
	c, _ := pair(t, p)
	p.Put(c, time.Now().Add(-firstIdleLimit))
	if p.Get(false) != nil {
		t.Error("an old connection was given to a request that cannot be repeated")
	}
	if p.Get(true) != c {
		t.Error("it was not given to one that can")
	}
}

func TestPoolForgetsWhatTheServerCloses(t *testing.T) {
	p := newPool(t)
	c, peer := pair(t, p)
	p.Put(c, time.Now().Add(-2*time.Second))
	peer.Close()
	for deadline := time.Now().Add(5 * time.Second); ; {
		if idle, used := p.Counts(); idle+used == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the pool still has a connection that the server has closed")
		}
	}
	if limit := p.IdleLimit(); limit < 1500*time.Millisecond || limit > 2*time.Second {
		t.Errorf("learned %v from a close after 2 s", limit)
	}
}

// A server that closes behind a complete answer leaves nothing to be kept.
func TestPoolTakesNothingBackThatTheServerHasClosed(t *testing.T) {
	p := newPool(t)
	c, peer := pair(t, p)
	peer.Close()
	waitReadable(t, c) // the watcher notices now, or when the connection is idle
	p.Put(c, time.Now())
	for deadline := time.Now().Add(5 * time.Second); ; {
		if idle, used := p.Counts(); idle+used == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the pool has a connection that the server had closed")
		}
	}
}

func TestPoolSweepsAndResets(t *testing.T) {
	p := newPool(t)
	a, _ := pair(t, p)
	b, _ := pair(t, p)
	now := time.Now()
	p.Put(a, now.Add(-2*time.Minute))
	p.Put(b, now)
	p.Sweep(now)
	if idle, used := p.Counts(); idle != 1 || used != 0 {
		t.Errorf("%d idle, %d in use after the sweep", idle, used)
	}
	p.Reset()
	if idle, used := p.Counts(); idle != 0 || used != 0 {
		t.Errorf("%d idle, %d in use after the reset", idle, used)
	}
}

func TestExchangeProbesAnIdleConnection(t *testing.T) {
	for _, test := range []struct {
		name string
		peer func(net.Conn)
		want error
	}{
		{"closed", func(c net.Conn) { c.Close() }, ErrStale},
		{"reset", func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0); c.Close() }, ErrStale},
		{"dirty", func(c net.Conn) { _, _ = c.Write([]byte("x")) }, ErrDirty},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPool(t)
			c, peer := pair(t, p)
			test.peer(peer)
			waitReadable(t, c)
			if _, err := c.Exchange([]byte("GET"), make([]byte, 10), true, time.Second); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if !c.Unprocessed() {
				t.Error("something was sent")
			}
		})
	}
}

// waitReadable waits until the peer's doing has arrived.
func waitReadable(t *testing.T, c *ServerConn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_ = c.raw.Read(func(fd uintptr) bool {
		n, _, _ := recvPeek(fd)
		return n >= 0
	})
	_ = c.SetReadDeadline(time.Time{})
}

// A request that the server's kernel has refused can be told from one that it has taken.
func TestUnprocessed(t *testing.T) {
	p := newPool(t)
	c, peer := pair(t, p)
	go func() { // takes the first request, refuses the second
		b := make([]byte, 100)
		n, _ := peer.Read(b)
		_, _ = peer.Write(b[:n])
	}()
	if _, err := c.Exchange([]byte("first"), make([]byte, 10), false, time.Second); err != nil {
		t.Fatal(err)
	}
	if c.Unprocessed() {
		t.Error("an answered request counts as not processed")
	}
	peer.Close()
	waitReadable(t, c)
	if _, err := c.Exchange([]byte("second"), make([]byte, 10), false, time.Second); err == nil {
		t.Fatal("no error from a closed connection")
	}
	if !c.Unprocessed() {
		t.Error("a request that was refused counts as processed")
	}
}

// A server that has read a request and resets the connection at once has not acknowledged it.
func TestAResetAfterReading(t *testing.T) {
	c, peer := pair(t, newPool(t))
	go func() {
		b := make([]byte, 10)
		n, _ := peer.Read(b)
		_, _ = peer.Write(b[:n]) // from here on acknowledgements are delayed
		_, _ = peer.Read(b)
		_ = peer.(*net.TCPConn).SetLinger(0)
		peer.Close()
	}()
	if _, err := c.Exchange([]byte("first"), make([]byte, 10), false, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exchange([]byte("second"), make([]byte, 10), true, 5*time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("got %v", err)
	}
	if c.Unprocessed() {
		t.Error("a request that was read counts as not processed")
	}
}

func TestCancel(t *testing.T) {
	p := newPool(t)
	c, peer := pair(t, p)
	go func() {
		_, _ = peer.Read(make([]byte, 1))
		c.Cancel()
	}()
	if _, err := c.Exchange([]byte("x"), make([]byte, 10), false, time.Minute); !errors.Is(err, ErrCancelled) {
		t.Errorf("got %v", err)
	}
}

func TestExchangeTimesOut(t *testing.T) {
	p := newPool(t)
	c, _ := pair(t, p)
	start := time.Now()
	_, err := c.Exchange([]byte("x"), make([]byte, 10), false, 50*time.Millisecond)
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took < 50*time.Millisecond || took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func BenchmarkPool(b *testing.B) {
	p := &Pool{open: map[*ServerConn]struct{}{}}
	c := &ServerConn{}
	p.open[c] = struct{}{}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		p.Put(c, now)
		p.Get(true)
	}
}

func recvPeek(fd uintptr) (int, []byte, error) {
	b := make([]byte, 1)
	n, _, err := syscall.Recvfrom(int(fd), b, syscall.MSG_PEEK)
	if err != nil && !errors.Is(err, syscall.EAGAIN) {
		return 0, nil, err
	}
	return n, b, err
}

// A client that leaves when its answer is complete may still abandon the connection before it is
// given back. The next client must not suffer for it.
func TestAnAbandonedConnectionIsGivenBackWhole(t *testing.T) {
	p := newPool(t)
	c, peer := pair(t, p)
	c.Abandon()
	p.Put(c, time.Now())
	go func() {
		b := make([]byte, 10)
		n, _ := peer.Read(b)
		_, _ = peer.Write(b[:n])
	}()
	if n, err := p.Get(true).Exchange([]byte("x"), make([]byte, 10), true, 5*time.Second); n != 1 || err != nil {
		t.Errorf("got %d bytes, %v", n, err)
	}
}
