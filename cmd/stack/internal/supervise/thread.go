package supervise

import (
	"runtime"
	"syscall"
)

// Thread is one OS thread. The kernel kills a child when the thread that started it ends, not
// the process, and Go's threads come and go: children are started from a thread that stays.
type Thread struct {
	calls chan func()
}

// NewThread returns a thread of its own, ended by Close.
func NewThread() *Thread {
	t := &Thread{calls: make(chan func())}
	started := make(chan struct{})
	go t.run(started)
	<-started
	return t
}

// Do calls f on the thread and waits for it. Calls from several goroutines take turns.
func (t *Thread) Do(f func()) {
	done := make(chan struct{})
	t.calls <- func() {
		defer close(done)
		f()
	}
	<-done
}

// Close ends the thread, and with it every child that it started and that still runs.
func (t *Thread) Close() { close(t.calls) }

func (t *Thread) run(started chan<- struct{}) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
	if syscall.Gettid() == syscall.Getpid() {
		t.runElsewhere()
		close(started)
		return
	}
	close(started)
	for call := range t.calls {
		call()
	}
}

// runElsewhere keeps the process's first thread, the only one that does not end with its
// goroutine, until another one has been found.
func (t *Thread) runElsewhere() {
	defer runtime.UnlockOSThread()
	started := make(chan struct{})
	go t.run(started)
	<-started
}
