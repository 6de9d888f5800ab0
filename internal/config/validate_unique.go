package config

import "fmt"

// uniqueNames refuses the second and each further use of a name in the list at path.
func (v *validator) uniqueNames(path string, names []string) {
	seen := map[string]bool{}
	for i, name := range names {
		if seen[name] && name != "" {
			v.fault(fmt.Sprintf("%s[%d].name", path, i), "another one is named %q already; write a different name", name)
		}
		seen[name] = true
	}
}

// uniqueBinds refuses each address that an earlier listener has.
func (v *validator) uniqueBinds(c *Config) {
	type listener struct{ addr, owner string }
	earlier := []listener{{c.Stats.Bind, "stats"}}
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
