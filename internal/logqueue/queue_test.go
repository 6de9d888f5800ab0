package logqueue

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func note(dst []byte, dropped uint64) []byte {
	return fmt.Appendf(dst, "dropped %d\n", dropped)
}

func TestEveryLineIsWrittenInOrder(t *testing.T) {
	var out bytes.Buffer
	var want strings.Builder
	q := New(&out, 0, note)
	for i := range 1000 {
		line := fmt.Sprintf("line %d\n", i)
		want.WriteString(line)
		write(t, q, line)
	}
	if err := q.Close(t.Context()); err != nil {
		t.Fatalf("close: %v", err)
	}
	if out.String() != want.String() {
		t.Errorf("got %d bytes, want %d: %.100q ...", out.Len(), want.Len(), out.String())
	}
	if n := q.Dropped(); n != 0 {
		t.Errorf("dropped %d lines, want none", n)
	}
}

// A reader of standard output that stops reading for half a minute must not cost a request a
// microsecond: in the bubble of synctest time only moves when everybody waits.
func TestStuckPipeHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seconds, perSecond, limit = 30, 100, 4096
		reader, writer := io.Pipe()
		q := New(writer, limit, note)

		for second := range seconds {
			start := time.Now()
			for i := range perSecond {
				write(t, q, fmt.Sprintf("line %d\n", second*perSecond+i))
			}
			if waited := time.Since(start); waited != 0 {
				t.Fatalf("second %d: writing took %v, want no waiting", second, waited)
			}
			time.Sleep(time.Second)
		}
		dropped := q.Dropped()
		if dropped == 0 {
			t.Fatalf("no line dropped, want a queue of %d bytes to overflow", limit)
		}

		got := collect(reader)
		time.Sleep(time.Second)
		write(t, q, "line 3000\n")
		if err := q.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
		writer.Close()
		checkSequence(t, <-got, seconds*perSecond+1, dropped)
		if q.Dropped() != dropped {
			t.Errorf("dropped %d lines after the reader was back", q.Dropped()-dropped)
		}
	})
}

func TestCloseIsBoundedWhenTheOutputIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		q := New(writer, 0, note)
		write(t, q, "line 0\n")
		synctest.Wait()

		start := time.Now()
		err := q.Close(deadline(t, 2*time.Second))
		if waited := time.Since(start); err == nil || waited != 2*time.Second {
			t.Errorf("close returned %v after %v, want an error after 2s", err, waited)
		}
		write(t, q, "late\n")
		if n := q.Dropped(); n != 1 {
			t.Errorf("dropped %d lines, want the one written after Close", n)
		}
		reader.Close()
	})
}

// Output that takes only a part of each piece, as a disk does that becomes full and is emptied
// again, gets every line whole and once.
func TestFailedWriteIsContinuedWhereItStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &meanWriter{take: 7}
		q := New(out, 0, note)
		var want strings.Builder
		for i := range 200 {
			line := fmt.Sprintf("line %d\n", i)
			want.WriteString(line)
			write(t, q, line)
		}
		time.Sleep(time.Minute)
		if err := q.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
		if out.got.String() != want.String() {
			t.Errorf("got %q, want %q", out.got.String(), want.String())
		}
	})
}

func TestBrokenOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &meanWriter{}
		q := New(out, 100, note)
		for range 50 {
			write(t, q, "ten bytes\n")
			time.Sleep(time.Second)
		}
		if err := q.Close(t.Context()); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("close returned %v, want the output's error", err)
		}
		if most := 11 * 50; out.calls > most {
			t.Errorf("%d attempts in 50s, want at most %d", out.calls, most)
		}
		if n := q.Dropped(); n != 50 {
			t.Errorf("dropped %d lines, want all 50", n)
		}
	})
}

func TestBusyQueueWritesLargePieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &meanWriter{take: 1 << 20}
		q := New(out, 0, note)
		for range 1000 { // one second
			write(t, q, "a line\n")
			time.Sleep(time.Millisecond)
		}
		if err := q.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
		if out.calls > 201 {
			t.Errorf("%d writes for 1000 lines in a second, want one in 5ms at most", out.calls)
		}
	})
}

func TestManyWriters(t *testing.T) {
	const writers, lines = 16, 2000
	reader, writer := io.Pipe()
	got := collect(reader)
	q := New(writer, 1<<14, note)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range lines {
				write(t, q, fmt.Sprintf("writer %d line %d end\n", w, i))
			}
		})
	}
	all.Wait()
	if err := q.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	writer.Close()

	var count, noted uint64
	next := make([]int, writers)
	for _, line := range <-got {
		var w, i int
		var n uint64
		if _, err := fmt.Sscanf(line, "dropped %d", &n); err == nil {
			noted += n
			continue
		}
		if _, err := fmt.Sscanf(line, "writer %d line %d end", &w, &i); err != nil || i < next[w] {
			t.Fatalf("torn or unordered line %q", line)
		}
		next[w] = i + 1
		count++
	}
	if count+q.Dropped() != writers*lines || noted != q.Dropped() {
		t.Errorf("%d written + %d dropped (%d noted), want %d lines", count, q.Dropped(), noted, writers*lines)
	}
}

func TestWriteAllocatesNothing(t *testing.T) {
	q := New(io.Discard, 0, note)
	defer q.Close(t.Context())
	line := []byte(strings.Repeat("x", 399) + "\n")
	for range 10_000 { // until both buffers have grown
		q.Write(line)
	}
	if n := testing.AllocsPerRun(10_000, func() { q.Write(line) }); n != 0 {
		t.Errorf("%v allocations per line, want 0", n)
	}
}

// BenchmarkWrite empties the queue as it goes, so that what is measured is taking a line, not
// dropping it.
func BenchmarkWrite(b *testing.B) {
	q := New(io.Discard, 0, note)
	defer q.Close(b.Context())
	line := []byte(strings.Repeat("x", 399) + "\n")
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			if n%1000 == 0 {
				q.mu.Lock()
				q.lines = q.lines[:0]
				q.mu.Unlock()
			}
			q.Write(line)
		}
	})
	b.ReportMetric(float64(q.Dropped())/float64(b.N), "dropped/op")
}

// meanWriter takes so many bytes of each piece and then says that the disk is full.
type meanWriter struct {
	take  int
	calls int
	got   bytes.Buffer
}

func (w *meanWriter) Write(p []byte) (int, error) {
	w.calls++
	if len(p) <= w.take {
		return w.got.Write(p)
	}
	n, _ := w.got.Write(p[:w.take])
	return n, syscall.ENOSPC
}

func write(t *testing.T, q *Queue, line string) {
	t.Helper()
	if n, err := q.Write([]byte(line)); n != len(line) || err != nil {
		t.Errorf("Write(%q) = %d, %v; want success always", line, n, err)
	}
}

// collect reads lines until the end of r.
func collect(r io.Reader) <-chan []string {
	got := make(chan []string, 1)
	go func() {
		var lines []string
		for s := bufio.NewScanner(r); s.Scan(); {
			lines = append(lines, s.Text())
		}
		got <- lines
	}()
	return got
}

// checkSequence wants lines to be "line 0" to "line total-1", with each gap filled by a note of
// exactly its size, dropped lines in all.
func checkSequence(t *testing.T, lines []string, total int, dropped uint64) {
	t.Helper()
	var next, gap, noted uint64
	for _, line := range lines {
		var n uint64
		if _, err := fmt.Sscanf(line, "dropped %d", &n); err == nil {
			gap += n
			noted += n
			continue
		}
		if want := fmt.Sprintf("line %d", next+gap); line != want {
			t.Fatalf("got %q, want %q", line, want)
		}
		next, gap = next+gap+1, 0
	}
	if next+gap != uint64(total) || noted != dropped {
		t.Errorf("%d lines accounted for, %d noted as dropped; want %d and %d", next+gap, noted, total, dropped)
	}
}
