package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func (v *validator) adminSocket(path string, a *AdminSocket) {
	switch {
	case a.Path == "" || strings.HasSuffix(a.Path, "/"):
		v.fault(path+".path", "lacks the path of a socket; write one, such as /run/relais/admin.sock")
	case strings.Contains(a.Path, "unix@"):
		_, bare, _ := strings.Cut(a.Path, "unix@")
		v.fault(path+".path", "unix@ is for binds and servers; write the path alone, %q", bare)
	default:
		v.refuse(path+".path", unixFault(a.Path))
	}
	v.oneOf(path+".level", a.Level, []string{"user", "operator", "admin"})
}

// stateFile looks at what can be known without writing: the file is replaced as a whole, so that
// its folder must be there, and nothing else may be in its place.
func (v *validator) stateFile(c *Config) {
	path := c.StateFile
	if path == "" {
		return
	}
	info, err := os.Stat(path)
	folder, folderErr := os.Stat(filepath.Dir(path))
	switch {
	case slices.ContainsFunc(c.Sources, func(s Source) bool { return filepath.Clean(s.Name) == filepath.Clean(path) }):
		v.fault("state_file", "%q is the configuration, which the state would replace; write another path", path)
	case err == nil && info.IsDir() || strings.HasSuffix(path, "/"):
		v.fault("state_file", "%q is a folder; write the path of a file in it, such as %q", path, filepath.Join(path, "relais.state"))
	case err == nil && !info.Mode().IsRegular():
		v.fault("state_file", "%q is no regular file; write another path, such as /var/lib/relais/state", path)
	case folderErr != nil:
		v.fault("state_file", "cannot use the folder %q: %s; create it, or write another path", filepath.Dir(path), cause(folderErr))
	case !folder.IsDir():
		v.fault("state_file", "%q is no folder; write another path, such as /var/lib/relais/state", filepath.Dir(path))
	}
}

func (v *validator) resolvers(r Resolvers) {
	for i, server := range r.Nameservers {
		if _, err := ParseNameserver(server); err != nil {
			v.fault(fmt.Sprintf("resolvers.nameservers[%d]", i), "%s", err)
		}
	}
	v.duration("resolvers.timeout", r.Timeout)
}
