package access

import (
	"net/netip"
	"slices"
)

// Right is what a request needs. Its zero value is the strictest.
type Right uint8

// The rights.
const (
	Operate Right = iota // changes state
	Read                 // shows it: the page, CSV, JSON, explain, events
	Metrics              // for Prometheus, which may have other means than a user's
	Open                 // for everybody: alive, ready
)

// role is the least that a user needs for it.
func (r Right) role() Role {
	switch r {
	case Open:
		return RoleNone
	case Metrics, Read:
		return RoleRead
	default:
		return RoleOperate
	}
}

// methods are those that a request may have.
func (r Right) methods() []string {
	if r == Operate {
		return []string{"POST"}
	}
	return []string{"GET", "HEAD"}
}

// Request is what a decision hangs on. Fields that a client did not send are empty. Nothing of it
// is kept, so that its strings may be the caller's buffers.
type Request struct {
	Method string
	Path   string // for the audit, without the query
	Need   Right
	Peer   netip.Addr // who has connected
	TLS    bool       // over TLS

	// The fields of these names.
	Host, Origin, SecFetchSite, Referer, Authorization string

	Token string // of the form, where the page has put what Guard.Token returned
}

func (r *Request) fits() bool { return slices.Contains(r.Need.methods(), r.Method) }

// client is whom failures are counted against: an address, or the /64 that a host of IPv6 has to
// itself.
func client(peer netip.Addr) string {
	peer = peer.Unmap().WithZone("")
	if peer.Is6() {
		return netip.PrefixFrom(peer, 64).Masked().String()
	}
	return peer.String()
}
