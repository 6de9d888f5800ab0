package discovery

import (
	"io"
	"os"
	"sync"
)

// largestFile is what is read of a file; one that names ten thousand hosts is smaller.
const largestFile = 1 << 20

// file is a file of the system that is read again when it has changed. While it cannot be read,
// because it is being replaced or descriptors are short, what it said before counts.
type file[T any] struct {
	path  string
	parse func(text string) T

	mu    sync.Mutex
	stamp os.FileInfo // of the text that value was made of; nil: there was none
	value T
}

func newFile[T any](path string, parse func(string) T) *file[T] {
	return &file[T]{path: path, parse: parse, value: parse("")}
}

// read returns what the file says now.
func (f *file[T]) read() T {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := os.Stat(f.path)
	if err == nil && !f.isAsOf(now) {
		f.load()
	}
	return f.value
}

func (f *file[T]) isAsOf(now os.FileInfo) bool {
	return f.stamp != nil && os.SameFile(f.stamp, now) && f.stamp.Size() == now.Size() && f.stamp.ModTime().Equal(now.ModTime())
}

// load takes the stamp before the text, so that what is written meanwhile is read the next time.
func (f *file[T]) load() {
	opened, err := os.Open(f.path)
	if err != nil {
		return
	}
	defer opened.Close()
	stamp, err := opened.Stat()
	if err != nil {
		return
	}
	text, err := io.ReadAll(io.LimitReader(opened, largestFile))
	if err != nil {
		return
	}
	f.stamp, f.value = stamp, f.parse(string(text))
}
