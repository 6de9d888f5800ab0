package operate

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"
)

// state is what holds at one moment. It is not changed once it is published.
type state struct {
	orders   map[Target]Order
	servers  map[Object]Server
	revision uint64
}

// newState returns an empty one. Its revision counts on from the time, in microseconds, so that no
// process before it has reached it.
func newState() *state {
	return &state{orders: map[Target]Order{}, servers: map[Object]Server{}, revision: uint64(time.Now().UnixMicro())}
}

// next returns a copy to be changed and published.
func (s *state) next() *state {
	return &state{orders: maps.Clone(s.orders), servers: maps.Clone(s.servers), revision: s.revision + 1}
}

// name returns the revision as text.
func (s *state) name() string { return strconv.FormatUint(s.revision, 36) }

func (s *state) give(o Order, now time.Time) {
	if o.Value == o.File {
		delete(s.orders, o.Target())
		return
	}
	o.At, o.Until = stamp(now), time.Time{}
	if o.For > 0 {
		o.Until = now.Add(o.For)
	}
	s.orders[o.Target()] = o
}

// forget removes a server and the orders on it.
func (s *state) forget(server Object) {
	delete(s.servers, server)
	maps.DeleteFunc(s.orders, func(t Target, _ Order) bool { return t.Object == server })
}

// begin starts the clocks of orders that were read from disk, and returns those whose end has
// passed. A clock that was set back to before an order says nothing of how long it has held.
func (s *state) begin(now time.Time) (ended []Order) {
	for t, o := range s.orders {
		if o.For == 0 {
			continue
		}
		o.Until = now.Add(o.For - max(0, now.Sub(o.At)))
		if s.orders[t] = o; !o.Until.After(now) {
			delete(s.orders, t)
			ended = append(ended, o)
		}
	}
	slices.SortFunc(ended, compareOrders)
	return ended
}

func (s *state) sortedOrders() []Order {
	return slices.SortedFunc(maps.Values(s.orders), compareOrders)
}

func (s *state) sortedServers() []Server {
	return slices.SortedFunc(maps.Values(s.servers), func(a, b Server) int {
		return compareObjects(a.Object(), b.Object())
	})
}

func compareOrders(a, b Order) int {
	return cmp.Or(compareObjects(a.Object, b.Object), cmp.Compare(a.Key, b.Key))
}

func compareObjects(a, b Object) int {
	return cmp.Or(cmp.Compare(a.Backend, b.Backend), cmp.Compare(a.Frontend, b.Frontend), cmp.Compare(a.Server, b.Server))
}
