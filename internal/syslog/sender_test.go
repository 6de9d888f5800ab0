package syslog_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/logqueue"
	"relais/internal/syslog"
	"relais/internal/testkit"
)

// daemon is a syslog server on a datagram socket.
type daemon struct {
	t    *testing.T
	conn net.PacketConn
}

func listen(t *testing.T, network, address string) *daemon {
	t.Helper()
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &daemon{t, conn}
}

func (d *daemon) next() string {
	d.t.Helper()
	buf := make([]byte, 1<<16)
	_ = d.conn.SetReadDeadline(time.Now().Add(testkit.Patience))
	n, _, err := d.conn.ReadFrom(buf)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(buf[:n])
}

// addresses are one of each network.
func addresses(t *testing.T) map[string]string {
	t.Helper()
	free := listen(t, "udp", "127.0.0.1:0")
	defer free.conn.Close()
	return map[string]string{"udp": free.conn.LocalAddr().String(), "unixgram": filepath.Join(t.TempDir(), "log")}
}

func TestEachLineIsADatagram(t *testing.T) {
	for network, address := range addresses(t) {
		d, s := listen(t, network, address), syslog.NewSender(network, address)
		defer s.Close()
		lines := "first\nsecond\n" + strings.Repeat("x", 8192) + "\n"
		if n, err := s.Write([]byte(lines)); n != len(lines) || err != nil {
			t.Fatalf("%s: Write = %d, %v", network, n, err)
		}
		for line := range strings.Lines(lines) {
			if got := d.next(); got+"\n" != line {
				t.Errorf("%s: %.20q, want %.20q", network, got, line)
			}
		}
	}
}

func TestTooLongForADatagram(t *testing.T) {
	d := listen(t, "udp", "127.0.0.1:0")
	s := syslog.NewSender("udp", d.conn.LocalAddr().String())
	defer s.Close()
	lines := strings.Repeat("x", 70000) + "\nnext\n"
	if n, err := s.Write([]byte(lines)); n != len(lines) || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	if got := d.next(); got != "next" || s.Lost() != 1 {
		t.Errorf("%q arrives, %d are lost; want the line after the long one, and 1", got, s.Lost())
	}
}

// A server that is away costs those nothing who log: lines wait, those for which there is no room
// are dropped and counted, and when it is back it gets what has waited, in order.
func TestServerAway(t *testing.T) {
	for network, address := range addresses(t) {
		t.Run(network, func(t *testing.T) {
			s := syslog.NewSender(network, address)
			defer s.Close()
			q := logqueue.New(s, 1000, nil)
			const lines = 1000
			began := time.Now()
			for i := range lines {
				fmt.Fprintf(q, "line %d\n", i)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("logging took %v", took)
			}
			if q.Dropped() < lines/2 {
				t.Errorf("%d lines are dropped, want most of %d", q.Dropped(), lines)
			}
			d := listen(t, network, address)
			var at int
			if _, err := fmt.Sscanf(d.next(), "line %d", &at); err != nil || at > 10 {
				t.Errorf("the first to arrive is line %d, %v; want one of the first", at, err)
			}
			if network == "udp" && s.Lost() != uint64(at) {
				t.Errorf("%d lines are lost, and the first to arrive is line %d", s.Lost(), at)
			}
			rest := lines - int(q.Dropped()+s.Lost()) - 1
			for last := at; rest > 0; rest-- {
				if _, err := fmt.Sscanf(d.next(), "line %d", &at); err != nil || at <= last {
					t.Fatalf("line %d follows line %d", at, last)
				}
				last = at
			}
			ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
			defer cancel()
			if err := q.Close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

// A daemon that starts anew is found again, although its socket is another one.
func TestServerRestarts(t *testing.T) {
	address := filepath.Join(t.TempDir(), "log")
	s := syslog.NewSender("unixgram", address)
	defer s.Close()
	if _, err := s.Write([]byte("too early\n")); !errors.Is(err, syslog.ErrAway) {
		t.Errorf("Write = %v, want %v", err, syslog.ErrAway)
	}
	d := listen(t, "unixgram", address)
	s.Reopen()
	send := func(line string) {
		t.Helper()
		testkit.Eventually(t, line, func() bool { n, err := s.Write([]byte(line + "\n")); return n > 0 && err == nil })
	}
	send("before")
	d.next()
	d.conn.Close()
	if err := os.Remove(address); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Write([]byte("meanwhile\n")); n != 0 || !errors.Is(err, syslog.ErrAway) {
		t.Errorf("Write = %d, %v; want nothing done and %v", n, err, syslog.ErrAway)
	}
	again := listen(t, "unixgram", address)
	send("after")
	if got := again.next(); got != "after" {
		t.Errorf("%q", got)
	}
}

// A daemon that does not read holds nobody up either.
func TestServerStuck(t *testing.T) {
	address := filepath.Join(t.TempDir(), "log")
	listen(t, "unixgram", address)
	s := syslog.NewSender("unixgram", address)
	defer s.Close()
	q := logqueue.New(s, 1<<20, nil) // more than the socket holds
	testkit.Eventually(t, "dropped lines", func() bool {
		for range 100 {
			fmt.Fprintln(q, strings.Repeat("x", 1000))
		}
		return q.Dropped() > 0
	})
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	if err := q.Close(ctx); err == nil {
		t.Error("the queue closes as if all had been sent")
	}
}
