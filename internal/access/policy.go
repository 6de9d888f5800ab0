package access

import (
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"net/netip"
	"slices"
)

// User is one of those who may log in.
type User struct {
	Name string // without colons, which Basic authentication ends names at
	Hash []byte // as LoadHash returns it
	Role Role
}

// Policy is what the configuration says about the admin listener. Guards keep it: it must not be
// changed once it has been given to one.
type Policy struct {
	Users        []User         // with names of their own; none: everybody may read, and nobody may change anything
	MetricsFrom  []netip.Prefix // networks whose hosts get metrics without a login
	MetricsToken []byte         // gets metrics without a login, as LoadToken returns it; empty: there is none
	Hosts        []string       // the listener's names besides addresses and localhost: stats.hosts and the machine's own

	Bind string // where it listens, HOST:PORT; for Warnings
	TLS  bool   // it speaks TLS; for Warnings
}

// Warnings says what the log should when the policy comes into force: what works and is unwise,
// and what has no effect.
func (p *Policy) Warnings() (texts []string) {
	if len(p.Users) > 0 && !p.TLS && !loopback(p.Bind) {
		texts = append(texts, fmt.Sprintf(
			"stats.users: passwords go over the wire in clear text on %s; use stats.tls, or let stats.bind be 127.0.0.1", p.Bind))
	}
	if len(p.Users) == 0 && (len(p.MetricsFrom) > 0 || len(p.MetricsToken) > 0) {
		texts = append(texts, "stats.metrics_from and stats.metrics_token_file restrict nothing without stats.users: everybody who reaches "+p.Bind+" may read")
	}
	return texts
}

func loopback(bind string) bool {
	name, _, ok := splitHost(bind)
	addr, err := netip.ParseAddr(name)
	return ok && (name == localhost || err == nil && addr.Unmap().IsLoopback())
}

// policy is a Policy made ready for requests.
type policy struct {
	users  []User
	byName map[string]*User
	nobody maphash.Seed // chooses the stand-ins of unknown users
	from   []netip.Prefix
	token  [sha256.Size]byte
	tokens bool // there is a token
	hosts  []string
}

func compile(p Policy, nobody maphash.Seed) *policy {
	c := &policy{
		users: p.Users, byName: map[string]*User{}, nobody: nobody,
		from: p.MetricsFrom, token: sha256.Sum256(p.MetricsToken), tokens: len(p.MetricsToken) > 0,
		hosts: []string{localhost},
	}
	for i := range p.Users {
		c.byName[p.Users[i].Name] = &p.Users[i]
	}
	for _, host := range p.Hosts {
		if name, _, ok := splitHost(host); ok {
			c.hosts = append(c.hosts, name)
		}
	}
	return c
}

// user finds who is called name. Somebody unknown gets a stand-in, always the same one, whose
// password is computed in his place: that costs what a user's costs, whatever that is.
func (p *policy) user(name string) (u *User, known bool) {
	if u, known = p.byName[name]; known {
		return u, true
	}
	return &p.users[maphash.String(p.nobody, name)%uint64(len(p.users))], false
}

// answersTo says whether the listener goes by the name in a Host field. Addresses are names of
// its own, since no DNS server can turn them into another listener's.
func (p *policy) answersTo(host string) bool {
	name, _, ok := splitHost(host)
	if !ok {
		return false
	}
	_, err := netip.ParseAddr(name)
	return err == nil || slices.Contains(p.hosts, name)
}

// scrapes says whether a host gets metrics for its address.
func (p *policy) scrapes(peer netip.Addr) bool {
	peer = peer.Unmap().WithZone("")
	return slices.ContainsFunc(p.from, func(net netip.Prefix) bool { return net.Contains(peer) })
}
