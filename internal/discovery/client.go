package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// mostAtOnce bounds the questions under way, each of which has a socket.
const mostAtOnce = 64

// client asks name servers. It is safe for concurrent use.
type client struct {
	hosts    *file[hosts]
	conf     *file[resolvConf]
	exchange exchanger
	turns    chan struct{} // has an element for each question under way

	mu        sync.Mutex
	servers   []netip.AddrPort // none: those of conf
	timeout   time.Duration    // 0: that of conf
	preferred netip.AddrPort   // the server that answered last
}

func newClient(o Options, ask exchanger) *client {
	return &client{
		servers:  o.Servers,
		timeout:  o.Timeout,
		hosts:    newFile(cmp.Or(o.HostsFile, "/etc/hosts"), parseHosts),
		conf:     newFile(cmp.Or(o.ResolvFile, "/etc/resolv.conf"), parseResolvConf),
		exchange: ask,
		turns:    make(chan struct{}, mostAtOnce),
	}
}

// turnTo has other servers asked from now on.
func (c *client) turnTo(servers []netip.AddrPort, timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers, c.timeout = servers, timeout
}

// settings returns how to ask now.
func (c *client) settings() resolvConf {
	c.mu.Lock()
	servers, timeout := c.servers, c.timeout
	c.mu.Unlock()
	conf := parseResolvConf("")
	if len(servers) > 0 {
		conf.servers = servers
	} else {
		conf = c.conf.read()
	}
	conf.timeout = cmp.Or(timeout, conf.timeout)
	return conf
}

// ask asks one name server after the other for the records of name until one of them says
// something definite, first the one that has done so last. It returns the answer, which has rcode
// NOERROR or NXDOMAIN, and whose it is.
func (c *client) ask(ctx context.Context, conf *resolvConf, name string, kind uint16) (*dns.Msg, netip.AddrPort, error) {
	var last error
	servers := c.order(conf.servers)
	for range conf.attempts {
		for _, server := range servers {
			reply, err := c.try(ctx, conf.timeout, server, name, kind)
			if err == nil {
				c.prefer(server)
				return reply, server, nil
			}
			if ctx.Err() != nil {
				return nil, server, cmp.Or(last, err)
			}
			last = err
		}
	}
	return nil, netip.AddrPort{}, last
}

// order returns the servers, the preferred one first.
func (c *client) order(servers []netip.AddrPort) []netip.AddrPort {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(servers, c.preferred)
	if i <= 0 {
		return servers
	}
	return slices.Concat(servers[i:i+1], servers[:i], servers[i+1:])
}

func (c *client) prefer(server netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.preferred = server
}

// try asks one server, when it is its turn. One that does not know EDNS0 (RFC 6891, section 7) is
// asked without.
func (c *client) try(ctx context.Context, timeout time.Duration, server netip.AddrPort, name string, kind uint16) (*dns.Msg, error) {
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-ctx.Done():
		return nil, fmt.Errorf("ask %s: %w", server, ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	query := new(dns.Msg).SetQuestion(name, kind)
	query.SetEdns0(udpSize, false)
	reply, err := c.exchange(ctx, server, query)
	if err == nil && reply.Rcode == dns.RcodeFormatError {
		query.Extra, query.Id = nil, dns.Id()
		reply, err = c.exchange(ctx, server, query)
	}
	if err != nil {
		return nil, failure(err, server, timeout)
	}
	return reply, refusal(reply, server)
}

// failure says in few words why server has not answered. Two that are the same read the same.
func failure(err error, server netip.AddrPort, timeout time.Duration) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer from %s within %v", server, timeout)
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = errno
	}
	return fmt.Errorf("ask %s: %w", server, err)
}

// refusal tells why an answer is none; nil: it is one. A server that is neither asked on nor
// responsible, and names others that may be, knows nothing itself.
func refusal(reply *dns.Msg, server netip.AddrPort) error {
	switch {
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		return fmt.Errorf("%s from %s", cmp.Or(dns.RcodeToString[reply.Rcode], fmt.Sprint("rcode ", reply.Rcode)), server)
	case reply.Rcode == dns.RcodeSuccess && len(reply.Answer) == 0 && len(reply.Ns) > 0 && !reply.Authoritative && !reply.RecursionAvailable:
		return fmt.Errorf("nothing but a referral from %s", server)
	}
	return nil
}
