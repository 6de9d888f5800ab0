// Package discovery follows names: it asks DNS which addresses they have, again and again, and
// tells when that has changed. Slots give the addresses to servers; what a server is beyond its
// address this package does not know.
package discovery

import (
	"errors"
	"net/netip"
	"strings"
	"time"
)

// ErrNoName is why a question had no addresses for an answer although a name server, or all that
// the search list makes of the name, said something definite: that the name does not exist, or
// that it has no address. Every other error means that nobody knows.
var ErrNoName = errors.New("no such name")

// Name is a name to follow. Host in lower case, Port and Family are what it is; two that differ in
// the rest only are one name.
type Name struct {
	Host     string        // no IP address; one that ends with a dot is not looked for in the search list
	Port     int           // of every address; 0: Host has SRV records (RFC 2782), which name ports
	Interval time.Duration // from an answer to the next question; 0: 1 s
	HonorTTL bool          // an answer whose TTL is longer is good for that long, at most 1 h
	Family   Family
}

// Family says which addresses are asked for.
type Family int

const (
	Any  Family = iota // IPv4 and IPv6
	IPv4               // A records
	IPv6               // AAAA records
)

// Endpoint is where a server is reached.
type Endpoint struct {
	Address netip.AddrPort
	Weight  int  // 1 to 256, of SRV records; 0: none is given
	Backup  bool // of an SRV record with a higher number for its priority than others: to be used when they fail
}

// Answer is what is known of a name.
type Answer struct {
	Endpoints []Endpoint // sorted by address, each address once; not to be changed
	At        time.Time  // when they were last what an answer said; zero: never
	Err       error      // what the last question came to, if not to these Endpoints; ErrNoName or a failure
	Cause     string     // of the last change, in words for the log: "web: 3 addresses (+172.18.0.5)"
}

// Options are how names are asked for, the same for all.
type Options struct {
	Servers    []netip.AddrPort // name servers, asked without a search list; none: what ResolvFile says
	Timeout    time.Duration    // of one question to one name server; 0: what ResolvFile says, or 2 s
	GoneAfter  int              // so many times "no such name" in a row, and the addresses are given up; 0: 3
	HostsFile  string           // empty: /etc/hosts
	ResolvFile string           // empty: /etc/resolv.conf

	// OnChange is told a name and its answer when its Endpoints have changed, or Err has come or
	// gone; nil: nobody is. There is one call at a time. It may not call Follow or Stop, nor wait
	// for a lock that is held around these: both wait for calls that are under way.
	OnChange func(Name, Answer)
}

const (
	defaultInterval  = time.Second
	defaultGoneAfter = 3
)

// key is what makes a name another one.
type key struct {
	host   string
	port   int
	family Family
}

func (n Name) key() key { return key{strings.ToLower(n.Host), n.Port, n.Family} }

// merge joins two wishes for one name: it is asked as often as the more impatient wants.
func (n Name) merge(o Name) Name {
	n.Interval = min(n.Interval, o.Interval)
	n.HonorTTL = n.HonorTTL && o.HonorTTL
	return n
}

// has tells whether addresses of this kind are asked for.
func (f Family) has(a netip.Addr) bool {
	return f == Any || (f == IPv6) == a.Is6()
}
