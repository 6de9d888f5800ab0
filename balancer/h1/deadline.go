package h1

import (
	"errors"
	"os"
	"sync/atomic"
	"time"
)

// errCutShort says that somebody else ended the wait.
var errCutShort = errors.New("wait cut short")

// deadline is a deadline of a connection that is moved as seldom as possible, because moving it
// costs as much as reading a small request. It may fire early, never late: who sees it fire
// asks again whether the time has come. Its methods belong to the goroutine that waits, except
// cut.
type deadline struct {
	set   func(time.Time) error
	at    time.Time
	ended atomic.Bool
}

// arm makes the deadline fire at the latest at need.
func (d *deadline) arm(now, need time.Time) error {
	if !d.at.After(now) || d.at.After(need) {
		d.at = need
		if err := d.set(need); err != nil {
			return err
		}
	}
	if d.ended.Load() { // after set, so that a cut is never overwritten
		return errCutShort
	}
	return nil
}

// again tells whether err is the deadline firing before need, and arms it anew if so.
func (d *deadline) again(err error, need time.Time) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || d.ended.Load() {
		return false
	}
	now := time.Now()
	return now.Before(need) && d.arm(now, need) == nil
}

// cut ends the wait under way and every later one. It may be called by any goroutine.
func (d *deadline) cut() {
	d.ended.Store(true)
	_ = d.set(time.Unix(1, 0))
}
