package discovery

import (
	"context"
	"sync"
	"time"
)

// follower asks for one name, from one goroutine, so that there are never two questions at once.
type follower struct {
	lookup func(context.Context, Name, known) finding
	report func(Name, Answer)
	wake   chan struct{} // has an element when the name's pace has changed
	cancel context.CancelFunc
	asked  chan struct{} // closed after the first question
	done   chan struct{} // closed when the goroutine has ended

	mu     sync.Mutex // guards what follows; held for moments only
	name   Name
	record record
}

func newFollower(n Name, goneAfter int, lookup func(context.Context, Name, known) finding, report func(Name, Answer)) *follower {
	return &follower{
		name:   n,
		lookup: lookup,
		report: report,
		record: record{goneAfter: goneAfter},
		wake:   make(chan struct{}, 1),
		asked:  make(chan struct{}),
		done:   make(chan struct{}),
	}
}

func (f *follower) start(ctx context.Context) {
	ctx, f.cancel = context.WithCancel(ctx)
	go f.run(ctx)
}

// adopt takes the pace of n, which is the same name.
func (f *follower) adopt(n Name) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.name == n {
		return
	}
	f.name = n
	select {
	case f.wake <- struct{}{}:
	default: // it is awake already
	}
}

func (f *follower) answer() Answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.record.answer
}

func (f *follower) run(ctx context.Context) {
	defer close(f.done)
	defer f.cancel()
	first := f.asked
	for f.ask(ctx) {
		if first != nil {
			close(first)
			first = nil
		}
		if !f.wait(ctx) {
			return
		}
	}
}

// ask asks once and tells what has changed; false: it was called off, and what it found says
// nothing.
func (f *follower) ask(ctx context.Context) bool {
	f.mu.Lock()
	name, known := f.name, f.record.known()
	f.mu.Unlock()
	found := f.lookup(ctx, name, known)
	if ctx.Err() != nil {
		return false
	}
	f.mu.Lock()
	changed := f.record.take(name, found, time.Now())
	answer := f.record.answer
	f.mu.Unlock()
	if changed {
		f.report(name, answer)
	}
	return true
}

// wait returns true when the next question is due, false when there is none. The pause begins
// after the answer, so that a slow name server is left in peace for as long as a quick one.
func (f *follower) wait(ctx context.Context) bool {
	begin := time.Now()
	timer := time.NewTimer(f.pause())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-f.wake:
			timer.Reset(time.Until(begin.Add(f.pause())))
		}
	}
}

func (f *follower) pause() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.record.pause(f.name)
}
