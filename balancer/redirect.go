package balancer

import (
	"bytes"
	"net"
	"net/netip"

	"github.com/valyala/fasthttp"

	"relais/balancer/h1"
	"relais/internal/config"
)

var errNowhere = &h1.Fault{Status: 400, Name: "redirect_host", Reason: "no Host that a redirect to https could name"}

// redirect sends a client that came without TLS to the https URL of what it asked for, if that is
// what the frontend is for, and tells whether it has answered. Our own address would be no
// substitute for a Host that is missing: no certificate has it, and it is none of the client's
// business.
func (x *exchange) redirect() bool {
	if !x.frontend.redirectHTTPS || x.secure() {
		return false
	}
	x.local = true
	url, ok := x.head.AppendSecure(nil, x.frontend.securePort)
	if !ok {
		x.fail(failRequest, errNowhere)
		x.answerPage(failRequest)
		return true
	}
	x.frontend.Counters.Intercepted.Inc()
	x.status = fasthttp.StatusPermanentRedirect
	x.answerOwn("This address is only served over https.", "Location: "+string(url)+"\r\n")
	return true
}

// secure tells whether the client came over TLS, to us or to a proxy that may say so.
func (x *exchange) secure() bool {
	return x.client.Scheme() == "https" ||
		x.frontend.trusts(x.peer.Addr()) && bytes.EqualFold(x.head.ForwardedProto(), []byte("https"))
}

// trusts tells whether a peer may say who its client is. One without an address, on a unix
// socket, may not.
func (f *Frontend) trusts(peer netip.Addr) bool {
	for _, network := range f.trusted {
		if network.Contains(peer) {
			return true
		}
	}
	return false
}

// securePort is ":PORT" of the first bind with TLS whose address tells one; empty if that is the
// usual one, or if there is no such bind.
func securePort(binds []config.Bind) string {
	for i := range binds {
		if binds[i].TLS == nil {
			continue
		}
		switch _, port, err := net.SplitHostPort(binds[i].Address); {
		case err != nil || port == "0": // unix@, fd@, or for the system to choose
		case port == "443":
			return ""
		default:
			return ":" + port
		}
	}
	return ""
}
