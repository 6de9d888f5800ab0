package access

import (
	"net/netip"
	"strconv"
	"strings"
)

const localhost = "localhost"

// splitHost splits what a Host field, an origin or a bind says: HOST, HOST:PORT, [IPv6]:PORT. The
// name comes in lower case and without a final dot, addresses in their usual form.
func splitHost(s string) (name, port string, ok bool) {
	if rest, bracket := strings.CutPrefix(s, "["); bracket {
		inner, after, closed := strings.Cut(rest, "]")
		addr, err := netip.ParseAddr(inner)
		if !closed || err != nil || !addr.Is6() || after != "" && after[0] != ':' {
			return "", "", false
		}
		name, port = addr.String(), strings.TrimPrefix(after, ":")
	} else {
		name, port, _ = strings.Cut(s, ":")
		name = strings.TrimSuffix(strings.ToLower(name), ".")
	}
	if port != "" {
		_, err := strconv.ParseUint(port, 10, 16)
		ok = err == nil
	} else {
		ok = true
	}
	return name, port, ok && name != ""
}

// originOf cuts the path from a URL.
func originOf(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return scheme + "://" + rest
}

// sameOrigin says whether an origin (RFC 6454 6.2) is the listener that the Host field names.
// Plain HTTP is no origin of changes over TLS. The other way round is: somebody in front of us may
// speak TLS for us.
func sameOrigin(origin, host string, tls bool) bool {
	scheme, authority, _ := strings.Cut(origin, "://")
	usual := map[string]string{"http": "80", "https": "443"}[scheme]
	if usual == "" || tls && scheme == "http" {
		return false
	}
	name, port, ok := splitHost(authority)
	hostName, hostPort, hostOK := splitHost(host)
	return ok && hostOK && name == hostName && orElse(port, usual) == orElse(hostPort, usual)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
