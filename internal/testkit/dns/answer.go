package dns

import (
	"net"
	"net/netip"

	wire "github.com/miekg/dns"
)

// Answer is what a name has, and how it is told. The zero Answer is that of a name that exists and
// has nothing.
type Answer struct {
	Addresses []string  // IPv4 and IPv6, in this order
	Alias     string    // the name has a CNAME record, which the answer follows as far as this server knows
	Services  []Service // SRV records
	TTL       uint32    // of every record, in seconds; 0: 600, as Docker's name server says of all
	Rcode     int       // such as dns.RcodeServerFailure, instead of all that

	Silent    bool // there is no answer
	Forged    bool // messages that nobody should believe come before it, see ForgedAddress
	Truncated bool // over UDP there is nothing but the advice to ask over TCP
}

// Service is one SRV record.
type Service struct {
	Target           string // a host
	Port             uint16
	Priority, Weight uint16
	Additional       bool // the addresses of the target come with the answer
}

// ForgedAddress is what forged answers give every name.
const ForgedAddress = "203.0.113.66"

// headerSize is that of a message, before its question (RFC 1035, section 4.1.1).
const headerSize = 12

// defaultTTL is what Docker's name server says of all names.
const defaultTTL = 600

// reply makes the answer to a query; under mu.
func (s *Server) reply(query *wire.Msg) *wire.Msg {
	reply := new(wire.Msg).SetReply(query)
	reply.RecursionAvailable = true
	q := query.Question[0]
	name := q.Name
	for range 1 + len(s.answers) { // aliases may go round in a circle
		a, exists := s.answers[wire.CanonicalName(name)]
		if !exists {
			reply.Rcode = wire.RcodeNameError
			return reply
		}
		if a.Rcode != wire.RcodeSuccess {
			reply.Rcode = a.Rcode
			return reply
		}
		if a.Alias == "" {
			reply.Answer = append(reply.Answer, a.records(name, q.Qtype)...)
			reply.Extra = s.additional(a, q.Qtype)
			return reply
		}
		reply.Answer = append(reply.Answer, &wire.CNAME{Hdr: a.header(name, wire.TypeCNAME), Target: wire.Fqdn(a.Alias)})
		name = wire.Fqdn(a.Alias)
	}
	return reply
}

// records returns those of one type.
func (a Answer) records(name string, kind uint16) (records []wire.RR) {
	for _, text := range a.Addresses {
		addr := netip.MustParseAddr(text)
		switch {
		case kind == wire.TypeA && addr.Is4():
			records = append(records, &wire.A{Hdr: a.header(name, kind), A: net.IP(addr.AsSlice())})
		case kind == wire.TypeAAAA && addr.Is6():
			records = append(records, &wire.AAAA{Hdr: a.header(name, kind), AAAA: net.IP(addr.AsSlice())})
		}
	}
	if kind != wire.TypeSRV {
		return records
	}
	for _, srv := range a.Services {
		records = append(records, &wire.SRV{
			Hdr: a.header(name, kind), Priority: srv.Priority, Weight: srv.Weight, Port: srv.Port, Target: wire.Fqdn(srv.Target),
		})
	}
	return records
}

func (a Answer) header(name string, kind uint16) wire.RR_Header {
	ttl := a.TTL
	if ttl == 0 {
		ttl = defaultTTL
	}
	return wire.RR_Header{Name: name, Rrtype: kind, Class: wire.ClassINET, Ttl: ttl}
}

// additional returns the addresses of the targets that want that.
func (s *Server) additional(a Answer, kind uint16) (records []wire.RR) {
	if kind != wire.TypeSRV {
		return nil
	}
	for _, srv := range a.Services {
		if target := s.answers[wire.CanonicalName(srv.Target)]; srv.Additional {
			records = append(records, target.records(wire.Fqdn(srv.Target), wire.TypeA)...)
			records = append(records, target.records(wire.Fqdn(srv.Target), wire.TypeAAAA)...)
		}
	}
	return records
}

// forge sends what an attacker might: an answer with another id, one to another question, one
// that is no answer, one that is cut short, noise, and over UDP the perfect answer from another
// port.
func forge(w wire.ResponseWriter, query *wire.Msg, tcp bool) {
	name := query.Question[0].Name
	good := new(wire.Msg).SetReply(query)
	good.RecursionAvailable = true
	good.Answer = Answer{Addresses: []string{ForgedAddress, "2001:db8::66"}}.records(name, query.Question[0].Qtype)

	otherID, otherName, otherType, noAnswer := good.Copy(), good.Copy(), good.Copy(), good.Copy()
	otherID.Id++
	otherName.Question[0].Name = "other." + name
	otherType.Question[0].Qtype = wire.TypeTXT
	noAnswer.Response = false
	for _, m := range []*wire.Msg{otherID, otherName, otherType, noAnswer} {
		_ = w.WriteMsg(m)
	}
	whole, err := good.Pack()
	if err != nil {
		return
	}
	promising := whole[:headerSize+len(name)+1+4] // announces records that it has not
	for _, part := range [][]byte{promising, whole[:len(whole)-3], whole[:len(whole)/2], whole[:5], {}} {
		_, _ = w.Write(part)
	}
	if !tcp {
		fromElsewhere(w.RemoteAddr().String(), whole)
	}
}

func fromElsewhere(to string, message []byte) {
	conn, err := net.Dial("udp", to)
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write(message)
}
