package config

import "fmt"

// uniqueNames refuses the second and each further use of a name in the list at path.
func (v *validator) uniqueNames(path string, names []string) {
	first := map[string]string{} // where a name is used
	for i, name := range names {
		at := fmt.Sprintf("%s[%d].name", path, i)
		if twin, used := first[name]; used && name != "" {
			v.faults = append(v.faults, Fault{at, fmt.Sprintf("another one is named %q already; write a different name", name), twin})
			continue
		}
		first[name] = at
	}
}

// uniqueBinds refuses each address that an earlier listener has.
func (v *validator) uniqueBinds(c *Config) {
	type listener struct{ addr, owner string }
	earlier := []listener{{c.Stats.Bind, "stats"}}
	if c.AdminSocket != nil {
		earlier = append(earlier, listener{"unix@" + c.AdminSocket.Path, "admin_socket"})
	}
	for i, f := range c.Frontends {
		for j, bind := range f.Bind {
			for _, e := range earlier {
				if sameBind(bind.Address, e.addr) {
					v.fault(fmt.Sprintf("frontends[%d].bind[%d].address", i, j), "%q is taken by %q of %s; write another %s",
						bind.Address, e.addr, e.owner, bind.kind())
					break
				}
			}
			earlier = append(earlier, listener{bind.Address, fmt.Sprintf("frontend %q", f.Name)})
		}
	}
}

func names[T any](list []T, name func(T) string) []string {
	all := make([]string, len(list))
	for i, item := range list {
		all[i] = name(item)
	}
	return all
}
