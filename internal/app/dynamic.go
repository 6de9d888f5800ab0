package app

import (
	"encoding/json"
	"errors"
	"fmt"

	"relais/healthcheck"
	"relais/internal/config"
	"relais/internal/ctl"
	"relais/internal/operate"
)

// AddServer implements ctl.Balancer. The server is in maintenance until it is enabled.
func (c control) AddServer(n ctl.Name, added ctl.NewServer, note ctl.Note) error {
	return c.change(func() error {
		b := backendOf(c.parts.file, n.Backend)
		switch {
		case b == nil:
			return ctl.ErrNoBackend
		case c.proxy.Table().Server(n.Backend, n.Server) != nil:
			return errors.New("Already exists a server with the same name in backend.") //nolint:staticcheck // HAProxy's words
		}
		if taken := (fileValues{c.parts.file}).server(n.Backend, n.Server); taken != nil {
			return fmt.Errorf("%s is what the servers behind %s are called; add it by a different name", n.Server, taken.Name)
		}
		s := newServer(n.Server, added)
		if fault := config.ValidateServer(b, s); fault != nil {
			return fault
		}
		what := fmt.Sprintf("server %s/%s: added at %s", n.Backend, n.Server, added.Address)
		if err := c.rebuild(func(p *parts) {
			p.added[b.Name] = append(p.added[b.Name][:len(p.added[b.Name]):len(p.added[b.Name])], s)
		}, note, what); err != nil {
			return err
		}
		stored, err := json.Marshal(added)
		if err == nil {
			err = c.journal.AddServer(operate.Server{Backend: n.Backend, Name: n.Server, Arguments: []string{string(stored)}, By: note.By})
		}
		if err != nil {
			return errors.Join(err, c.rebuild(func(p *parts) { p.drop(n) }, note, what+": undone, for it could not be kept"))
		}
		c.obey()
		return nil
	})
}

// newServer is a server that an operator adds, as a server of the configuration.
func newServer(name string, added ctl.NewServer) *config.Server {
	s := config.NewServer()
	s.Name, s.Address, s.Weight, s.Maxconn = name, added.Address, added.Weight, added.Maxconn
	s.Backup, s.Cookie, s.Track, s.SendProxy = added.Backup, added.Cookie, added.Track, added.SendProxy
	s.Disabled, s.Dynamic, s.Unchecked = true, true, !added.Check
	if added.TLS {
		s.TLS = &config.ServerTLS{Verify: added.Verify, CA: config.NewPath(added.CA), SNI: added.SNI}
	}
	return s
}

// storedServer is a server that an operator had added before the balancer was started.
func storedServer(stored operate.Server) (*config.Server, error) {
	var added ctl.NewServer
	if len(stored.Arguments) != 1 {
		return nil, fmt.Errorf("its arguments are %q", stored.Arguments)
	}
	if err := json.Unmarshal([]byte(stored.Arguments[0]), &added); err != nil {
		return nil, err
	}
	return newServer(stored.Name, added), nil
}

// drop takes a server out that was added.
func (p *parts) drop(n ctl.Name) {
	var kept []*config.Server
	for _, s := range p.added[n.Backend] {
		if s.Name != n.Server {
			kept = append(kept, s)
		}
	}
	p.added[n.Backend] = kept
	delete(p.edited, healthcheck.ID(n))
}

// DeleteServer implements ctl.Balancer.
func (c control) DeleteServer(n ctl.Name, note ctl.Note) error {
	return c.change(func() error {
		s, err := c.find(n)
		if err != nil {
			return err
		}
		_, used := s.Conns()
		switch {
		case !s.Dynamic():
			return fmt.Errorf("server %s/%s is in the configuration file: take it out there and reload, or set it to maint", n.Backend, n.Server)
		case !s.Maintenance():
			return errors.New("Only servers in maintenance mode can be deleted.") //nolint:staticcheck // HAProxy's words
		case c.isTracked(n):
			return errors.New("This server cannot be removed at runtime due to other configuration elements pointing to it.") //nolint:staticcheck // HAProxy's words
		case used > 0 || s.Served() > 0:
			return errors.New("Server still has connections attached to it, cannot remove it.") //nolint:staticcheck // HAProxy's words
		}
		if err := c.journal.DeleteServer(note.By, n.Backend, n.Server); err != nil {
			return err
		}
		return c.rebuild(func(p *parts) { p.drop(n) }, note, fmt.Sprintf("server %s/%s: deleted", n.Backend, n.Server))
	})
}

func (c control) isTracked(n ctl.Name) bool {
	for _, b := range c.cfg.Load().Backends {
		for _, s := range b.Servers {
			if s.Track == n.Backend+"/"+n.Server {
				return true
			}
		}
	}
	return false
}
