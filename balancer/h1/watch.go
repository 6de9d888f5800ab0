package h1

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Watcher notices that servers and clients hang up, at no cost per request: an epoll instance of
// its own has every connection registered once for the end of the peer's stream, edge-triggered
// and nothing else.
type Watcher struct {
	file *os.File
	fd   int
	done chan struct{}

	mu    sync.Mutex
	next  uint32
	conns map[uint32]watched
}

// NewWatcher starts a watcher, which runs until Close.
func NewWatcher() (*Watcher, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll instance: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("create epoll instance: %w", err)
	}
	w := &Watcher{
		file: os.NewFile(uintptr(fd), "epoll"), // nonblocking: the runtime's poller waits for it
		fd:   fd, done: make(chan struct{}), conns: map[uint32]watched{},
	}
	raw, err := w.file.SyscallConn()
	if err != nil {
		_ = w.file.Close()
		return nil, fmt.Errorf("watch epoll instance: %w", err)
	}
	go w.run(raw)
	return w, nil
}

// Close stops the watcher and waits for it.
func (w *Watcher) Close() {
	_ = w.file.Close()
	<-w.done
}

func (w *Watcher) run(raw syscall.RawConn) {
	defer close(w.done)
	events := make([]unix.EpollEvent, 64)
	for {
		n := 0
		err := raw.Read(func(fd uintptr) bool {
			n, _ = unix.EpollWait(int(fd), events, 0)
			return n > 0
		})
		if err != nil {
			return
		}
		for i := range events[:n] {
			w.report(uint32(events[i].Fd))
		}
	}
}

func (w *Watcher) report(id uint32) {
	w.mu.Lock()
	c := w.conns[id]
	w.mu.Unlock()
	if c != nil {
		c.hungUp()
	}
}

// watched is a connection of which the peer may hang up.
type watched interface{ hungUp() }

// add registers a connection and returns the number under which remove forgets it. A failure
// costs the early notice only: the next read or write still sees that the peer has hung up.
func (w *Watcher) add(c watched, fd int) (id uint32) {
	w.mu.Lock()
	w.next++
	id = w.next
	w.conns[id] = c
	w.mu.Unlock()
	event := unix.EpollEvent{Events: unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(id)}
	_ = unix.EpollCtl(w.fd, unix.EPOLL_CTL_ADD, fd, &event)
	return id
}

// remove forgets a connection that is about to be closed, which takes it out of the epoll
// instance.
func (w *Watcher) remove(id uint32) {
	w.mu.Lock()
	delete(w.conns, id)
	w.mu.Unlock()
}
