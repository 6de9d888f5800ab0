package balancer

import "time"

// Orders is what operators have set on a server at run time. It holds over the configuration.
type Orders struct {
	State   string // ready, drain or maint; empty: as the configuration says
	Weight  int    // 0 to 256; below 0: as the configuration says
	Maxconn int    // 0: any number; below 0: as the configuration says
	Leader  bool   // the server whose health is this one's is in maintenance, and this one with it
}

// NoOrders returns the orders of operators that have set nothing.
func NoOrders() Orders { return Orders{Weight: -1, Maxconn: -1} }

// Orders returns what operators have set.
func (s *Server) Orders() Orders {
	if o := s.orders.Load(); o != nil {
		return *o
	}
	return NoOrders()
}

// SetOrders puts other orders in force. What runs on a server that goes into maintenance runs to
// its end, unless on_marked_down says otherwise. It is not called by two goroutines at once.
func (s *Server) SetOrders(o Orders) {
	if o == s.Orders() {
		return
	}
	before := s.Maintenance()
	s.orders.Store(&o)
	s.reenter(before, time.Now())
	s.farm.changed(time.Now())
}

// Restore puts orders in force with which the server begins: nothing of what SetOrders does because
// something has changed.
func (s *Server) Restore(o Orders) {
	s.orders.Store(&o)
	s.withdraw(time.Now())
	s.farm.changed(time.Now())
}

// reenter is called after something has changed of which maintenance depends.
func (s *Server) reenter(maintenance bool, now time.Time) {
	switch {
	case maintenance && !s.Maintenance():
		s.startSlowly(now)
	case !maintenance && s.Maintenance():
		s.sessions.shutdown()
	}
	s.withdraw(now)
}

// withdraw takes note of since when the server gets no new requests because somebody wants it so.
func (s *Server) withdraw(now time.Time) {
	if !s.Maintenance() && !s.Draining() {
		s.withdrawn.Store(0)
		return
	}
	s.withdrawn.CompareAndSwap(0, now.UnixNano())
}

// InitialWeight is the weight that the configuration gives the server.
func (s *Server) InitialWeight() int { return s.settings.Load().Weight }

// InitialMaxconn is the maxconn that the configuration gives the server.
func (s *Server) InitialMaxconn() int { return s.settings.Load().Maxconn }

// Disabled tells whether the configuration has the server begin in maintenance.
func (s *Server) Disabled() bool { return s.settings.Load().Disabled }

// Served is how many requests or sessions the server has now.
func (s *Server) Served() int {
	s.farm.mu.Lock()
	defer s.farm.mu.Unlock()
	return s.node.Served
}
