// Package logqueue keeps a slow, stuck or failing log output away from the code that logs: lines
// go into a bounded queue in memory, and one goroutine writes them out in large pieces.
package logqueue

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// DefaultLimit is the size of a queue, in bytes, that is made with no limit of its own.
const DefaultLimit = 1 << 20

const (
	linger     = 5 * time.Millisecond   // between two writes, so that a busy queue is not woken for each line
	retryAfter = 100 * time.Millisecond // between two attempts on an output that fails
)

// Note appends a line, with its newline, that says how many lines were dropped at this place.
type Note func(dst []byte, dropped uint64) []byte

// Queue is an io.Writer for whole lines that never waits for its output. Lines keep their order
// and are never torn: what an output has not taken, because the disk is full or the pipe is
// stuck, waits in the queue, and a line for which there is no room is dropped and counted.
// A Queue is safe for concurrent use.
type Queue struct {
	out   io.Writer
	limit int
	note  Note

	wake    chan struct{} // holds a token when lines has become non-empty
	closing chan struct{}
	done    chan struct{} // closed when the goroutine has ended
	pause   *time.Timer   // the goroutine's
	err     error         // of the last write, when it failed; to be read after done

	mu      sync.Mutex
	lines   []byte // not yet taken by the goroutine, at most limit bytes
	lost    uint64 // lines dropped since the goroutine took the last ones
	dropped uint64
	closed  bool
}

// New returns a queue that writes to out, which only the queue may use from now on. It holds at
// most limit bytes (0: DefaultLimit) beside those that are being written, which are as many at
// most. When lines had to be dropped, note puts a line about it in their place; nil: none.
// The queue owns one goroutine, ended by Close.
func New(out io.Writer, limit int, note Note) *Queue {
	if limit <= 0 {
		limit = DefaultLimit
	}
	q := &Queue{
		out:     out,
		limit:   limit,
		note:    note,
		wake:    make(chan struct{}, 1),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
		pause:   time.NewTimer(0),
	}
	go q.run()
	return q
}

// Write queues a copy of p, one or more whole lines, or drops and counts it as a whole. It always
// reports success: a logger can do nothing about a lost line.
func (q *Queue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.lines)+len(p) > q.limit {
		q.drop(countLines(p))
		return len(p), nil
	}
	if len(q.lines) == 0 {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	q.lines = append(q.lines, p...)
	return len(p), nil
}

// Dropped returns how many lines were dropped since the start.
func (q *Queue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// Close writes out what is queued and ends the goroutine; lines written after it are dropped. An
// output that fails gets one last attempt, and its error is returned. When ctx ends first, the
// goroutine stays behind with its stuck write, which nothing can interrupt.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.closing)
	}
	q.mu.Unlock()
	select {
	case <-q.done:
		return q.err
	case <-ctx.Done():
		return fmt.Errorf("flush log: %w", context.Cause(ctx))
	}
}

func (q *Queue) run() {
	defer close(q.done)
	var spare []byte
	for open := true; open; {
		open = q.awaitLines()
		batch := q.take(spare)
		if q.err = q.deliver(batch); q.err != nil {
			return
		}
		spare = batch[:0]
		q.sleep(linger)
	}
}

// awaitLines tells whether the queue is still open when there is something to do.
func (q *Queue) awaitLines() bool {
	select {
	case <-q.wake:
		return true
	case <-q.closing:
		return false
	}
}

// take returns the queued lines, and has further ones collected in spare.
func (q *Queue) take(spare []byte) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch := q.lines
	q.lines = spare
	if q.lost > 0 && q.note != nil {
		batch = q.note(batch, q.lost)
	}
	q.lost = 0
	return batch
}

// deliver writes the whole batch, from where it got stuck if need be, for as long as the queue is
// open. An error means that the queue was closed meanwhile, and that all it held is lost.
func (q *Queue) deliver(batch []byte) error {
	for len(batch) > 0 {
		last := q.isClosing()
		n, err := q.out.Write(batch)
		batch = batch[n:]
		if err == nil {
			continue
		}
		if last {
			q.discard(batch)
			return fmt.Errorf("write log: %w", err)
		}
		q.sleep(retryAfter)
	}
	return nil
}

func (q *Queue) isClosing() bool {
	select {
	case <-q.closing:
		return true
	default:
		return false
	}
}

// discard counts the lines of batch and those still queued as lost.
func (q *Queue) discard(batch []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop(countLines(batch) + countLines(q.lines))
	q.lines = nil
}

// drop counts n lines as lost. The caller holds the lock.
func (q *Queue) drop(n uint64) {
	q.lost += n
	q.dropped += n
}

// sleep waits for d, or less when the queue is being closed.
func (q *Queue) sleep(d time.Duration) {
	q.pause.Reset(d)
	select {
	case <-q.pause.C:
	case <-q.closing:
	}
}

func countLines(p []byte) uint64 { return uint64(bytes.Count(p, []byte{'\n'})) }
