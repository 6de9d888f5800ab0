package healthcheck

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// recheckGap keeps checks that traffic has asked for from becoming traffic of their own.
const recheckGap = 250 * time.Millisecond

// reasons not to check a server.
type reasons uint8

// The reasons. They know nothing of each other.
const (
	paused     reasons = 1 << iota // an operator has disabled the check
	maintained                     // the server is in maintenance
	frozen                         // all checks are
)

// turns tells the goroutine of a check, or of the questions to an agent, when it is its turn.
// Others hurry it, or hold it: while there is a reason for that, no turn comes.
type turns struct {
	wake chan struct{} // holds a sign that what follows has changed

	mu      sync.Mutex // held for moments only
	held    reasons
	due     time.Time          // of the next turn
	wish    time.Time          // for an earlier one; zero: none
	began   time.Time          // of the last turn
	late    time.Duration      // by which that was after it was due
	calloff context.CancelFunc // of the turn that has begun; nil: it is over, or called off
}

// newTurns returns turns of which the first is due at now.
func newTurns(held reasons, now time.Time) *turns {
	return &turns{wake: make(chan struct{}, 1), held: held, due: now}
}

// next waits for the next turn. The context that it returns ends after timeout, and when the turn
// is called off; ok is false, and there is none, when ctx has ended.
func (t *turns) next(ctx context.Context, timeout time.Duration) (turn context.Context, ok bool) {
	timer := time.NewTimer(t.left())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, false
		case <-t.wake:
			timer.Reset(t.left())
		case <-timer.C:
			if turn, ok := t.begin(ctx, timeout); ok {
				return turn, true
			} // else lift wakes us
		}
	}
}

// over ends a turn. It returns false if the turn was called off: then it says nothing.
func (t *turns) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calloff == nil {
		return false
	}
	t.calloff()
	t.calloff = nil
	return true
}

// repeat sets the next turn, reckoned from the start of the last one, never from a timetable: what
// a long check or a suspended machine has missed is not made up for.
func (t *turns) repeat(inter time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.due = t.began.Add(jittered(inter))
}

// hurry asks for a turn at from, or as soon after it as may be. It never waits.
func (t *turns) hurry(from time.Time) {
	t.mu.Lock()
	if t.wish.IsZero() || from.Before(t.wish) {
		t.wish = from
	}
	t.mu.Unlock()
	t.signal()
}

// hold adds a reason for no turn to come, and calls off the one that has begun.
func (t *turns) hold(why reasons) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held |= why
	if t.calloff != nil {
		t.calloff()
		t.calloff = nil
	}
}

// lift takes a reason away. Without any the turns go on: at once, or as they would have come.
func (t *turns) lift(why reasons, atOnce bool) {
	t.mu.Lock()
	now := time.Now()
	if t.held&why != 0 && (atOnce || t.due.Before(now)) {
		t.due = now
	}
	t.held &^= why
	t.mu.Unlock()
	t.signal()
}

// status returns the reasons that hold, whether a turn has begun, and by how much the last one was
// late.
func (t *turns) status() (held reasons, running bool, late time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held, t.calloff != nil, t.late
}

// holding returns the reasons that hold.
func (t *turns) holding() reasons {
	held, _, _ := t.status()
	return held
}

func (t *turns) begin(ctx context.Context, timeout time.Duration) (context.Context, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held != 0 {
		return nil, false
	}
	t.began, t.wish = time.Now(), time.Time{}
	t.late = t.began.Sub(t.due)
	ctx, t.calloff = context.WithTimeout(ctx, timeout)
	return ctx, true
}

// left returns how long it is until the next turn.
func (t *turns) left() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.wish.IsZero() {
		early := t.wish
		if soonest := t.began.Add(recheckGap); early.Before(soonest) {
			early = soonest
		}
		if early.Before(t.due) {
			t.due = early
		}
	}
	return time.Until(t.due)
}

func (t *turns) signal() {
	select {
	case t.wake <- struct{}{}:
	default: // there is one already
	}
}

// jittered takes up to a tenth off inter, by chance, so that the checks of many servers that
// started together drift apart.
func jittered(inter time.Duration) time.Duration {
	return inter - rand.N(inter/10+1)
}
