package plan

import (
	"strings"
	"time"

	"relais/internal/config"
)

// Drain is what is under way on something that the reload takes away or retires, and has to end
// within a time, or else is cut.
type Drain struct {
	Path string `json:"path"` // of what goes, or a backend that stays
	load
	AtMost  string `json:"at_most"` // as in the file; 0s: it is cut at once
	Setting string `json:"setting"` // what says so
	Why     string `json:"why"`
}

// load is what is under way.
type load struct {
	Connections int `json:"connections"` // of clients
	Requests    int `json:"requests"`    // and sessions
	Tunnels     int `json:"tunnels"`
}

func (l *load) add(o load) {
	l.Connections += o.Connections
	l.Requests += o.Requests
	l.Tunnels += o.Tunnels
}

func (l load) any() bool { return l != load{} }

// String is such as "2 requests, 1 tunnel".
func (l load) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		noun string
	}{{l.Connections, "connection"}, {l.Requests, "request"}, {l.Tunnels, "tunnel"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n, p.noun))
		}
	}
	return strings.Join(parts, ", ")
}

// load is what is under way on a server.
func (c *comparison) load(id Server) load {
	tunnels := c.facts.Tunnels(id.Backend, id.Name)
	return load{Requests: max(0, c.facts.Served(id.Backend, id.Name)-tunnels), Tunnels: tunnels}
}

// drains lists what is under way where something goes, and the tunnels that stay with a
// configuration that is not in force any more. The limits are those under which it began.
func (c *comparison) drains() []Drain {
	drains := []Drain{}
	if !c.reloads() {
		return drains
	}
	for _, f := range c.now.Frontends {
		for i := range f.Bind {
			drains = append(drains, c.drainBind(f, f.Bind[i].Address)...)
		}
	}
	for _, b := range c.now.Backends {
		drains = append(drains, c.drainBackend(b)...)
	}
	return drains
}

func (c *comparison) drainBind(f *config.Frontend, address string) []Drain {
	why := "the bind is closed"
	if to := c.next.binds[address]; to != nil {
		why = "the bind changes its mode"
		if to.Mode == f.Mode {
			return nil
		}
	}
	l := load{Connections: c.facts.Conns(f.Name, address)}
	return drain("frontends["+f.Name+"].bind["+address+"]", l, c.now.ShutdownTimeout, "shutdown_timeout", why)
}

func (c *comparison) drainBackend(b *config.Backend) (drains []Drain) {
	var staying load
	for _, id := range c.serversOf(b) {
		path := "backends[" + b.Name + "].servers[" + id.Name + "]"
		switch l := c.load(id); {
		case c.leaves(id):
			drains = append(drains, drain(path, l, b.HardStopAfter, "hard_stop_after", "the server leaves")...)
		case b.OnMarkedDown == "shutdown-sessions" && c.closes(id):
			drains = append(drains, drain(path, l, 0, "on_marked_down", "the server goes into maintenance")...)
		default:
			staying.Tunnels += l.Tunnels
		}
	}
	return append(drains, drain("backends["+b.Name+"]", staying, b.HardStopAfter, "hard_stop_after", "as after every reload")...)
}

// drain is a list of one, or of none where nothing is under way.
func drain(path string, l load, limit time.Duration, setting, why string) []Drain {
	if !l.any() {
		return nil
	}
	return []Drain{{path, l, duration(limit), setting, why}}
}

// serversOf lists the servers that a backend has now, those added at run time too.
func (c *comparison) serversOf(b *config.Backend) (ids []Server) {
	for _, s := range b.Servers {
		ids = append(ids, Server{b.Name, s.Name})
	}
	for _, id := range c.facts.Dynamic {
		if id.Backend == b.Name {
			ids = append(ids, id)
		}
	}
	return ids
}

// leaves tells whether a server is not there any more after the reload.
func (c *comparison) leaves(id Server) bool {
	return c.next.servers[id] == nil && (!c.added[id] || c.next.backends[id.Backend] == nil)
}

// closes tells whether a server goes into maintenance with the reload.
func (c *comparison) closes(id Server) bool {
	to := c.next.servers[id]
	return c.now.servers[id] != nil && to != nil && !c.isMaintainedNow(id) && c.isMaintained(id, to)
}

// isMaintainedNow tells whether a server is in maintenance already.
func (c *comparison) isMaintainedNow(id Server) bool {
	if o, stands := c.standing[[2]string{object(id), "state"}]; stands {
		return o.Value == "maint"
	}
	return c.now.servers[id].Disabled
}
