package balancer

import (
	"net/netip"
	"testing"

	"relais/balancer/h1"
	"relais/balancer/route"
)

// Every variable that may be written stands for something.
func TestEveryVariableIsKnown(t *testing.T) {
	x := &exchange{head: &h1.Head{Method: []byte("GET"), Target: []byte("/a?b")}, client: &h1.ClientConn{}}
	x.peer = netip.MustParseAddrPort("192.0.2.1:1234")
	x.frontend, x.backend, x.server = &Frontend{Name: "f"}, &Backend{Name: "b"}, &Server{Name: "s"}
	x.newID()
	x.response.Head.Status = 200
	for _, name := range route.Variables() {
		switch got := string(x.AppendValue(nil, name)); name {
		case "host", "tls_version", "tls_cipher": // shown where there are connections
		default:
			if got == "" {
				t.Errorf("{%s} is empty", name)
			}
		}
	}
	if got := string(x.AppendValue(nil, "client_port")); got != "1234" {
		t.Errorf("the port is %s", got)
	}
}
