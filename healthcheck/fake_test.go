package healthcheck

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a server as a probe sees it. It takes as long as it is told to answer and notes when
// it was asked.
type fake struct {
	mu      sync.Mutex
	takes   time.Duration
	result  Result
	asked   []time.Time
	atOnce  int
	maximum int
}

func (f *fake) probe(ctx context.Context) Result {
	f.mu.Lock()
	takes := f.takes
	f.asked = append(f.asked, time.Now())
	f.atOnce++
	f.maximum = max(f.maximum, f.atOnce)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.atOnce--
	}()
	select {
	case <-time.After(takes):
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.result
	case <-ctx.Done():
		return Result{Status: L7Timeout, Detail: "no answer"}
	}
}

func (f *fake) becomes(r Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.result = r
}

func (f *fake) checks() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func (f *fake) spec(server string) Spec {
	return Spec{
		Backend: "app", Server: server, Key: "GET /health", Probe: f.probe,
		Inter: 2 * time.Second, Timeout: 2 * time.Second, Rise: 2, Fall: 3, Initial: InitialAuto,
	}
}

// journal notes what a Set reports.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) options() Options {
	note := func(id ID, up bool, text string) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.lines = append(j.lines, fmt.Sprintf("%s %s %s", id, map[bool]string{true: "UP", false: "DOWN"}[up], text))
	}
	return Options{
		OnStart:      func(id ID, up bool) { note(id, up, "at start") },
		OnNoLB:       func(id ID) { note(id, true, "but NOLB at start") },
		OnTransition: func(t Transition) { note(t.ID, t.Up, "after "+t.Reason) },
	}
}

// take returns the lines since the last call.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

func (j *journal) expect(t *testing.T, when string, want ...string) {
	t.Helper()
	if got := j.take(); !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", when, got, want)
	}
}

// inBubble runs f on a virtual clock with a set that is stopped at the end. A goroutine that
// outlives Stop fails the test.
func inBubble(t *testing.T, f func(t *testing.T, s *Set, j *journal)) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		s := NewSet(j.options())
		defer s.Stop()
		f(t, s, &j)
	})
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func status(t *testing.T, s *Set, server string) Status {
	t.Helper()
	st, ok := s.Status("app", server)
	if !ok {
		t.Fatalf("app/%s is not checked", server)
	}
	return st
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
