// Package operate knows what operators have changed at run time: who, when, why and until when.
// It keeps that in a state file, so that it holds over a reload, a restart and a kill -9. It
// applies nothing itself: its owner asks what holds, and makes the balancer follow.
package operate

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// ErrInvalid is a change that says something no order can say.
	ErrInvalid = errors.New("no such change")
	// ErrNotMade is a change that the disk refused, and that does not hold therefore.
	ErrNotMade = errors.New("the change is not made")
	// ErrSuspended is a change asked of a process that has handed over.
	ErrSuspended = errors.New("a successor has taken over: ask it for changes")
)

// Journal is what holds by order of operators. A change is on disk before the method that makes
// it returns; one that the disk refuses is not made. Reading never waits for the disk. A Journal
// owns no goroutine and no descriptor, so that it needs no closing. It is safe for concurrent use.
type Journal struct {
	current atomic.Pointer[state]
	history history
	wake    chan struct{} // holds a token when Run has something new to look at
	unkept  string        // why changes are not kept over a restart; empty: they are

	changing  sync.Mutex // one change after the other, disk included
	file      *file      // nil: nothing is kept
	suspended bool
}

// Give makes orders hold, all of them or none, in the place of those on the same keys. The
// journal sets their At and Until. An order whose Value is what the file says anyway has nothing
// to keep: it only takes back the one before it. So a command for many servers, some of which it
// returns to what the file says, is one batch.
func (j *Journal) Give(orders ...Order) error {
	for i := range orders {
		if err := orders[i].check(); err != nil {
			return fmt.Errorf("give order: %w", err)
		}
	}
	return j.change(func(next *state, now time.Time) (changes []Change, _ error) {
		for _, o := range orders {
			next.give(o, now)
			changes = append(changes, Change{By: o.By, What: o.String(), Reason: o.Reason})
		}
		return changes, nil
	})
}

// SetBack takes back the orders on targets, all of them or none, and returns them. A target
// without an order is as the file has it already.
func (j *Journal) SetBack(by string, targets ...Target) (gone []Order, err error) {
	if fault := byFault(by); fault != "" {
		return nil, fmt.Errorf("set back: %w: %s", ErrInvalid, fault)
	}
	err = j.change(func(next *state, _ time.Time) (changes []Change, _ error) {
		for _, t := range targets {
			if o, given := next.orders[t]; given {
				delete(next.orders, t)
				gone = append(gone, o)
				changes = append(changes, Change{By: by, What: t.String() + " set back"})
			}
		}
		return changes, nil
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

// AddServer keeps a server of a backend of the file, which its owner has found not to have one of
// that name. The journal sets its At.
func (j *Journal) AddServer(s Server) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("add server: %w", err)
	}
	return j.change(func(next *state, now time.Time) ([]Change, error) {
		if _, known := next.servers[s.Object()]; known {
			return nil, fmt.Errorf("add server: %w: %s was added already", ErrInvalid, s.Object())
		}
		s.At, s.Arguments = stamp(now), slices.Clone(s.Arguments)
		next.servers[s.Object()] = s
		return []Change{{By: s.By, What: s.String()}}, nil
	})
}

// DeleteServer forgets a server that AddServer keeps, and the orders on it.
func (j *Journal) DeleteServer(by, backend, name string) error {
	if fault := byFault(by); fault != "" {
		return fmt.Errorf("delete server: %w: %s", ErrInvalid, fault)
	}
	object := Object{Backend: backend, Server: name}
	return j.change(func(next *state, _ time.Time) ([]Change, error) {
		if _, known := next.servers[object]; !known {
			return nil, fmt.Errorf("delete server: %w: %s was not added at run time", ErrInvalid, object)
		}
		next.forget(object)
		return []Change{{By: by, What: object.String() + " deleted"}}, nil
	})
}

// Order returns the order that holds on a key, if one does.
func (j *Journal) Order(o Object, k Key) (Order, bool) {
	order, given := j.current.Load().orders[Target{o, k}]
	return order, given
}

// Orders returns every order that holds: those on the process, then on frontends, then on
// servers, by name.
func (j *Journal) Orders() []Order { return j.current.Load().sortedOrders() }

// Servers returns the servers added at run time, by name. Their Arguments are not to be changed.
func (j *Journal) Servers() []Server { return j.current.Load().sortedServers() }

// Revision returns a text that is another one after every change, and in every process.
func (j *Journal) Revision() string { return j.current.Load().name() }

// Warning says, for the answer to a change, why it will be forgotten at the end of the process;
// empty: it will not.
func (j *Journal) Warning() string { return j.unkept }

// Suspend has the journal write nothing any more, because a successor is about to open the state
// file: changes are refused, and no order ends. A change under way is on disk when it returns.
func (j *Journal) Suspend() {
	j.changing.Lock()
	defer j.changing.Unlock()
	j.suspended = true
}

// Resume takes over again from a successor that has not come up. What holds here is written over
// what the successor may have written. An error says that the disk refused it; changes are taken
// all the same.
func (j *Journal) Resume() error {
	defer j.awaken()
	j.changing.Lock()
	defer j.changing.Unlock()
	if !j.suspended {
		return nil
	}
	j.suspended = false
	return j.keep(j.current.Load())
}

// change makes what edit does to a copy of the state hold once it is on disk. An edit without
// changes is none.
func (j *Journal) change(edit func(next *state, now time.Time) ([]Change, error)) error {
	j.changing.Lock()
	defer j.changing.Unlock()
	if j.suspended {
		return ErrSuspended
	}
	now := time.Now()
	next := j.current.Load().next()
	changes, err := edit(next, now)
	if err != nil || len(changes) == 0 {
		return err
	}
	if err = j.keep(next); err != nil {
		j.history.add(stamp(now), err.Error(), changes)
		return fmt.Errorf("%w: %w", ErrNotMade, err)
	}
	j.publish(next)
	j.history.add(stamp(now), "done", changes)
	return nil
}

// impose makes hold what edit does even if the disk refuses it, which the error tells: what time
// or the configuration file end has ended, and does so again after a restart.
func (j *Journal) impose(edit func(next *state, now time.Time) []Change) error {
	j.changing.Lock()
	defer j.changing.Unlock()
	if j.suspended {
		return ErrSuspended
	}
	now := time.Now()
	next := j.current.Load().next()
	changes := edit(next, now)
	if len(changes) == 0 {
		return nil
	}
	result := "done"
	err := j.keep(next)
	if err != nil {
		result = "done, but: " + err.Error()
	}
	j.publish(next)
	j.history.add(stamp(now), result, changes)
	return err
}

// keep has s on disk, if the journal keeps anything. The caller holds changing.
func (j *Journal) keep(s *state) error {
	if j.file == nil {
		return nil
	}
	data, err := encode(s, time.Now())
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	return j.file.write(data)
}

func (j *Journal) publish(s *state) {
	j.current.Store(s)
	j.awaken()
}

func (j *Journal) awaken() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// stamp is the moment as it is kept: without a monotonic clock, and short to read.
func stamp(now time.Time) time.Time { return now.UTC().Truncate(time.Millisecond) }
