package discovery

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// udpSize is the largest answer over UDP that passes everywhere in one piece (DNS flag day 2020).
const udpSize = 1232

// exchanger asks a name server one question, until ctx ends.
type exchanger func(ctx context.Context, server netip.AddrPort, query *dns.Msg) (*dns.Msg, error)

// exchange asks over UDP, and over TCP when the answer does not fit (RFC 7766). Each question has
// a socket, and so a port, of its own.
func exchange(ctx context.Context, server netip.AddrPort, query *dns.Msg) (*dns.Msg, error) {
	reply, err := talk(ctx, "udp", server, query)
	if err != nil || !reply.Truncated {
		return reply, err
	}
	reply, err = talk(ctx, "tcp", server, query)
	if err == nil && reply.Truncated {
		return nil, errors.New("answer truncated over TCP")
	}
	return reply, err
}

// talk waits for an answer to query and for nothing else: what is malformed or answers another
// question may come from anybody who knows the port. That UDP comes from server the system sees
// to, since the socket is connected.
func talk(ctx context.Context, network string, server netip.AddrPort, query *dns.Msg) (*dns.Msg, error) {
	var dialer net.Dialer
	socket, err := dialer.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	defer socket.Close()
	defer context.AfterFunc(ctx, func() { _ = socket.Close() })()
	conn := &dns.Conn{Conn: socket, UDPSize: udpSize}
	if err := conn.WriteMsg(query); err != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	for {
		raw, err := conn.ReadMsgHeader(nil)
		if errors.Is(err, dns.ErrShortRead) {
			continue
		}
		if err != nil {
			return nil, cmp.Or(ctx.Err(), err)
		}
		if reply := replyTo(query, raw); reply != nil {
			return reply, nil
		}
	}
}

// replyTo returns raw as the answer to query that it is; nil: it is none. One that is truncated
// may end anywhere behind the question.
func replyTo(query *dns.Msg, raw []byte) *dns.Msg {
	reply := new(dns.Msg)
	err := reply.Unpack(raw)
	if reply.Id != query.Id || !reply.Response || reply.Opcode != dns.OpcodeQuery || len(reply.Question) != 1 {
		return nil
	}
	asked, answered := query.Question[0], reply.Question[0]
	if !strings.EqualFold(asked.Name, answered.Name) || asked.Qtype != answered.Qtype || asked.Qclass != answered.Qclass {
		return nil
	}
	announced := binary.BigEndian.Uint16(raw[6:]) // records; Unpack is content with fewer
	if !reply.Truncated && (err != nil || len(reply.Answer) != int(announced)) {
		return nil
	}
	return reply
}
