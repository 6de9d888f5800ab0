package balancer

import (
	"crypto/tls"
	"errors"
	"net"

	"relais/balancer/h1"
	"relais/balancer/tunnel"
	"relais/internal/steady"
)

// tunnelFailures says what the end of a tunnel is to the log and to the server's record.
var tunnelFailures = [...]failure{
	tunnel.Done:          failNone,
	tunnel.ClientAborted: failClientGone,
	tunnel.ServerAborted: failCut,
	tunnel.ClientSilent:  failClientSlow,
	tunnel.ServerSilent:  failStall,
	tunnel.Cut:           failKilled,
	tunnel.Panicked:      failInternal,
}

// relayTunnel passes a 101 on and then everything in both directions. A client that closes its
// sending side has not left.
func (x *exchange) relayTunnel() (failure, error) {
	if err := x.response.Switches(x.head); err != nil {
		return failJunk, err
	}
	edits, err := x.edit(x.frontend.responseEdits)
	if err != nil {
		return failInternal, err
	}
	x.client.WhileServedBy(nil)
	x.status, x.closing = x.response.Head.Status, true
	d := h1.Delivery{Edits: edits}
	x.remind(&d)
	x.relay = h1.AppendResponse(x.relay[:0], &x.response.Head, d)
	if f, err := x.deliver(x.relay); f != failNone {
		return f, err
	}
	t := x.tunnel()
	r := x.enlist(func() { t.Cut(errShutdown) })
	result := t.Run()
	return x.delist(r, tunnelFailures[result.End]), result.Err
}

// tunnel takes both connections from HTTP, which keeps no buffer of them.
func (x *exchange) tunnel() *tunnel.Tunnel {
	client, fromClient := x.client.Detach()
	server, fromServer := x.response.Detach()
	x.head, x.in = x.client.Head(), nil
	t := x.newTunnel(client.(tunnel.Conn), server)
	t.FromClient, t.FromServer = fromClient, fromServer
	return t
}

// newTunnel is what is left to do when nobody looks at the bytes. They are counted as they pass,
// for it may last for days.
func (x *stream) newTunnel(client tunnel.Conn, server net.Conn) *tunnel.Tunnel {
	f, s := x.frontend.Counters, &x.server.Counters
	t := &tunnel.Tunnel{
		Supply: &x.proxy.tunnels, Client: client, Server: end(server), Timeout: x.backend.tunnelTimeout,
		ToServer: func(n int) {
			x.tunnelIn += int64(n)
			f.BytesIn.Add(uint64(n))
			s.BytesIn.Add(uint64(n))
		},
		ToClient: func(n int) {
			x.tunnelOut += int64(n)
			f.BytesOut.Add(uint64(n))
			s.BytesOut.Add(uint64(n))
		},
		OnPanic: x.proxy.panicReporter(x.frontend.Name),
	}
	x.sight.tunnel.Store(true)
	x.sight.onCut(func() { t.Cut(errKilled) })
	return t
}

// errKilled is why a tunnel ends that an operator, or hard_stop_after, has ended.
var errKilled = errors.New("ended by an operator, or by hard_stop_after")

// end is a connection to a server as an end of a tunnel: the end of a stream is also told below
// TLS.
func end(conn net.Conn) tunnel.Conn {
	if above, ok := conn.(*tls.Conn); ok {
		return tlsEnd{above}
	}
	return conn.(tunnel.Conn)
}

type tlsEnd struct{ *tls.Conn }

// CloseWrite implements tunnel.Conn.
func (e tlsEnd) CloseWrite() error { return e.NetConn().(*steady.Conn).HalfClose(e.Conn) }
