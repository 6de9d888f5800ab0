package logqueue

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A disk that really becomes full, and has room again: nothing waits, the log goes on by itself,
// no line is torn, and the loss is told.
func TestFullDisk(t *testing.T) {
	disk := mountDisk(t, "size=64k")
	log, err := disk.OpenFile("access.log", os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	q := New(log, 4096, note)

	write(t, q, "line 0\n")
	waitFor(t, "first line", func() bool { return len(content(t, log)) > 0 })
	ballast(t, disk)
	const total = 2000
	for i := 1; i < total; i++ {
		write(t, q, fmt.Sprintf("line %d\n", i))
	}
	dropped := q.Dropped()
	if dropped == 0 {
		t.Fatal("no line dropped on a full disk")
	}
	waitFor(t, "page filled to the last byte", func() bool { return len(content(t, log)) == 4096 })

	if err := disk.Remove("ballast"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "note of the whole loss", func() bool { return noted(content(t, log)) == dropped })
	write(t, q, "last\n")
	if err := q.Close(deadline(t, 5*time.Second)); err != nil {
		t.Fatalf("close: %v", err)
	}

	lines := strings.Split(strings.TrimSuffix(string(content(t, log)), "\n"), "\n")
	if last := lines[len(lines)-1]; last != "last" {
		t.Fatalf("the log ends with %q, want the line written after the disk had room", last)
	}
	checkSequence(t, lines[:len(lines)-1], total, dropped)
}

// mountDisk returns a small file system of its own. It is detached at once, so that it goes with
// its last file however the test ends.
func mountDisk(t *testing.T, options string) *os.Root {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount tmpfs: %v", err)
		}
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	disk, err := os.OpenRoot(dir)
	if detach := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil || detach != nil {
		t.Fatalf("open the mounted tmpfs: %v, detach it: %v", err, detach)
	}
	t.Cleanup(func() { disk.Close() })
	return disk
}

// ballast takes every free page of the disk; the log has only what is left of its own.
func ballast(t *testing.T, disk *os.Root) {
	t.Helper()
	f, err := disk.Create("ballast")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
}

// noted adds up what the notes in a log say.
func noted(log []byte) (sum uint64) {
	for line := range strings.Lines(string(log)) {
		var n uint64
		if _, err := fmt.Sscanf(line, "dropped %d\n", &n); err == nil {
			sum += n
		}
	}
	return sum
}

func content(t *testing.T, f *os.File) []byte {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, info.Size())
	if _, err := f.ReadAt(data, 0); err != nil && len(data) > 0 {
		t.Fatal(err)
	}
	return data
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s after 5s", what)
		}
	}
}

func deadline(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
