package plan

import (
	"fmt"
	"net"
	"reflect"

	"relais/internal/config"
)

// usability says whether a server gets requests.
type usability int

const (
	unusable usability = iota
	unknown            // nobody can tell beforehand
	usable
)

// isChecked tells whether a server has a check of its own.
func isChecked(b *config.Backend, s *config.Server) bool {
	return b.HealthCheck != nil && !s.Disabled && s.Track == ""
}

// beginsDown tells whether a server that has not been checked before must pass a check first, in a
// balancer that runs.
func beginsDown(b *config.Backend, s *config.Server) bool {
	return isChecked(b, s) && b.HealthCheck.Initial != "up"
}

// checkOf stands for everything that makes the check of a server: as long as it is the same, the
// check and its state go on. It is empty for a server that is not checked.
func (c *comparison) checkOf(b *config.Backend, s *config.Server) string {
	if b == nil || s == nil || !isChecked(b, s) {
		return ""
	}
	return c.settingsOf(b) + reachedAt(b.HealthCheck, s)
}

// settingsOf stands for the settings of the checks of a backend.
func (c *comparison) settingsOf(b *config.Backend) string {
	if c.checks[b] == "" {
		c.checks[b] = fmt.Sprintf("%s %s %d %s ", content(reflect.ValueOf(*b.HealthCheck), ""), b.Observe, b.ErrorLimit, b.OnError)
	}
	return c.checks[b]
}

// reachedAt stands for how a check reaches a server: as traffic does, but for what the check has
// of its own.
func reachedAt(h *config.HealthCheck, s *config.Server) string {
	host, port, err := net.SplitHostPort(s.Address)
	switch {
	case h.Address != "" && h.Port != 0:
		return ""
	case h.Address != "":
		return port
	case h.Port != 0 && err == nil:
		return host
	case h.Port != 0:
		return "localhost"
	case h.TLS != nil || s.TLS == nil:
		return s.Address + " " + s.SendProxy
	}
	return s.Address + " " + s.SendProxy + " " + content(reflect.ValueOf(s.TLS), "")
}

// isOfChecks tells whether a key of a backend is a part of what checkOf stands for.
func isOfChecks(key string) bool {
	switch key {
	case "health_check", "observe", "error_limit", "on_error":
		return true
	}
	return false
}

// restartsChecks tells whether a server that was checked before is so otherwise.
func (c *comparison) restartsChecks(b *config.Backend) bool {
	for _, s := range b.Servers {
		was := c.checkOf(c.now.backends[b.Name], c.now.servers[Server{b.Name, s.Name}])
		if is := c.checkOf(b, s); was != "" && is != "" && was != is {
			return true
		}
	}
	return false
}

// freshHealth tells how a server is that has just been changed; empty: as it was.
func (c *comparison) freshHealth(id Server, b *config.Backend, s *config.Server) string {
	old := c.now.servers[id]
	was, is := c.checkOf(c.now.backends[id.Backend], old), c.checkOf(b, s)
	switch {
	case is == "" || was == is:
		return ""
	case old.Address == s.Address:
		return keptHealth
	case b.HealthCheck.Initial == "up":
		return "it is taken to be up, and one failure takes it down"
	}
	return "it is down until it passes a check, and requests that have no other server wait for that"
}

// keptHealth is what becomes of a server whose check begins anew at the same address, so that
// changed settings do not take a whole backend out.
const keptHealth = "its health stays as it was, and one failure takes it down"

// afterwards tells whether a server of the new configuration gets requests right after the reload.
func (c *comparison) afterwards(b *config.Backend, s *config.Server) usability {
	id := Server{b.Name, s.Name}
	old := c.now.servers[id]
	switch {
	case c.isMaintained(id, s) || c.isDrained(id, s) || s.Host != "" && s.Unresolved:
		return unusable
	case old == nil && c.added[id], s.Track != "", b.Agent != nil:
		return unknown
	case old == nil || old.Disabled:
		return c.begins(b, s)
	}
	was, is := c.checkOf(c.now.backends[b.Name], old), c.checkOf(b, s)
	switch {
	case is == "":
		return usable
	case old.Address != s.Address:
		return c.begins(b, s)
	case was == "" && b.HealthCheck.Initial == "down":
		return unusable
	case was == "" || c.facts.Usable(id.Backend, id.Name):
		return usable
	case c.wasWithdrawn(id, old):
		return unknown // its health did not show
	}
	return unusable
}

// begins tells how a server is for which there was no check before.
func (c *comparison) begins(b *config.Backend, s *config.Server) usability {
	if beginsDown(b, s) {
		return unusable
	}
	return usable
}

// wasWithdrawn tells whether a server gets nothing now because somebody wants it so.
func (c *comparison) wasWithdrawn(id Server, s *config.Server) bool {
	state := c.standing[[2]string{object(id), "state"}].Value
	return state == "maint" || state == "drain" || state == "" && s.Disabled || c.weightNow(id, s) == 0
}

// isMaintained tells whether a server of the new configuration is in maintenance.
func (c *comparison) isMaintained(id Server, s *config.Server) bool {
	switch o, stays := c.surviving(id, "state"); {
	case stays && o.Value == "maint":
		return true
	case stays:
		return false
	}
	return s.Disabled
}

func (c *comparison) isDrained(id Server, s *config.Server) bool {
	o, stays := c.surviving(id, "state")
	return stays && o.Value == "drain" || c.weightNext(id, s) == 0
}
