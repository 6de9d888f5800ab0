package tunnel

import (
	"errors"
	"io"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// flow is one direction of a tunnel. It belongs to one goroutine, but for its flags.
type flow struct {
	tunnel   *Tunnel
	from, to *side
	count    func(n int)

	writing atomic.Bool // bytes wait for to
	over    atomic.Bool // from has ended its stream, and to has been told

	// Called by the runtime's poller; bound once, for they escape.
	pull, push, fill, drain func(fd uintptr) bool

	own    []byte  // for reads of a side without a descriptor
	buf    *[]byte // of the supply, while there is something in it
	n      int     // bytes of the last read
	unsent []byte
	err    error // of the last call

	full    int   // reads in a row that filled the buffer
	pipe    *pipe // while there is something in it
	noPipes bool  // the kernel does not splice these sockets
}

func (f *flow) init(t *Tunnel, from, to *side, count func(int)) {
	f.tunnel, f.from, f.to, f.count = t, from, to, count
	f.pull, f.push = f.tryRead, f.tryWrite
	f.noPipes = from.raw == nil || to.raw == nil
	if !f.noPipes {
		f.fill, f.drain = f.tryFill, f.tryDrain
	}
}

// run carries everything that from sends to to, and then the end of it. It returns the side that
// failed, and its error.
func (f *flow) run(arrived []byte) (*side, error) {
	defer f.release() // a write has failed
	if err := f.write(arrived); err != nil {
		return f.to, err
	}
	for {
		move := f.copy
		if f.thick() {
			move = f.splice
		}
		failed, err := move()
		if errors.Is(err, io.EOF) && failed == f.from {
			break
		}
		if err != nil {
			return failed, err
		}
	}
	_ = f.to.conn.CloseWrite() // if that fails, to is gone, and the other direction sees it
	f.over.Store(true)
	return nil, nil
}

// copy reads once and writes what it has read.
func (f *flow) copy() (*side, error) {
	p, err := f.read()
	if err != nil {
		return f.from, err
	}
	if len(p) == bufferSize {
		f.full++
	} else {
		f.full = 0
	}
	if err := f.write(p); err != nil {
		return f.to, err
	}
	f.release()
	return nil, nil
}

// read waits for bytes. They are valid until release.
func (f *flow) read() (p []byte, err error) {
	if f.from.raw == nil {
		return f.readConn()
	}
	if err := f.from.raw.Read(f.pull); err != nil {
		return nil, err
	}
	if f.err != nil {
		return nil, f.err
	}
	f.tunnel.moved()
	return (*f.buf)[:f.n], nil
}

// tryRead takes a buffer only for what is there.
func (f *flow) tryRead(fd uintptr) bool {
	buf := f.tunnel.Supply.acquire()
	f.n, f.err = retry(func() (int, error) { return unix.Read(int(fd), *buf) })
	if f.n > 0 {
		f.buf = buf
		return true
	}
	f.tunnel.Supply.release(buf)
	if f.err == nil {
		f.err = io.EOF
	}
	return f.err != unix.EAGAIN
}

// ownSize is the size of the buffer that a direction keeps of which nobody can tell, before
// reading, whether there is something to read.
const ownSize = 4 << 10

// readConn reads what has no descriptor, such as TLS. After as much as the small buffer takes,
// the next read has a large one.
func (f *flow) readConn() ([]byte, error) {
	if f.own == nil {
		f.own = make([]byte, ownSize)
	}
	p := f.own
	if f.n >= ownSize {
		f.buf = f.tunnel.Supply.acquire()
		p = *f.buf
	}
	n, err := f.from.conn.Read(p)
	f.n = n
	if n == 0 {
		return nil, err
	}
	f.tunnel.moved()
	return p[:n], nil
}

func (f *flow) release() {
	if f.buf != nil {
		f.tunnel.Supply.release(f.buf)
		f.buf = nil
	}
}

// write writes all of p, however long that takes.
func (f *flow) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	f.writing.Store(true)
	defer f.written()
	if f.to.raw == nil {
		n, err := f.to.conn.Write(p)
		f.passed(n)
		return err
	}
	f.unsent = p
	if err := f.to.raw.Write(f.push); err != nil {
		return err
	}
	return f.err
}

func (f *flow) written() {
	f.writing.Store(false)
	f.unsent = nil // an empty slice would keep the buffer
}

func (f *flow) tryWrite(fd uintptr) bool {
	for len(f.unsent) > 0 {
		var n int
		if n, f.err = retry(func() (int, error) { return unix.Write(int(fd), f.unsent) }); f.err != nil {
			return f.err != unix.EAGAIN
		}
		f.unsent = f.unsent[n:]
		f.passed(n)
	}
	return true
}

// passed takes note that to has taken n bytes.
func (f *flow) passed(n int) {
	if n <= 0 {
		return
	}
	f.tunnel.moved()
	if f.count != nil {
		f.count(n)
	}
}

// retry calls again what a signal has interrupted. It returns no negative number.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}
