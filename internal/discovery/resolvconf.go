package discovery

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	mostServers = 3 // as many as the C library asks
	mostSearch  = 32
	// defaultTimeout is shorter than the C library's 5 s: a name server is near, and the one that
	// answers is asked first from then on.
	defaultTimeout = 2 * time.Second
)

// resolvConf is what resolv.conf(5) says of name servers. The search list is only what it says,
// nothing is made of the host's own name.
type resolvConf struct {
	servers  []netip.AddrPort // at least one
	search   []string         // with a dot at their ends
	ndots    int              // a name with so many dots is first asked for as it is
	timeout  time.Duration
	attempts int // rounds through the servers
}

func parseResolvConf(text string) resolvConf {
	c := resolvConf{ndots: 1, timeout: defaultTimeout, attempts: 2}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(line, ";") || strings.HasPrefix(line, "#") {
			continue
		}
		switch fields[0] {
		case "nameserver":
			c.addServer(fields[1])
		case "domain":
			c.setSearch(fields[1:2])
		case "search":
			c.setSearch(fields[1:])
		case "options":
			c.setOptions(fields[1:])
		}
	}
	if len(c.servers) == 0 {
		c.addServer("127.0.0.1")
		c.addServer("::1")
	}
	return c
}

// candidates are the names to ask for when somebody says host, in order.
func (c *resolvConf) candidates(host string) (names []string) {
	if dns.IsFqdn(host) {
		return valid(host)
	}
	asItIs := dns.Fqdn(host)
	early := strings.Count(host, ".") >= c.ndots
	if early {
		names = append(names, asItIs)
	}
	for _, domain := range c.search {
		names = append(names, asItIs+strings.TrimPrefix(domain, "."))
	}
	if !early {
		names = append(names, asItIs)
	}
	return valid(names...)
}

func (c *resolvConf) addServer(text string) {
	addr, err := netip.ParseAddr(text)
	if err == nil && len(c.servers) < mostServers {
		c.servers = append(c.servers, netip.AddrPortFrom(addr, 53))
	}
}

// setSearch takes the place of what an earlier line said.
func (c *resolvConf) setSearch(domains []string) {
	c.search = nil
	for _, d := range domains[:min(len(domains), mostSearch)] {
		c.search = append(c.search, valid(dns.Fqdn(d))...)
	}
}

func (c *resolvConf) setOptions(options []string) {
	for _, option := range options {
		name, value, _ := strings.Cut(option, ":")
		n, err := strconv.Atoi(value)
		if err != nil {
			continue
		}
		switch name {
		case "ndots":
			c.ndots = min(max(n, 0), 15)
		case "timeout":
			c.timeout = time.Duration(min(max(n, 1), 30)) * time.Second
		case "attempts":
			c.attempts = min(max(n, 1), 5)
		}
	}
}

// valid returns the names that can be asked for.
func valid(names ...string) (good []string) {
	for _, name := range names {
		if _, ok := dns.IsDomainName(name); ok {
			good = append(good, name)
		}
	}
	return good
}
