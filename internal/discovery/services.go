package discovery

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// maxWeight is the heaviest that a server can be.
const maxWeight = 256

// target is where a host is that SRV records name.
type target struct {
	addrs []netip.Addr
	ttl   time.Duration
	err   error
}

// services finds what the SRV records of fqdn name (RFC 2782). Targets that do not exist, or have
// no address, are left out. One that fails makes a failure of it all, since what it stands for may
// be most of the service.
func (l *lookup) services(fqdn string) finding {
	reply, server, err := l.client.ask(l.ctx, &l.conf, fqdn, dns.TypeSRV)
	if err != nil {
		return finding{err: err}
	}
	if reply.Rcode == dns.RcodeNameError {
		return finding{err: fmt.Errorf("%w (NXDOMAIN from %s)", ErrNoName, server)}
	}
	name, ttl := canonical(reply.Answer, fqdn)
	records := servicesOf(reply.Answer, name)
	targets := l.targets(records, reply.Extra)
	for name, t := range targets {
		if isFailure(t.err) {
			return finding{err: fmt.Errorf("%s: %w", name, t.err)}
		}
		ttl = min(ttl, t.ttl)
	}
	endpoints := offered(records, targets)
	if len(endpoints) == 0 {
		return finding{err: fmt.Errorf("%w with a service (empty answer from %s)", ErrNoName, server)}
	}
	for _, srv := range records {
		ttl = min(ttl, life(srv))
	}
	return l.found(fqdn, ttl, endpoints)
}

// servicesOf returns the SRV records that are name's. A target that is the root says that there
// is no such service.
func servicesOf(records []dns.RR, name string) (services []*dns.SRV) {
	for _, rr := range records {
		srv, ok := rr.(*dns.SRV)
		if ok && dns.CanonicalName(srv.Hdr.Name) == name && srv.Port > 0 && srv.Target != "." {
			services = append(services, srv)
		}
	}
	return services
}

// targets finds the hosts that records name: among the additional records that came with them,
// which most servers send, in the hosts file, or by asking for them.
func (l *lookup) targets(records []*dns.SRV, additional []dns.RR) map[string]*target {
	targets := map[string]*target{}
	var asking sync.WaitGroup
	for _, srv := range records {
		name := dns.CanonicalName(srv.Target)
		if targets[name] != nil {
			continue
		}
		t := &target{ttl: longestTTL}
		targets[name] = t
		if t.addrs, t.ttl = l.wanted(addressesOf(additional, name)); len(t.addrs) > 0 {
			continue
		}
		if t.addrs = l.hosts.addresses(name, l.name.Family); len(t.addrs) > 0 {
			continue
		}
		asking.Go(func() { t.addrs, t.ttl, t.err = l.addresses(name) })
	}
	asking.Wait()
	return targets
}

// wanted leaves out addresses of a kind that is not asked for.
func (l *lookup) wanted(addrs []netip.Addr, ttl time.Duration) (wanted []netip.Addr, _ time.Duration) {
	for _, a := range addrs {
		if l.name.Family.has(a) {
			wanted = append(wanted, a)
		}
	}
	return wanted, ttl
}

// offered returns the endpoints that records and the addresses of their targets make. The lowest
// priority number that has an address comes first, the others are there for when it fails.
func offered(records []*dns.SRV, targets map[string]*target) (endpoints []Endpoint) {
	var heaviest, priority uint16 = 0, 1<<16 - 1
	for _, srv := range records {
		heaviest = max(heaviest, srv.Weight)
		if len(targets[dns.CanonicalName(srv.Target)].addrs) > 0 {
			priority = min(priority, srv.Priority)
		}
	}
	for _, srv := range records {
		for _, addr := range targets[dns.CanonicalName(srv.Target)].addrs {
			endpoints = append(endpoints, Endpoint{
				Address: netip.AddrPortFrom(addr, srv.Port),
				Weight:  scaled(srv.Weight, heaviest),
				Backup:  srv.Priority > priority,
			})
		}
	}
	return endpoints
}

// scaled returns a record's weight as that of a server. Weights that fit stay as they are, others
// shrink together. Zero among others that are not means "very little"; zero everywhere, nothing.
func scaled(weight, heaviest uint16) int {
	switch {
	case heaviest == 0:
		return 0
	case heaviest <= maxWeight:
		return max(1, int(weight))
	}
	return max(1, int(weight)*maxWeight/int(heaviest))
}
