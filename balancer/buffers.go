package balancer

import "sync"

// Bodies pass through buffers of two sizes: small ones for the beginning, so that thousands of
// clients that do not read hold little, and large ones for those that have taken beginning bytes.
const (
	smallRelay = 16 << 10
	largeRelay = 64 << 10
	beginning  = 256 << 10
)

// buffers hands out buffers of one size, which is never zero.
type buffers struct {
	size int
	pool sync.Pool // *[]byte
}

func (b *buffers) acquire() *[]byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, b.size)
	return &buf
}

func (b *buffers) release(buf *[]byte) { b.pool.Put(buf) }
