package app

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"relais/balancer"
	"relais/healthcheck"
	"relais/internal/config"
	"relais/internal/ctl"
)

// SetAddress implements ctl.Balancer.
func (c control) SetAddress(n ctl.Name, address string, port int, note ctl.Note) (said string, err error) {
	err = c.change(func() error {
		s, err := c.editable(n)
		if err != nil {
			return err
		}
		if _, err := netip.ParseAddr(address); err != nil {
			return fmt.Errorf("Invalid addr format for '%s/%s'", n.Backend, n.Server) //nolint:staticcheck // HAProxy's words
		}
		host, oldPort, _ := net.SplitHostPort(s.Address())
		newPort := oldPort
		if port != 0 {
			newPort = strconv.Itoa(port)
		}
		said = moved(host, address, oldPort, newPort)
		if said == "" {
			said = "nothing changed"
			return nil
		}
		return c.edit(n, note, said, func(s *config.Server) { s.Address = net.JoinHostPort(address, newPort) })
	})
	return said, err
}

// moved says in HAProxy's words what is other about an address; empty: nothing.
func moved(host, newHost, port, newPort string) string {
	var said []string
	if host != newHost {
		said = append(said, fmt.Sprintf("IP changed from '%s' to '%s'", host, newHost))
	}
	if port != newPort {
		said = append(said, fmt.Sprintf("port changed from '%s' to '%s'", port, newPort))
	}
	if said == nil {
		return ""
	}
	return strings.Join(said, ", ") + " by 'stats socket command'"
}

// SetCheckAddress implements ctl.Balancer.
func (c control) SetCheckAddress(n ctl.Name, address string, port int, note ctl.Note) error {
	return c.change(func() error {
		if _, err := c.editable(n); err != nil {
			return err
		}
		return c.edit(n, note, fmt.Sprintf("checks go to %s port %d", address, port), func(s *config.Server) {
			if address != "" {
				s.CheckAddress = address
			}
			if port != 0 {
				s.CheckPort = port
			}
		})
	})
}

// SetAgentAddress implements ctl.Balancer.
func (c control) SetAgentAddress(n ctl.Name, address string, port int, note ctl.Note) error {
	return c.change(func() error {
		if _, err := c.editable(n); err != nil {
			return err
		}
		return c.edit(n, note, fmt.Sprintf("agent is at %s port %d", address, port), func(s *config.Server) {
			if address != "" {
				s.AgentAddress = address
			}
			if port != 0 {
				s.AgentPort = port
			}
		})
	})
}

// SetAgentSend implements ctl.Balancer.
func (c control) SetAgentSend(n ctl.Name, text string, note ctl.Note) error {
	return c.change(func() error {
		if _, err := c.editable(n); err != nil {
			return err
		}
		return c.edit(n, note, fmt.Sprintf("agent is sent %q", text), func(s *config.Server) { s.AgentSend = &text })
	})
}

// SetHostName implements ctl.Balancer.
func (c control) SetHostName(n ctl.Name, fqdn string, note ctl.Note) (said string, err error) {
	err = c.change(func() error {
		s, err := c.editable(n)
		if err != nil {
			return err
		}
		if _, is := nameOf(s.Config()); !is && s.HostName() == "" {
			return fmt.Errorf("set server %s/%s fqdn failed because no resolution is configured.", n.Backend, n.Server) //nolint:staticcheck // HAProxy's words
		}
		host, port, _ := net.SplitHostPort(s.Address())
		said = fmt.Sprintf("%s/%s changed its FQDN from %s to %s by 'stats socket command'", n.Backend, n.Server, cmp.Or(s.HostName(), host), fqdn)
		if err := c.edit(n, note, said, func(s *config.Server) { s.Address = net.JoinHostPort(fqdn, port) }); err != nil {
			return err
		}
		c.names.follow(c.parts)
		return c.put()
	})
	return said, err
}

// edit changes a server of the configuration in force until the next reload.
func (c control) edit(n ctl.Name, note ctl.Note, what string, edit func(*config.Server)) error {
	added := func(p *parts) bool {
		for i, s := range p.added[n.Backend] {
			if s.Name == n.Server {
				p.added[n.Backend] = append(p.added[n.Backend][:i:i], append([]*config.Server{new(*s)}, p.added[n.Backend][i+1:]...)...)
				edit(p.added[n.Backend][i])
				return true
			}
		}
		return false
	}
	b := backendOf(c.parts.file, n.Backend)
	return c.rebuild(func(p *parts) {
		if added(p) {
			return
		}
		id := healthcheck.ID(n)
		s := p.edited[id]
		if s == nil {
			s = serverOf(b, n.Server)
		}
		s = new(*s)
		edit(s)
		p.edited[id] = s
	}, note, fmt.Sprintf("server %s/%s: %s", n.Backend, n.Server, what))
}

// editable finds a server whose settings can be changed: not one of several that stand for a name.
func (c control) editable(n ctl.Name) (*balancer.Server, error) {
	s, err := c.find(n)
	if err != nil {
		return nil, err
	}
	if file := (fileValues{c.parts.file}).server(n.Backend, n.Server); file != nil && file.Resolve == "all" && s.HostName() != "" {
		return nil, fmt.Errorf("server %s/%s is one address of the name %s; what it is comes from DNS", n.Backend, n.Server, s.HostName())
	}
	return s, nil
}
