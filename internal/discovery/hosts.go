package discovery

import (
	"net/netip"
	"strings"
)

// hosts are the addresses of names as hosts(5) has them: names in lower case, without the dot at
// their end.
type hosts map[string][]netip.Addr

func parseHosts(text string) hosts {
	h := hosts{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, name := range fields[1:] {
			name = bare(name)
			h[name] = append(h[name], addr.Unmap())
		}
	}
	return h
}

// addresses returns those of a family that name has. Without a line for it, localhost is what RFC
// 6761, section 6.3, says.
func (h hosts) addresses(name string, family Family) (found []netip.Addr) {
	name = bare(name)
	all, ok := h[name]
	if !ok && (name == "localhost" || strings.HasSuffix(name, ".localhost")) {
		all = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	for _, a := range all {
		if family.has(a) {
			found = append(found, a)
		}
	}
	return found
}

func bare(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
