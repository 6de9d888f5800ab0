package app

import (
	"maps"
	"reflect"
	"slices"

	"relais/healthcheck"
	"relais/internal/config"
)

// parts make up the configuration in force: what the admin's file says, the servers that
// operators have added, and what they have changed of servers until the next reload. They are
// under App.change.
type parts struct {
	file   *config.Config
	added  map[string][]*config.Server         // by backend
	edited map[healthcheck.ID]*config.Server   // in the place of the file's
	closed map[string]closing                  // frontends that operators have closed
	made   map[string]*config.Backend          // what was assembled last, by name
	origin map[*config.Backend]*config.Backend // of what was assembled: the file's
}

// closing is how an operator has closed a frontend.
type closing string

const (
	disabled closing = "disabled"
	shutdown closing = "shut down" // until the balancer is started again
)

func newParts(file *config.Config) *parts {
	return &parts{
		file: file, added: map[string][]*config.Server{}, edited: map[healthcheck.ID]*config.Server{},
		closed: map[string]closing{}, made: map[string]*config.Backend{}, origin: map[*config.Backend]*config.Backend{},
	}
}

// of returns the parts with another file. It wins over what was edited, and takes over servers
// that were added and that it has now itself.
func (p *parts) of(file *config.Config) *parts {
	next := newParts(file)
	next.closed = maps.Clone(p.closed)
	for _, b := range file.Backends {
		for _, s := range p.added[b.Name] {
			if (fileValues{file}).server(b.Name, s.Name) == nil {
				next.added[b.Name] = append(next.added[b.Name], s)
			}
		}
	}
	return next
}

// clone returns parts that can be changed and thrown away.
func (p *parts) clone() *parts {
	next := *p
	next.added, next.edited, next.closed = maps.Clone(p.added), maps.Clone(p.edited), maps.Clone(p.closed)
	next.made, next.origin = maps.Clone(p.made), maps.Clone(p.origin)
	return &next
}

// assemble returns the configuration that the parts make up. Backends that are as they were last
// time are the same. servers makes of a server those that its name stands for.
func (p *parts) assemble(servers func(b *config.Backend, s *config.Server) []*config.Server) *config.Config {
	cfg := *p.file
	cfg.Backends = make([]*config.Backend, len(p.file.Backends))
	for i, b := range p.file.Backends {
		cfg.Backends[i] = p.backend(b, servers)
	}
	return &cfg
}

func (p *parts) backend(b *config.Backend, servers func(*config.Backend, *config.Server) []*config.Server) *config.Backend {
	var list []*config.Server
	for _, s := range b.Servers {
		list = append(list, servers(b, p.asEdited(b, s))...)
	}
	list = append(list, p.added[b.Name]...)
	if last := p.made[b.Name]; last != nil && p.origin[last] == b && reflect.DeepEqual(last.Servers, list) {
		return last
	}
	made := b
	if !slices.Equal(b.Servers, list) {
		made = new(*b)
		made.Servers = list
	}
	p.made[b.Name], p.origin[made] = made, b
	return made
}

// asEdited is a server of the file as operators have changed it.
func (p *parts) asEdited(b *config.Backend, s *config.Server) *config.Server {
	if edited := p.edited[healthcheck.ID{Backend: b.Name, Server: s.Name}]; edited != nil {
		return edited
	}
	return s
}

func serverOf(b *config.Backend, name string) *config.Server {
	if i := slices.IndexFunc(b.Servers, func(s *config.Server) bool { return s.Name == name }); i >= 0 {
		return b.Servers[i]
	}
	return nil
}

func backendOf(cfg *config.Config, name string) *config.Backend {
	if i := slices.IndexFunc(cfg.Backends, func(b *config.Backend) bool { return b.Name == name }); i >= 0 {
		return cfg.Backends[i]
	}
	return nil
}
