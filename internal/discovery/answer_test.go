package discovery

import (
	"net/netip"
	"testing"

	"github.com/miekg/dns"
)

func TestRefusal(t *testing.T) {
	server := netip.MustParseAddrPort(server1)
	ns := []dns.RR{&dns.NS{Hdr: dns.RR_Header{Name: "com."}, Ns: "a.gtld-servers.net."}}
	address := []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: "web."}}}
	tests := []struct {
		what  string
		reply dns.Msg
		want  string
	}{
		{"an address", dns.Msg{Answer: address}, ""},
		{"no such name", dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeNameError}}, ""},
		{"no address", dns.Msg{MsgHdr: dns.MsgHdr{RecursionAvailable: true}, Ns: ns}, ""},
		{"no address, from who must know", dns.Msg{MsgHdr: dns.MsgHdr{Authoritative: true}, Ns: ns}, ""},
		{"ask somebody else", dns.Msg{Ns: ns}, "nothing but a referral from 10.53.0.1:53"},
		{"refused", dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeRefused}}, "REFUSED from 10.53.0.1:53"},
		{"unknown", dns.Msg{MsgHdr: dns.MsgHdr{Rcode: 3000}}, "rcode 3000 from 10.53.0.1:53"},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			got := ""
			if err := refusal(&test.reply, server); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// A server may cut what does not fit wherever it likes, as long as it says so.
func TestReplyThatIsCut(t *testing.T) {
	query := new(dns.Msg).SetQuestion("web.", dns.TypeA)
	whole := new(dns.Msg).SetReply(query)
	whole.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: "web.", Rrtype: dns.TypeA, Class: dns.ClassINET}, A: []byte{10, 0, 0, 1}}}
	for _, truncated := range []bool{true, false} {
		whole.Truncated = truncated
		raw, err := whole.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if reply := replyTo(query, raw[:len(raw)-2]); (reply != nil) != truncated {
			t.Errorf("truncated %v: %v", truncated, reply)
		}
	}
}

// Whatever arrives, an answer has the id and the question of the query, and all its addresses are
// ones that a server can have.
func FuzzReply(f *testing.F) {
	query := new(dns.Msg).SetQuestion("web.", dns.TypeA)
	query.Id = 0x1234
	good := new(dns.Msg).SetReply(query)
	good.Answer = []dns.RR{
		&dns.CNAME{Hdr: dns.RR_Header{Name: "web.", Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 5}, Target: "app."},
		&dns.A{Hdr: dns.RR_Header{Name: "app.", Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 9}, A: []byte{10, 0, 0, 1}},
	}
	raw, err := good.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Add(raw[:5])
	f.Fuzz(func(t *testing.T, raw []byte) {
		reply := replyTo(query, raw)
		if reply == nil {
			return
		}
		if reply.Id != query.Id || len(reply.Question) != 1 || dns.CanonicalName(reply.Question[0].Name) != "web." {
			t.Fatalf("taken for an answer: %v", reply)
		}
		name, _ := canonical(reply.Answer, "web.")
		addrs, ttl := addressesOf(reply.Answer, name)
		for _, a := range addrs {
			if !a.IsValid() || a.Is4In6() || a.IsUnspecified() || a.IsMulticast() {
				t.Fatalf("address %v", a)
			}
		}
		if ttl < 0 || ttl > longestTTL {
			t.Fatalf("TTL %v", ttl)
		}
	})
}
