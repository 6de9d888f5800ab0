package plan

import (
	"fmt"
	"slices"
	"strings"

	"relais/internal/config"
)

// explain says what becomes of a change in the running process.
func (c *comparison) explain(change *Change) {
	at := change.at
	var effects []string
	switch {
	case at.bind != "" && at.key == "":
		effects = c.ofBind(change)
	case at.bind != "" && at.key != "" || strings.HasPrefix(at.path, "stats.tls"):
		effects = []string{"for new connections"}
	case at.isListener():
		effects = c.ofListener(change)
	case at.server != "" && change.Action != Move:
		effects = c.ofServer(change)
	case at.server == "" && at.backend != "":
		effects = c.ofBackend(change)
	case strings.HasPrefix(at.path, "log.") || strings.HasPrefix(at.path, "access_log."), strings.HasPrefix(at.path, "explain."):
		effects = []string{"needs a restart"}
	}
	change.Effects = effects
}

// ofBind tells what becomes of a bind that comes or goes. A socket stays open as long as any
// frontend has its address.
func (c *comparison) ofBind(change *Change) []string {
	from, to := c.now.binds[change.at.bind], c.next.binds[change.at.bind]
	open := c.facts.Conns(change.at.frontend, change.at.bind)
	switch {
	case change.Action == Move || from != nil && to != nil && from.Name == to.Name:
		return nil
	case change.Action == Add && from == nil:
		return []string{"is opened"}
	case change.Action == Add:
		return []string{"takes over the open socket of frontends[" + from.Name + "]"}
	case to == nil && open == 0:
		return []string{"is closed; no connection is open"}
	case to == nil:
		return []string{"is closed"}
	case from.Mode == to.Mode:
		return []string{"goes to frontends[" + to.Name + "] with its open connections"}
	}
	return []string{"goes to frontends[" + to.Name + "]"}
}

// ofListener tells what becomes of listeners when another key than a bind changes.
func (c *comparison) ofListener(change *Change) []string {
	switch {
	case change.at.key == "mode" && change.at.frontend != "":
		return []string{"its sockets stay open, and connections are accepted in the new mode"}
	case change.Path == "stats.bind" && c.next.Stats.Bind == "", change.Path == "admin_socket" && change.Action == Remove:
		return []string{"is closed"}
	case change.Path == "stats.bind" && c.now.Stats.Bind == "", change.Path == "admin_socket" && change.Action == Add:
		return []string{"is opened"}
	case change.Path == "stats.bind", change.Path == "admin_socket.path":
		return []string{"the new one is opened, the old one closed"}
	}
	return nil
}

func (c *comparison) ofServer(change *Change) []string {
	at := change.at
	id := Server{at.backend, at.server}
	switch {
	case at.key == "" && change.Action == Add && c.added[id]:
		return []string{"takes the place of the one added at run time"}
	case at.key == "" && change.Action == Add:
		return c.arrival(c.next.backends[at.backend], c.next.servers[id])
	case at.key == "" && change.Action == Remove:
		return c.departure(id)
	}
	return c.ofServerKey(change, c.next.backends[at.backend], c.next.servers[id])
}

// arrival tells what becomes of a server that is new in a running balancer.
func (c *comparison) arrival(b *config.Backend, s *config.Server) []string {
	slowly := ""
	if b.Slowstart > 0 {
		slowly = "its weight grows over " + duration(b.Slowstart)
	}
	switch {
	case s.Disabled:
		return []string{"is in maintenance"}
	case s.Weight == 0:
		return []string{"gets requests of nobody: its weight is 0"}
	case s.Track != "":
		return []string{"is as well as " + s.Track + " is"}
	case beginsDown(b, s) && slowly != "":
		return []string{"is down until it passes a check, then " + slowly}
	case beginsDown(b, s):
		return []string{"is down until it passes a check"}
	case slowly != "" && b.SlowstartFirst:
		return []string{"gets requests at once; " + slowly}
	}
	return []string{"gets requests at once"}
}

func (c *comparison) departure(id Server) []string {
	if l := c.load(id); l.any() {
		return []string{l.String() + " under way: see drains"}
	}
	return []string{"nothing is under way on it"}
}

func (c *comparison) ofServerKey(change *Change, b *config.Backend, s *config.Server) []string {
	id := Server{b.Name, s.Name}
	switch change.at.key {
	case "address", "send_proxy", "tls":
		return c.readdressed(id, b, s)
	case "disabled":
		return c.disabled(id, b, s)
	case "weight":
		switch {
		case s.Weight == 0:
			return []string{"is drained: clients that are bound to it stay, nobody else comes"}
		case c.now.servers[id].Weight == 0:
			return []string{"gets requests of everybody again"}
		}
	case "maxconn":
		if n := c.facts.Served(id.Backend, id.Name); s.Maxconn > 0 && n > s.Maxconn {
			return []string{fmt.Sprintf("%d are under way: they go on, others wait", n)}
		}
	}
	return nil
}

// readdressed tells what becomes of a server that is reached otherwise.
func (c *comparison) readdressed(id Server, b *config.Backend, s *config.Server) []string {
	if !c.once(id.Backend+"/"+id.Name, "readdressed") {
		return nil
	}
	effects := []string{"its idle connections are closed; requests under way end on the old ones"}
	if health := c.freshHealth(id, b, s); health != "" {
		effects = append(effects, health)
	}
	return effects
}

func (c *comparison) disabled(id Server, b *config.Backend, s *config.Server) []string {
	switch {
	case s.Disabled:
		return []string{"maintenance: its clients go elsewhere, and it is not checked"}
	case s.Track != "":
		return []string{"is as well as " + s.Track + " is"}
	case isChecked(b, s):
		return []string{fmt.Sprintf("is down until it passes %d checks", b.HealthCheck.Rise)}
	}
	return []string{"gets requests again"}
}

// ofBackend tells what becomes of a backend, or of a key of one.
func (c *comparison) ofBackend(change *Change) []string {
	at := change.at
	b := c.next.backends[at.backend]
	switch {
	case change.Action == Move && at.key == "":
		return nil
	case at.key == "" && change.Action == Add:
		return beginning(b)
	case at.key == "" && change.Action == Remove:
		return c.leavingBackend(c.now.backends[at.backend])
	case at.path == "backends["+at.backend+"].health_check" && change.Action == Remove:
		return []string{"its servers are taken to be up"}
	case at.path == "backends["+at.backend+"].health_check" && change.Action == Add && b.HealthCheck.Initial != "down":
		return []string{"its servers stay up, and one failure takes them down"}
	case at.path == "backends["+at.backend+"].health_check" && change.Action == Add:
		return beginning(b)
	case isOfChecks(at.key) && c.once(at.backend, "checks") && c.restartsChecks(b):
		return []string{"the check of each server begins anew: " + keptHealth}
	}
	return nil
}

// beginning tells how the servers of a backend are that has not been checked before.
func beginning(b *config.Backend) []string {
	if slices.ContainsFunc(b.Servers, func(s *config.Server) bool { return beginsDown(b, s) }) {
		return []string{"its servers are down until they pass a check"}
	}
	return nil
}

func (c *comparison) leavingBackend(b *config.Backend) []string {
	var l load
	for _, s := range b.Servers {
		l.add(c.load(Server{b.Name, s.Name}))
	}
	if l.any() {
		return []string{l.String() + " under way: see drains"}
	}
	return []string{"nothing is under way in it"}
}
