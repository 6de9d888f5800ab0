package file

import (
	"fmt"
	"path/filepath"

	"relais/internal/config"
)

// beside joins a relative path to the folder of the file in which it stands.
func beside(line spot, path string) string {
	if path == "" {
		return path
	}
	return joined(filepath.Dir(line.in.name), path)
}

func joined(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// plainPaths joins the paths that are no config.Path, since nobody reads what is there: sockets,
// and the state, which the balancer writes.
func (d *decoder) plainPaths(cfg *config.Config) {
	cfg.StateFile = d.besideAt("state_file", cfg.StateFile)
	if cfg.AdminSocket != nil {
		cfg.AdminSocket.Path = d.besideAt("admin_socket.path", cfg.AdminSocket.Path)
	}
	for i, f := range cfg.Frontends {
		for j := range f.Bind {
			if path, ok := f.Bind[j].UnixPath(); ok {
				f.Bind[j].Address = "unix@" + d.besideAt(fmt.Sprintf("frontends[%d].bind[%d].address", i, j), path)
			}
		}
	}
	for i, b := range cfg.Backends {
		for j, s := range b.Servers {
			if path, ok := s.UnixPath(); ok {
				s.Address = "unix@" + d.besideAt(fmt.Sprintf("backends[%d].servers[%d].address", i, j), path)
			}
		}
	}
}

// besideAt does what beside does for the path that is the value at a place.
func (d *decoder) besideAt(at, path string) string { return beside(d.positions[at].line, path) }
