package plan

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"relais/internal/config"
)

// Warning is something about the new configuration that an admin should look at.
type Warning struct {
	Path      string `json:"path"`
	Text      string `json:"text"`
	AlreadySo bool   `json:"already_so"` // the configuration in force has it too
}

// warnings lists what is doubtful of the new configuration, then what is so of the reload itself.
func (c *comparison) warnings() []Warning {
	already := map[Warning]bool{}
	for _, w := range c.doubts(c.now) {
		already[w] = true
	}
	list := append([]Warning{}, c.doubts(c.next)...)
	for i, w := range list {
		list[i].AlreadySo = already[w]
	}
	return append(append(list, c.clashes()...), c.outages()...)
}

// doubts lists what is doubtful of a configuration.
func (c *comparison) doubts(s *sides) []Warning {
	d := &doubter{now: c.facts.Now}
	d.stats(&s.Stats)
	for _, f := range s.Frontends {
		at := "frontends[" + f.Name + "]"
		d.timeouts(at, f.Timeout)
		for _, bind := range f.Bind {
			if bind.TLS != nil {
				d.certificates(at+".bind["+bind.Address+"]", bind.TLS)
			}
		}
		if b := s.backends[f.DefaultBackend]; b != nil && len(b.Servers) == 0 && !c.hasAdded(b.Name) {
			d.warn(at+".default_backend", "backend %s has no servers", b.Name)
		}
	}
	for _, b := range s.Backends {
		d.backend("backends["+b.Name+"]", b)
		c.doubtServers(d, b, s == c.next)
	}
	return d.found
}

func (c *comparison) hasAdded(backend string) bool {
	for s := range c.added {
		if s.Backend == backend {
			return true
		}
	}
	return false
}

// doubtServers looks at servers with what operators want of them.
func (c *comparison) doubtServers(d *doubter, b *config.Backend, next bool) {
	maintained := len(b.Servers) > 0
	for _, s := range b.Servers {
		id := Server{b.Name, s.Name}
		if next {
			maintained = maintained && c.isMaintained(id, s)
		} else {
			maintained = maintained && c.isMaintainedNow(id)
		}
		_, ordered := c.standing[[2]string{object(id), "maxconn"}]
		if _, stays := c.surviving(id, "maxconn"); next && !stays {
			ordered = false
		}
		if n := c.facts.Served(id.Backend, id.Name); !ordered && s.Maxconn > 0 && n > s.Maxconn {
			d.warn("backends["+b.Name+"].servers["+s.Name+"].maxconn", "%d is less than the %d that are under way", s.Maxconn, n)
		}
	}
	if maintained && !c.hasAdded(b.Name) {
		d.warn("backends["+b.Name+"]", "all of its servers are in maintenance")
	}
}

// outages lists the backends that serve nobody right after the reload.
func (c *comparison) outages() (list []Warning) {
	for _, b := range c.next.Backends {
		enabled, fresh, up := 0, 0, 0
		for _, s := range b.Servers {
			id := Server{b.Name, s.Name}
			if c.isMaintained(id, s) || c.isDrained(id, s) {
				continue
			}
			enabled++
			if !c.isIll(id) {
				fresh++
			}
			if c.afterwards(b, s) != unusable {
				up++
			}
		}
		w := Warning{Path: "backends[" + b.Name + "]", Text: "has no usable server right after the reload: all that are enabled are down"}
		switch {
		case up > 0 || enabled == 0 || b.PanicThreshold > 0 || c.hasAdded(b.Name):
			continue
		case fresh > 0:
			w.Text = "has no usable server right after the reload: all are down until they pass a check"
		}
		w.AlreadySo = c.isOut(b.Name)
		list = append(list, w)
	}
	return list
}

// isOut tells whether a backend serves nobody now.
func (c *comparison) isOut(backend string) bool {
	b := c.now.backends[backend]
	return b != nil && !slices.ContainsFunc(b.Servers, func(s *config.Server) bool { return c.facts.Usable(backend, s.Name) })
}

// socket is an address that is listened on.
type socket struct{ path, address string }

func (s *sides) sockets() (all []socket) {
	if s.Stats.Bind != "" {
		all = append(all, socket{"stats.bind", s.Stats.Bind})
	}
	for _, f := range s.Frontends {
		for i := range f.Bind {
			all = append(all, socket{"frontends[" + f.Name + "].bind[" + f.Bind[i].Address + "]", f.Bind[i].Address})
		}
	}
	return all
}

// clashes lists the addresses that cannot be listened on while one of today's is.
func (c *comparison) clashes() (list []Warning) {
	open := c.now.sockets()
	for _, s := range c.next.sockets() {
		if c.isOpen(s) {
			continue
		}
		for _, o := range open {
			if holds(o.address, s.address) {
				list = append(list, Warning{Path: s.path,
					Text: "the reload will be refused: " + o.path + " has the port; take that away in a reload of its own"})
			}
		}
	}
	return list
}

// isOpen tells whether a socket is kept from today's. Those of frontends go from one to another.
func (c *comparison) isOpen(s socket) bool {
	if s.path == "stats.bind" {
		return s.address == c.now.Stats.Bind
	}
	return c.now.binds[s.address] != nil
}

// holds tells whether an address that is listened on keeps another one from being so.
func holds(open, other string) bool {
	hostA, portA, errA := net.SplitHostPort(open)
	hostB, portB, errB := net.SplitHostPort(other)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	for _, pair := range [][2]string{{hostA, hostB}, {hostB, hostA}} {
		wide, host := pair[0], pair[1]
		if wide == host || wide == "" || wide == "::" || wide == "0.0.0.0" && !strings.Contains(host, ":") {
			return true
		}
	}
	return false
}

// doubter looks at a configuration by itself.
type doubter struct {
	now   time.Time
	found []Warning
}

func (d *doubter) warn(path, format string, args ...any) {
	d.found = append(d.found, Warning{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (d *doubter) stats(s *config.Stats) {
	if s.Bind == "" {
		return
	}
	host, _, _ := net.SplitHostPort(s.Bind)
	ip, _ := netip.ParseAddr(host)
	switch everywhere := host == "" || ip.IsUnspecified(); {
	case everywhere && len(s.Users) == 0:
		d.warn("stats.bind", "%s is on all interfaces, and without users everybody who reaches it may look", s.Bind)
	case len(s.Users) > 0 && s.TLS == nil && host != "localhost" && !ip.IsLoopback():
		d.warn("stats.users", "passwords come over %s in plain text: stats.tls is missing", s.Bind)
	}
	if s.TLS != nil {
		d.certificates("stats", s.TLS)
	}
}

// long is how long a time-out may be before it looks like a mistake.
const long = time.Hour

func (d *doubter) timeouts(at string, t config.Timeouts) {
	for _, one := range []struct {
		key   string
		value time.Duration
	}{
		{"connect", t.Connect}, {"client", t.Client}, {"server", t.Server}, {"http_request", t.HTTPRequest},
		{"http_keep_alive", t.HTTPKeepAlive}, {"queue", t.Queue}, {"tunnel", t.Tunnel},
	} {
		if one.value > long {
			d.warn(at+".timeout."+one.key, "%s is more than an hour", duration(one.value))
		}
	}
}

func (d *doubter) backend(at string, b *config.Backend) {
	d.timeouts(at, b.Timeout)
	switch h := b.HealthCheck; {
	case h == nil && d.untracked(b):
		d.warn(at, "has no health check: a server that is down goes on getting requests")
	case h != nil && h.Timeout > h.Inter:
		d.warn(at+".health_check.timeout", "%s is more than inter, %s: a server that hangs is found late", duration(h.Timeout), duration(h.Inter))
	}
	first := map[string]string{}
	for _, s := range b.Servers {
		if other, taken := first[s.Address]; taken {
			d.warn(at+".servers["+s.Name+"].address", "%s is the address of %s too", s.Address, other)
		} else {
			first[s.Address] = s.Name
		}
	}
}

// untracked tells whether a backend has a server that does not follow another one's health.
func (d *doubter) untracked(b *config.Backend) bool {
	return slices.ContainsFunc(b.Servers, func(s *config.Server) bool { return s.Track == "" })
}

// soon is how long before its end a certificate is worth a warning.
const soon = 30 * 24 * time.Hour

func (d *doubter) certificates(at string, t *config.TLS) {
	if d.now.IsZero() {
		return
	}
	for _, c := range t.Certificates {
		leaf := leafOf(c)
		path := at + ".tls.certificates[" + c.Cert.String() + "]"
		switch {
		case leaf == nil:
		case d.now.After(leaf.NotAfter):
			d.warn(path, "has expired on %s: clients refuse it", leaf.NotAfter.UTC().Format(time.DateOnly))
		case d.now.Before(leaf.NotBefore):
			d.warn(path, "is not valid before %s: clients refuse it", leaf.NotBefore.UTC().Format(time.DateOnly))
		case leaf.NotAfter.Sub(d.now) < soon:
			d.warn(path, "expires on %s", leaf.NotAfter.UTC().Format(time.DateOnly))
		}
	}
}
