package tunnel

import (
	"io"

	"golang.org/x/sys/unix"
)

const (
	manyReads  = 3        // full ones in a row make a thick flow
	thinSplice = 32 << 10 // a splice of less makes it thin again
)

// thick tells whether so much comes that it is worth a pipe.
func (f *flow) thick() bool { return f.full >= manyReads && !f.noPipes }

// splice moves what is there through a pipe, within the kernel. Without a pipe it moves nothing,
// and the flow is copied for a while.
func (f *flow) splice() (*side, error) {
	f.n = 0
	if err := f.from.raw.Read(f.fill); err != nil {
		return f.from, err
	}
	if f.err != nil {
		return f.from, f.err
	}
	if f.n < thinSplice {
		f.full = 0
	}
	if f.pipe == nil {
		return nil, nil
	}
	f.tunnel.moved()
	f.writing.Store(true)
	defer f.drained()
	if err := f.to.raw.Write(f.drain); err != nil {
		return f.to, err
	}
	return f.to, f.err
}

func (f *flow) drained() {
	f.writing.Store(false)
	f.tunnel.Supply.giveBack(f.pipe)
	f.pipe = nil
}

// tryFill takes a pipe only for what is there. EAGAIN is about the socket, for the pipe is empty.
func (f *flow) tryFill(fd uintptr) bool {
	p := f.tunnel.Supply.pipe()
	if p == nil {
		f.err = nil
		return true
	}
	f.n, f.err = move(int(fd), p.in, pipeSize)
	if f.n > 0 {
		p.holds, f.pipe = f.n, p
		return true
	}
	f.tunnel.Supply.giveBack(p)
	switch f.err {
	case nil:
		f.err = io.EOF
	case unix.EAGAIN:
		return false
	case unix.EINVAL:
		f.noPipes, f.err = true, nil
	}
	return true
}

// tryDrain empties the pipe.
func (f *flow) tryDrain(fd uintptr) bool {
	for f.pipe.holds > 0 {
		var n int
		if n, f.err = move(f.pipe.out, int(fd), f.pipe.holds); f.err != nil {
			return f.err != unix.EAGAIN
		}
		if n == 0 {
			f.err = io.ErrNoProgress
			return true
		}
		f.pipe.holds -= n
		f.passed(n)
	}
	return true
}

// move is splice(2) without waiting.
func move(from, to, limit int) (int, error) {
	return retry(func() (int, error) {
		n, err := unix.Splice(from, nil, to, nil, limit, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		return int(n), err
	})
}
