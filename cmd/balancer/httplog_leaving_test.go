package main_test

import (
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// leavingCases are those whose client does not stay to the end, or has to wait.
func leavingCases(t *testing.T, closing string) []*logCase {
	waiting, uploading, inTime, late, leaving := newGate(), newGate(), newGate(), newGate(), newGate()
	full := logServer{addr: unanswering(t)}
	post := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\nab"
	endless := does(func(c *testkit.Conn) {
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
		for range 100 {
			c.Send(strings.Repeat("x", 1000000))
		}
	})
	return []*logCase{
		{name: "client leaves while it waits", servers: []logServer{waiting.silent()}, visit: waiting.leaves(asks), theirs: " 400 B ", ours: " 400 0 "},
		{name: "client leaves in its body", servers: []logServer{uploading.silent()}, visit: uploading.leaves(post)},
		{name: "client leaves while connecting", haproxy: "backend\n timeout connect 3s\n", backend: "timeout: {connect: 3s}", servers: []logServer{full}, visit: func(v *logVisit) {
			c := v.dial()
			c.Send(asks)
			c.Close()
		}},
		{name: "connection not accepted", haproxy: "backend\n timeout connect 200ms\n", backend: "timeout: {connect: 200ms}", servers: []logServer{full}, visit: says(closing)},
		{name: "client leaves in the answer", servers: []logServer{endless}, visit: func(v *logVisit) {
			c := v.dial()
			c.Send(asks)
			c.Head()
			c.Body(1000)
			c.Reset()
			c.Close()
		}},
		{name: "client does not read", haproxy: " timeout client 300ms\n", frontend: "timeout: {client: 300ms}", servers: []logServer{endless}, visit: func(v *logVisit) {
			c := v.dial()
			c.Send(asks)
			v.written() // the client reads nothing all this time
		}},
		{name: "queue, and a server in time", lines: 2, busy: true, servers: []logServer{inTime.held()}, visit: func(v *logVisit) {
			first := v.dial()
			first.Send(asks)
			inTime.await(v.t)
			second := v.dial()
			second.Send(asks)
			v.waitQueued()
			inTime.release <- struct{}{}
			first.Head()
			first.Body(5)
			v.written()
			inTime.await(v.t)
			inTime.release <- struct{}{}
			second.Head()
			second.Body(5)
			second.Close()
		}},
		{name: "queue, and no server in time", lines: 2, busy: true, haproxy: "backend\n timeout queue 200ms\n", backend: "timeout: {queue: 200ms}", servers: []logServer{late.held()}, visit: func(v *logVisit) {
			first := v.dial()
			first.Send(asks)
			late.await(v.t)
			second := v.dial()
			second.Send(asks)
			second.Head()
			v.written()
			late.release <- struct{}{}
			first.Head()
			first.Body(5)
		}},
		{name: "client leaves the queue", lines: 2, busy: true, servers: []logServer{leaving.held()}, visit: func(v *logVisit) {
			first := v.dial()
			first.Send(asks)
			leaving.await(v.t)
			second := v.dial()
			second.Send(asks)
			v.waitQueued()
			second.Close()
			v.written()
			leaving.release <- struct{}{}
			first.Head()
			first.Body(5)
		}},
	}
}

// gate is where a server tells that it has got a request, and waits until it may answer.
type gate struct{ asked, release chan struct{} }

func newGate() *gate { return &gate{make(chan struct{}, 2), make(chan struct{}, 2)} }

// held is a server that takes one request at a time, and answers when it may.
func (g *gate) held() logServer {
	s := logServer{haproxy: "maxconn 1", relais: "maxconn: 1"}
	s.script = func(c *testkit.Conn) {
		for c.Head() != "" {
			g.asked <- struct{}{}
			<-g.release
			c.Answer(200, "hello")
		}
	}
	return s
}

// silent is a server that does not answer.
func (g *gate) silent() logServer {
	return does(func(c *testkit.Conn) {
		g.asked <- struct{}{}
		_, _ = c.Rest()
	})
}

// leaves is a client that leaves when a server has its request.
func (g *gate) leaves(text string) func(*logVisit) {
	return func(v *logVisit) {
		c := v.dial()
		c.Send(text)
		g.await(v.t)
		c.Close()
	}
}

// await waits for a server to have a request.
func (g *gate) await(t *testing.T) {
	t.Helper()
	select {
	case <-g.asked:
	case <-time.After(testkit.Patience):
		t.Fatal("no server has got the request")
	}
}

// unanswering returns an address that takes no connections: its backlog is full.
func unanswering(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*syscall.SockaddrInet4).Port)).String()
	testkit.Dial(t, addr) // the only place
	return addr
}
