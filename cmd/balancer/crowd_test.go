package main_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

const (
	crowdTick    = 10 * time.Millisecond
	crowdOpening = 150 // ticks until all connections have been opened
)

// conduct is how the connections of a crowd behave.
type conduct struct {
	hello   string        // is sent first
	receive int           // bytes of the receive buffer, 0: the system's
	every   time.Duration // between two acts of a connection
	act     func(fd int)

	// heard is told what has arrived, "" for the end of the stream, after which the connection is
	// opened anew. Nil: only act reads.
	heard func(age time.Duration, data string)
}

// crowd holds many connections in one goroutine: more than the race detector has room for when
// each has its own.
type crowd struct {
	conduct
	t      *testing.T
	addr   syscall.SockaddrInet4
	places []place
	epoll  int
	opened atomic.Int64

	leaving chan struct{}
	left    sync.WaitGroup
}

// place is one of the connections, or room for it.
type place struct {
	fd     int // -1: none
	opened time.Time
	said   bool // the hello is sent
}

// gather opens connections, evenly over 1.5 s. await waits until they are all open.
func gather(t *testing.T, addr string, size int, how conduct) *crowd {
	t.Helper()
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{conduct: how, t: t, places: make([]place, size), leaving: make(chan struct{})}
	c.addr = syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	for i := range c.places {
		c.places[i].fd = -1
	}
	if c.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	c.left.Go(c.stay)
	t.Cleanup(c.leave)
	return c
}

func (c *crowd) await() {
	c.t.Helper()
	what := fmt.Sprintf("%d connections have been open", len(c.places))
	testkit.Eventually(c.t, what, func() bool { return c.opened.Load() >= int64(len(c.places)) })
}

// leave closes all connections.
func (c *crowd) leave() {
	select {
	case <-c.leaving:
	default:
		close(c.leaving)
	}
	c.left.Wait()
}

func (c *crowd) stay() {
	tick := time.NewTicker(crowdTick)
	defer tick.Stop()
	defer syscall.Close(c.epoll)
	acts := 0.0 // of the connections in turn
	for open, turn := 0, 0; ; {
		select {
		case <-c.leaving:
			for i := range c.places {
				c.vacate(&c.places[i])
			}
			return
		case <-tick.C:
		}
		open = c.open(open)
		c.events()
		if c.every == 0 {
			continue
		}
		for acts += float64(len(c.places)) * float64(crowdTick) / float64(c.every); acts >= 1; acts-- {
			if p := &c.places[turn]; p.said {
				c.act(p.fd)
			}
			turn = (turn + 1) % len(c.places)
		}
	}
}

// open fills some places, from the given one on, and returns where it goes on.
func (c *crowd) open(next int) int {
	budget := len(c.places)/crowdOpening + 1
	for range c.places {
		if budget == 0 {
			break
		}
		if c.places[next].fd < 0 {
			c.connect(next)
			budget--
		}
		next = (next + 1) % len(c.places)
	}
	return next
}

func (c *crowd) connect(i int) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		c.t.Error(os.NewSyscallError("socket", err))
		return
	}
	if c.receive > 0 {
		_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, c.receive)
	}
	if err := syscall.Connect(fd, &c.addr); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		c.t.Error(os.NewSyscallError("connect", err))
	}
	c.places[i] = place{fd: fd, opened: time.Now()}
	_ = syscall.EpollCtl(c.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLOUT, Fd: int32(i)})
}

// events says hello where a connection has come about, and hears what has arrived.
func (c *crowd) events() {
	var events [1024]syscall.EpollEvent
	n, _ := syscall.EpollWait(c.epoll, events[:], 0)
	for _, e := range events[:max(n, 0)] {
		p := &c.places[e.Fd]
		if !p.said {
			c.greet(p, e.Fd)
			continue
		}
		c.hear(p)
	}
}

func (c *crowd) greet(p *place, i int32) {
	if _, err := syscall.Write(p.fd, []byte(c.hello)); err != nil {
		c.t.Error(os.NewSyscallError("write", err))
	}
	p.said = true
	c.opened.Add(1)
	if c.heard == nil {
		_ = syscall.EpollCtl(c.epoll, syscall.EPOLL_CTL_DEL, p.fd, nil)
		return
	}
	_ = syscall.EpollCtl(c.epoll, syscall.EPOLL_CTL_MOD, p.fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: i})
}

func (c *crowd) hear(p *place) {
	var buf [4096]byte
	n, err := syscall.Read(p.fd, buf[:])
	if errors.Is(err, syscall.EAGAIN) {
		return
	}
	c.heard(time.Since(p.opened), string(buf[:max(n, 0)]))
	if n <= 0 {
		c.vacate(p)
	}
}

func (c *crowd) vacate(p *place) {
	if p.fd < 0 {
		return
	}
	syscall.Close(p.fd)
	*p = place{fd: -1}
}
