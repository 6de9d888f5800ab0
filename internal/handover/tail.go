package handover

import (
	"io"
	"strings"
	"sync"
)

// tailSize is how much of what a successor wrote to stderr can become part of an error.
const tailSize = 2 << 10

// tail passes on what is written to it, and remembers the end.
type tail struct {
	to io.Writer

	mu   sync.Mutex
	last []byte
}

// Write implements io.Writer. It returns no errors: the successor must not suffer from ours.
func (t *tail) Write(p []byte) (int, error) {
	_, _ = t.to.Write(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-tailSize):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.last))
}
