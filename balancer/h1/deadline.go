package h1

import (
	"errors"
	"os"
	"sync/atomic"
	"time"
)

// ErrAbandoned says that the wait was ended on purpose: the client has left, or what it still
// sends is of no use any more.
var ErrAbandoned = errors.New("wait was abandoned")

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
		return ErrAbandoned
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

// renew undoes a cut that nobody was waiting under. Nobody may cut at the same time.
func (d *deadline) renew() {
	if d.ended.Load() {
		d.ended.Store(false)
		d.at = time.Time{}
	}
}

// cause is why a wait that ended with err ended.
func (d *deadline) cause(err error) error {
	if err != nil && d.ended.Load() {
		return ErrAbandoned
	}
	return err
}

// cut ends the wait under way and every later one. It may be called by any goroutine.
func (d *deadline) cut() {
	d.ended.Store(true)
	_ = d.set(time.Unix(1, 0))
}
