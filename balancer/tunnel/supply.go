package tunnel

import (
	"sync"

	"golang.org/x/sys/unix"
)

// A large pipe is what makes splicing worth while: with 64 KiB, 1 GiB over loopback takes 0.42 s of
// processor time instead of 0.46 s copied, with 256 KiB 0.36 s, with 1 MiB 0.23 s (BenchmarkBulk).
const (
	bufferSize = 64 << 10
	pipeSize   = 1 << 20 // bytes
	maxPipes   = 16      // each is two descriptors
)

// Supply holds what tunnels share: the buffers and pipes of those through which something moves
// right now. The zero value is ready. It is safe for concurrent use.
type Supply struct {
	buffers sync.Pool // *[]byte of bufferSize

	mu     sync.Mutex
	idle   []*pipe // empty
	open   int     // idle or in use
	closed bool
}

// pipe is what bytes are spliced through.
type pipe struct {
	out, in int // descriptors: what goes in comes out
	holds   int // bytes
}

// Close closes the pipes. Tunnels that still run go on without.
func (s *Supply) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, p := range s.idle {
		s.discard(p)
	}
	s.idle = nil
}

func (s *Supply) acquire() *[]byte {
	if b, ok := s.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, bufferSize)
	return &b
}

func (s *Supply) release(b *[]byte) { s.buffers.Put(b) }

// pipe returns an empty pipe; nil: there is none to be had.
func (s *Supply) pipe() *pipe {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		p := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return p
	}
	if s.closed || s.open == maxPipes {
		return nil
	}
	var fds [2]int
	if unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
		return nil
	}
	_, _ = unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, pipeSize) // a smaller one does too
	s.open++
	return &pipe{out: fds[0], in: fds[1]}
}

// giveBack takes a pipe back. One that still holds something is closed.
func (s *Supply) giveBack(p *pipe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.holds > 0 || s.closed {
		s.discard(p)
		return
	}
	s.idle = append(s.idle, p)
}

func (s *Supply) discard(p *pipe) {
	_ = unix.Close(p.out)
	_ = unix.Close(p.in)
	s.open--
}
