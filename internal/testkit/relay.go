package testkit

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// Relay starts a TCP relay to target that makes everything, the end of a stream included, arrive
// later by delay each way. It returns its address.
func Relay(t testing.TB, target string, delay time.Duration) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go relay(client.(*net.TCPConn), target, delay)
		}
	}()
	return ln.Addr().String()
}

func relay(client *net.TCPConn, target string, delay time.Duration) {
	defer client.Close()
	conn, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	server := conn.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{}, 2)
	go func() { delayed(server, client, delay); done <- struct{}{} }()
	go func() { delayed(client, server, delay); done <- struct{}{} }()
	<-done
	<-done
}

// piece is what arrived at a moment.
type piece struct {
	at   time.Time
	data []byte
}

// delayed copies from one connection to the other, each piece after delay.
func delayed(to, from *net.TCPConn, delay time.Duration) {
	pieces := make(chan piece, 1024)
	go func() {
		defer close(pieces)
		for {
			buf := make([]byte, 16<<10)
			n, err := from.Read(buf)
			if n > 0 {
				pieces <- piece{time.Now(), buf[:n]}
			}
			if err != nil {
				pieces <- piece{time.Now(), nil}
				if errors.Is(err, syscall.ECONNRESET) {
					_ = to.SetLinger(0) // the close that follows is a reset too
				}
				return
			}
		}
	}()
	for p := range pieces {
		time.Sleep(time.Until(p.at.Add(delay)))
		if p.data == nil {
			_ = to.CloseWrite()
			continue
		}
		if _, err := to.Write(p.data); err != nil {
			_, _ = io.Copy(io.Discard, from)
		}
	}
}
