package balancer

import (
	"bytes"
	"strconv"
)

// AppendValue implements route.Values.
func (x *exchange) AppendValue(dst []byte, variable string) []byte {
	switch variable {
	case "client_ip":
		return x.peer.Addr().AppendTo(dst)
	case "client_port":
		if x.peer.IsValid() {
			return strconv.AppendUint(dst, uint64(x.peer.Port()), 10)
		}
	case "request_id":
		return append(dst, x.id[:]...)
	case "host":
		return append(dst, x.head.Name()...)
	case "path":
		if path := x.asked().Path(); bytes.HasPrefix(path, []byte("/")) { // not OPTIONS *
			return append(dst, path...)
		}
	case "query":
		return append(dst, x.asked().Query()...)
	case "method":
		return append(dst, x.head.Method...)
	case "scheme":
		return append(dst, x.scheme()...)
	case "tls_version":
		version, _ := x.client.TLS()
		return append(dst, version...)
	case "tls_cipher":
		_, cipher := x.client.TLS()
		return append(dst, cipher...)
	case "frontend":
		return append(dst, x.frontend.Name...)
	case "backend":
		return append(dst, x.backend.Name...)
	case "server":
		return append(dst, x.server.Name...)
	case "status":
		return strconv.AppendInt(dst, int64(x.response.Head.Status), 10)
	}
	return dst
}

// scheme is that of the URL that the client has asked for.
func (x *exchange) scheme() string {
	if x.secure() {
		return "https"
	}
	return "http"
}
