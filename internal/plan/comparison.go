package plan

import (
	"slices"
	"strings"

	"relais/internal/config"
)

// comparison is two configurations, with what must be looked up in them.
type comparison struct {
	now, next *sides
	facts     Facts
	changed   bool // the configurations differ

	standing map[[2]string]Order // orders by object and key
	added    map[Server]bool     // at run time
	checks   map[*config.Backend]string
	told     map[string]bool // effects that are told once for each backend
}

// sides is one of the two configurations.
type sides struct {
	*config.Config
	frontends map[string]*config.Frontend
	backends  map[string]*config.Backend
	servers   map[Server]*config.Server
	binds     map[string]*config.Frontend // who has an address
}

func newComparison(now, next *config.Config, f Facts) *comparison {
	c := &comparison{
		now: indexed(now), next: indexed(next), facts: f.complete(),
		standing: map[[2]string]Order{}, added: map[Server]bool{}, checks: map[*config.Backend]string{}, told: map[string]bool{},
	}
	for _, o := range f.Orders {
		c.standing[[2]string{o.Object, o.Key}] = o
	}
	c.facts.Dynamic = slices.SortedFunc(slices.Values(f.Dynamic), func(a, b Server) int { return strings.Compare(object(a), object(b)) })
	for _, s := range f.Dynamic {
		c.added[s] = true
	}
	return c
}

func indexed(cfg *config.Config) *sides {
	s := &sides{
		Config: cfg, frontends: map[string]*config.Frontend{}, backends: map[string]*config.Backend{},
		servers: map[Server]*config.Server{}, binds: map[string]*config.Frontend{},
	}
	for _, f := range cfg.Frontends {
		s.frontends[f.Name] = f
		for i := range f.Bind {
			s.binds[f.Bind[i].Address] = f
		}
	}
	for _, b := range cfg.Backends {
		s.backends[b.Name] = b
		for _, server := range b.Servers {
			s.servers[Server{b.Name, server.Name}] = server
		}
	}
	return s
}

// reloads tells whether a reload would do anything: it does nothing when the files are the same.
func (c *comparison) reloads() bool {
	return c.changed || c.facts.HashNow != c.facts.HashNext
}

// once tells whether something has not been told of a backend yet.
func (c *comparison) once(backend, what string) bool {
	key := backend + "\n" + what
	if c.told[key] {
		return false
	}
	c.told[key] = true
	return true
}
