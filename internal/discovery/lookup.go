package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	maxEndpoints = 1000 // of a name
	// longestLookup bounds the questions of all kinds, to all servers, for all that the search list
	// makes of one name.
	longestLookup = 30 * time.Second
)

// lookup is one look at one name, with the settings of its beginning.
type lookup struct {
	client *client
	ctx    context.Context
	name   Name
	known  known
	conf   resolvConf
	hosts  hosts
}

// lookup finds the endpoints of n: in the hosts file, else in DNS.
func (c *client) lookup(ctx context.Context, n Name, k known) finding {
	ctx, cancel := context.WithTimeout(ctx, longestLookup)
	defer cancel()
	l := &lookup{client: c, ctx: ctx, name: n, known: k, conf: c.settings(), hosts: c.hosts.read()}
	if n.Port == 0 {
		return l.search(l.services)
	}
	if addrs := l.hosts.addresses(n.Host, n.Family); len(addrs) > 0 {
		return l.found("", 0, l.endpoints(addrs))
	}
	return l.search(l.addressed)
}

// search looks for what the search list makes of the name, until something is found. "No such
// name" takes that all of it is denied. Where the name was found before there it is, as long as
// nobody denies it: the rest of the list, where a wildcard may wait, is not asked when that fails.
func (l *lookup) search(find func(fqdn string) finding) finding {
	var denied, failed finding
	for _, fqdn := range l.conf.candidates(l.name.Host) {
		f := find(fqdn)
		switch {
		case f.err == nil:
			return f
		case errors.Is(f.err, ErrNoName):
			denied = f
			continue
		case failed.err == nil:
			failed = f
		}
		if fqdn == l.known.fqdn || l.ctx.Err() != nil {
			break
		}
	}
	switch {
	case failed.err != nil:
		return failed
	case denied.err != nil:
		return denied
	}
	return finding{err: fmt.Errorf("%q is no name that DNS can have", l.name.Host)}
}

// addressed finds the addresses of fqdn and gives them the port of the name.
func (l *lookup) addressed(fqdn string) finding {
	addrs, ttl, err := l.addresses(fqdn)
	if err != nil {
		return finding{err: err}
	}
	return l.found(fqdn, ttl, l.endpoints(addrs))
}

func (l *lookup) endpoints(addrs []netip.Addr) []Endpoint {
	endpoints := make([]Endpoint, len(addrs))
	for i, a := range addrs {
		endpoints[i].Address = netip.AddrPortFrom(a, uint16(l.name.Port))
	}
	return endpoints
}

// found puts endpoints in order, so that their order in the answer means nothing, and cuts what
// is too much.
func (l *lookup) found(fqdn string, ttl time.Duration, endpoints []Endpoint) finding {
	slices.SortFunc(endpoints, compare)
	endpoints = slices.CompactFunc(endpoints, func(a, b Endpoint) bool { return a.Address == b.Address })
	used := endpoints[:min(len(endpoints), maxEndpoints)]
	return finding{endpoints: used, unused: len(endpoints) - len(used), ttl: ttl, fqdn: fqdn}
}

// compare sorts by address. Of two endpoints with one address, the better comes first.
func compare(a, b Endpoint) int {
	switch {
	case a.Address != b.Address:
		return a.Address.Compare(b.Address)
	case a.Backup != b.Backup:
		if a.Backup {
			return 1
		}
		return -1
	}
	return b.Weight - a.Weight
}

// addresses asks for the addresses of fqdn, both kinds at once if both are wanted. One kind that
// fails makes a failure of it all, unless the other is there and the name has never had any of
// that kind: there are name servers that do not answer for AAAA.
func (l *lookup) addresses(fqdn string) ([]netip.Addr, time.Duration, error) {
	switch l.name.Family {
	case IPv4:
		return l.records(fqdn, dns.TypeA)
	case IPv6:
		return l.records(fqdn, dns.TypeAAAA)
	}
	var (
		kinds  = [2]uint16{dns.TypeA, dns.TypeAAAA}
		needed = [2]bool{l.known.ip4, l.known.ip6}
		addrs  [2][]netip.Addr
		ttls   [2]time.Duration
		errs   [2]error
		asking sync.WaitGroup
	)
	for i := range kinds {
		asking.Go(func() { addrs[i], ttls[i], errs[i] = l.records(fqdn, kinds[i]) })
	}
	asking.Wait()
	all := slices.Concat(addrs[0], addrs[1])
	for i, err := range errs {
		if isFailure(err) && (needed[i] || len(all) == 0) {
			return nil, longestTTL, err
		}
	}
	if len(all) == 0 {
		return nil, longestTTL, errs[0]
	}
	return all, min(ttls[0], ttls[1]), nil
}

// records asks for the addresses of one kind. There is at least one, or an error.
func (l *lookup) records(fqdn string, kind uint16) ([]netip.Addr, time.Duration, error) {
	reply, server, err := l.client.ask(l.ctx, &l.conf, fqdn, kind)
	if err != nil {
		return nil, longestTTL, err
	}
	if reply.Rcode == dns.RcodeNameError {
		return nil, longestTTL, fmt.Errorf("%w (NXDOMAIN from %s)", ErrNoName, server)
	}
	name, ttl := canonical(reply.Answer, fqdn)
	addrs, own := addressesOf(reply.Answer, name)
	if len(addrs) == 0 {
		return nil, longestTTL, fmt.Errorf("%w with an address (empty answer from %s)", ErrNoName, server)
	}
	return addrs, min(ttl, own), nil
}

// isFailure tells an error after which nobody knows from none and from "no such name".
func isFailure(err error) bool { return err != nil && !errors.Is(err, ErrNoName) }
