package plan

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"relais/balancer/lb"
	"relais/internal/config"
)

// sample is how many keys are hashed.
const sample = 10_000

// keys counts the keys that get another server; nil: no hash decides now.
func (c *comparison) keys(now, next *config.Backend) *Keys {
	hasher := lb.NewHasher(now.Balance, now.Hash)
	if hasher == nil {
		return nil
	}
	k := &Keys{Sample: sample, Cannot: c.cannot(now, next)}
	if k.Cannot != "" {
		k.Sample = 0
		return k
	}
	nextHasher := lb.NewHasher(next.Balance, next.Hash)
	if now.Balance.Algorithm != next.Balance.Algorithm || now.Balance.Header != next.Balance.Header {
		k.AtOnce, k.Moved, k.Share, k.Why = sample, sample, 1, "other values decide, or none"
		return k
	}
	before := c.owners(now, hasher, c.lineupNow(now))
	atOnce := c.owners(next, nextHasher, c.lineupNext(next, unknown))
	finally := c.owners(next, nextHasher, c.lineupNext(next, unusable))
	for i, name := range before {
		if atOnce[i] != name {
			k.AtOnce++
		}
		if finally[i] != name {
			k.Moved++
		}
	}
	k.Share = float64(k.Moved) / sample
	return k
}

// cannot says why nobody can know beforehand where keys go.
func (c *comparison) cannot(now, next *config.Backend) string {
	for _, b := range []*config.Backend{now, next} {
		if b.Agent != nil {
			return "agents decide on weights too"
		}
		if slices.ContainsFunc(b.Servers, func(s *config.Server) bool { return s.Resolve == "all" }) {
			return "its servers are what a name resolves to"
		}
		for _, s := range b.Servers {
			if o, stands := c.standing[[2]string{b.Name + "/" + s.Name, "weight"}]; stands && b.Hash.Type == "map" && o.Value != "0" {
				return "an operator has set weights, which a hash of type map takes for what they were at first"
			}
		}
	}
	if slices.ContainsFunc(c.facts.Dynamic, func(s Server) bool { return s.Backend == now.Name }) {
		return "it has servers that were added at run time"
	}
	return ""
}

// member is a server as the algorithm gets to see it.
type member struct {
	name   string
	node   *lb.Server
	backup bool
	usable bool
	wanted bool // nobody has taken it out: it counts for panic_threshold
}

// lineupNow is the servers of a backend as they are now.
func (c *comparison) lineupNow(b *config.Backend) (members []member) {
	for i, s := range b.Servers {
		id := Server{b.Name, s.Name}
		members = append(members, member{
			name: s.Name, backup: s.Backup, usable: c.facts.Usable(b.Name, s.Name), wanted: !c.wasWithdrawn(id, s),
			node: &lb.Server{ID: i + 1, Weight: c.weightNow(id, s), Share: 100},
		})
	}
	return members
}

// lineupNext is the servers of a backend right after the reload, those included of which that is
// unknown; with after unusable it is what they will be when those that are new have come up.
func (c *comparison) lineupNext(b *config.Backend, least usability) (members []member) {
	for i, s := range b.Servers {
		id := Server{b.Name, s.Name}
		m := member{
			name: s.Name, backup: s.Backup, wanted: !c.isMaintained(id, s) && !c.isDrained(id, s),
			node: &lb.Server{ID: i + 1, Weight: c.weightNext(id, s), Share: 100},
		}
		m.usable = c.afterwards(b, s) >= unknown
		if least == unusable && m.wanted && !c.isIll(id) {
			m.usable = true
		}
		members = append(members, m)
	}
	return members
}

// isIll tells whether a server is down now although it should get requests: it is not going to
// come up because of a reload.
func (c *comparison) isIll(id Server) bool {
	old := c.now.servers[id]
	return old != nil && !c.wasWithdrawn(id, old) && !c.facts.Usable(id.Backend, id.Name)
}

// owners tells to which server each key of the sample belongs; empty: to none.
func (c *comparison) owners(b *config.Backend, h *lb.Hasher, members []member) []string {
	owners := make([]string, sample)
	algorithm, err := lb.New(b.Balance, b.Hash)
	if err != nil {
		return owners
	}
	algorithm.Reset(eligible(b, members))
	names := make(map[*lb.Server]string, len(members))
	for _, m := range members {
		names[m.node] = m.name
	}
	everybody := func(*lb.Server) bool { return true }
	for i := range owners {
		owners[i] = names[algorithm.Pick(key(h, b, i), time.Time{}, everybody)]
	}
	return owners
}

// eligible is the choice that the balancer makes before the algorithm: backups when nobody else is
// usable, and everybody below panic_threshold.
func eligible(b *config.Backend, members []member) (nodes []*lb.Server) {
	var up, wanted, backups []*lb.Server
	for _, m := range members {
		switch {
		case m.backup && m.usable && (b.AllBackups || len(backups) == 0):
			backups = append(backups, m.node)
		case m.backup:
		case m.wanted:
			wanted = append(wanted, m.node)
			if m.usable {
				up = append(up, m.node)
			}
		}
	}
	switch {
	case len(up)*100 < b.PanicThreshold*len(wanted):
		return wanted
	case len(up) == 0:
		return backups
	}
	return up
}

// key is a key of the sample: an address, a path or a name, in no order.
func key(h *lb.Hasher, b *config.Backend, i int) lb.Key {
	mixed := uint32(i+1) * 2654435761 // the golden ratio of 32 bits
	switch h.Kind() {
	case lb.Source:
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], mixed)
		return h.Source(netip.AddrFrom4(ip))
	case lb.URI:
		return h.URI(fmt.Appendf(nil, "/%x/%d", mixed, i))
	}
	value := fmt.Appendf(nil, "user-%x", mixed)
	if b.Hash.Function == "none" { // values are numbers
		value = strconv.AppendUint(nil, uint64(mixed), 10)
	}
	return h.Header(value, true)
}
