package config

import (
	"fmt"
	"strings"

	"relais/internal/config/spell"
)

// tracks looks at the servers whose health is another one's.
func (v *validator) tracks(backends []*Backend) {
	type tracked struct {
		server  *Server
		backend *Backend
	}
	known, all := map[string]tracked{}, []string{}
	for _, b := range backends {
		for _, s := range b.Servers {
			known[b.Name+"/"+s.Name] = tracked{s, b}
			all = append(all, b.Name+"/"+s.Name)
		}
	}
	for i, b := range backends {
		for j, s := range b.Servers {
			if s.Track == "" {
				continue
			}
			at := fmt.Sprintf("backends[%d].servers[%d].track", i, j)
			target, found := known[s.Track]
			switch {
			case !found:
				v.refuse(at, trackAdvice(s.Track, b.Name, all))
			case isCircle(s, func(name string) *Server { return known[name].server }):
				v.fault(at, "leads back to this server; write a server that is checked itself")
			case target.server.Track == "" && target.backend.HealthCheck == nil:
				v.fault(at, "server %q is not checked itself; write health_check in backend %q", s.Track, target.backend.Name)
			}
		}
	}
}

func trackAdvice(name, backend string, all []string) string {
	if !strings.Contains(name, "/") {
		return fmt.Sprintf("%q names no backend; write %q", name, backend+"/"+name)
	}
	if near := spell.Nearest(name, all); near != "" {
		return fmt.Sprintf("there is no server %q; did you mean %q?", name, near)
	}
	return fmt.Sprintf("there is no server %q; write BACKEND/SERVER, such as %q", name, all[0])
}

// isCircle tells whether s is tracked by what it tracks.
func isCircle(s *Server, named func(string) *Server) bool {
	seen := map[*Server]bool{}
	for next := named(s.Track); next != nil && !seen[next]; next = named(next.Track) {
		if next == s {
			return true
		}
		seen[next] = true
	}
	return false
}
