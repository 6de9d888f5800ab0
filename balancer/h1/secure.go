package h1

import (
	"bytes"
	"net/netip"
)

// AppendSecure appends the https URL of what the request asks for. port is ":PORT", or empty for
// the usual one. A client decides about the path and the query, which go on as they came, and
// about the name of the host, but never about where that ends. ok is false if the request names
// no host, or none that can stand in a URL.
func (h *Head) AppendSecure(dst []byte, port string) (url []byte, ok bool) {
	host, target := h.host, h.Target
	if a := h.authority(); a != nil {
		host = a
		target = target[bytes.Index(target, []byte("//"))+len("//")+len(a):]
	} else if string(target) == "*" {
		target = nil // of an empty path, a client makes OPTIONS * again (RFC 9112 3.2.4)
	}
	name := hostName(host)
	if name == nil {
		return dst, false
	}
	dst = append(append(append(dst, "https://"...), name...), port...)
	return append(dst, target...), true
}

// hostName is the host of HOST[:PORT], in brackets if it is an IPv6 address; nil if it is neither
// that nor made of what names in DNS are made of.
func hostName(b []byte) []byte {
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 || !validPort(b[end+1:]) {
			return nil
		}
		if ip, err := netip.ParseAddr(string(b[1:end])); err != nil || !ip.Is6() || ip.Zone() != "" {
			return nil
		}
		return b[:end+1]
	}
	name, port := b, []byte(nil)
	if i := bytes.IndexByte(b, ':'); i >= 0 {
		name, port = b[:i], b[i:]
	}
	if len(name) == 0 || !validPort(port) {
		return nil
	}
	for _, c := range name {
		if (c < '0' || c > '9') && (lower(c) < 'a' || lower(c) > 'z') && c != '-' && c != '.' && c != '_' {
			return nil
		}
	}
	return name
}

// validPort tells whether b is nothing, or a colon with digits behind it, if any (RFC 3986 3.2.3).
func validPort(b []byte) bool {
	return len(b) == 0 || b[0] == ':' && len(bytes.Trim(b[1:], "0123456789")) == 0
}
