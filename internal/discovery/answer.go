package discovery

import (
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// canonical follows the aliases from name through the records of an answer (RFC 1034, section
// 3.6.2). It returns the name at their end, and their shortest life.
func canonical(records []dns.RR, name string) (string, time.Duration) {
	aliases := map[string]*dns.CNAME{}
	for _, rr := range records {
		if alias, ok := rr.(*dns.CNAME); ok {
			aliases[dns.CanonicalName(alias.Hdr.Name)] = alias
		}
	}
	ttl := longestTTL
	name = dns.CanonicalName(name)
	for range aliases { // and not for ever, if they go round in a circle
		alias, ok := aliases[name]
		if !ok {
			break
		}
		name, ttl = dns.CanonicalName(alias.Target), min(ttl, life(alias))
	}
	return name, ttl
}

// addressesOf returns the addresses among records that are name's, and their shortest life. Those
// that no server can have, such as the 0.0.0.0 of filters, are left out.
func addressesOf(records []dns.RR, name string) (addrs []netip.Addr, ttl time.Duration) {
	ttl = longestTTL
	for _, rr := range records {
		addr := addressOf(rr)
		if !addr.IsValid() || addr.IsUnspecified() || addr.IsMulticast() || dns.CanonicalName(rr.Header().Name) != name {
			continue
		}
		addrs, ttl = append(addrs, addr), min(ttl, life(rr))
	}
	return addrs, ttl
}

// addressOf returns the address that a record has; invalid: none.
func addressOf(rr dns.RR) netip.Addr {
	var ip []byte
	switch rr := rr.(type) {
	case *dns.A:
		ip = rr.A
	case *dns.AAAA:
		ip = rr.AAAA
	}
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}

// life is for how long a record is good.
func life(rr dns.RR) time.Duration {
	return min(time.Duration(rr.Header().Ttl)*time.Second, longestTTL)
}
