package operate

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// notice is how long before its end an order is announced.
const notice = 5 * time.Minute

// Run ends orders when their time is up, until ctx ends. It calls soon five minutes before an
// order's end, unless the order was given for five minutes or less, and end when an order is
// gone, which it is from the journal already; an order given meanwhile on the same key is what
// the owner finds there. Each is called once in a process, so that an order restarted within its
// last five minutes is announced again, and at once. Both run on the goroutine of Run, one after
// the other, and may call the journal. Time is that of the monotonic clock: setting the wall
// clock moves no end. While the journal is suspended nothing ends: the successor sees to it.
//
// An end that the disk refuses is in the history, and comes again after a restart.
func (j *Journal) Run(ctx context.Context, soon, end func(Order)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	announced := map[Target]time.Time{} // the ends of orders that soon was called for
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.wake:
		case <-timer.C:
		}
		if j.isSuspended() {
			continue
		}
		for _, o := range j.expire() {
			end(o)
		}
		j.announce(announced, soon)
		if next, found := j.nextMoment(announced); found {
			timer.Reset(time.Until(next))
		}
	}
}

func (j *Journal) isSuspended() bool {
	j.changing.Lock()
	defer j.changing.Unlock()
	return j.suspended
}

// expire removes the orders whose end has come, and returns them as they ended.
func (j *Journal) expire() (ended []Order) {
	// The error is in the history; there is nobody to tell, and nothing to be undone.
	_ = j.impose(func(next *state, now time.Time) (changes []Change) {
		ended = next.removeEnded(now)
		for _, o := range ended {
			changes = append(changes, Change{By: "end of time", What: o.String() + " ended", Reason: o.Reason})
		}
		return changes
	})
	return ended
}

func (s *state) removeEnded(now time.Time) (ended []Order) {
	for t, o := range s.orders {
		if o.For > 0 && !o.Until.After(now) {
			delete(s.orders, t)
			ended = append(ended, o)
		}
	}
	slices.SortFunc(ended, func(a, b Order) int { return cmp.Or(a.Until.Compare(b.Until), compareOrders(a, b)) })
	return ended
}

// announce calls soon for the orders whose notice has come, and has announced hold these alone.
func (j *Journal) announce(announced map[Target]time.Time, soon func(Order)) {
	orders := j.current.Load()
	for t, until := range announced {
		if !orders.orders[t].Until.Equal(until) {
			delete(announced, t)
		}
	}
	now := time.Now()
	for _, o := range orders.sortedOrders() {
		if at, ok := o.noticeAt(); ok && !at.After(now) && announced[o.Target()].IsZero() {
			announced[o.Target()] = o.Until
			soon(o)
		}
	}
}

// noticeAt returns when the order is to be announced, if it is at all.
func (o *Order) noticeAt() (time.Time, bool) { return o.Until.Add(-notice), o.For > notice }

// nextMoment returns when the next order is to be announced or ended, if there is one.
func (j *Journal) nextMoment(announced map[Target]time.Time) (next time.Time, found bool) {
	for t, o := range j.current.Load().orders {
		if o.For == 0 {
			continue
		}
		moment := o.Until
		if at, ok := o.noticeAt(); ok && announced[t].IsZero() {
			moment = at
		}
		if !found || moment.Before(next) {
			next, found = moment, true
		}
	}
	return next, found
}
