package dial

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// header is the PROXY header of a connection for the client at from, which has connected to to.
// As in HAProxy, addresses of two families become two of IPv6; without both, the connection is
// the balancer's own: UNKNOWN or LOCAL.
func (t *Target) header(from, to netip.AddrPort) []byte {
	known := from.IsValid() && to.IsValid()
	src, dst := from.Addr().Unmap().WithZone(""), to.Addr().Unmap().WithZone("")
	if src.Is4() != dst.Is4() && known {
		src, dst = netip.AddrFrom16(src.As16()), netip.AddrFrom16(dst.As16())
	}
	from, to = netip.AddrPortFrom(src, from.Port()), netip.AddrPortFrom(dst, to.Port())
	if t.proxy == "v1" {
		return headerV1(from, to, known)
	}
	return headerV2(from, to, known)
}

func headerV1(from, to netip.AddrPort, known bool) []byte {
	if !known {
		return []byte("PROXY UNKNOWN\r\n")
	}
	family := "TCP6"
	if from.Addr().Is4() {
		family = "TCP4"
	}
	return fmt.Appendf(nil, "PROXY %s %s %s %d %d\r\n", family, from.Addr(), to.Addr(), from.Port(), to.Port())
}

// The parts of a binary header (PROXY protocol, section 2.2).
const (
	signature = "\r\n\r\n\x00\r\nQUIT\n"
	local     = 0x20 // version 2, command LOCAL
	proxied   = 0x21 // version 2, command PROXY
	tcp4      = 0x11
	tcp6      = 0x21
)

func headerV2(from, to netip.AddrPort, known bool) []byte {
	b := []byte(signature)
	if !known {
		return append(b, local, 0, 0, 0)
	}
	src, dst := from.Addr().AsSlice(), to.Addr().AsSlice()
	family := byte(tcp6)
	if len(src) == 4 {
		family = tcp4
	}
	b = append(b, proxied, family)
	b = binary.BigEndian.AppendUint16(b, uint16(2*len(src)+4))
	b = append(append(b, src...), dst...)
	b = binary.BigEndian.AppendUint16(b, from.Port())
	return binary.BigEndian.AppendUint16(b, to.Port())
}
