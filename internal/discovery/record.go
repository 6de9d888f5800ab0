package discovery

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// finding is what one question about a name came to.
type finding struct {
	endpoints []Endpoint    // sorted, each address once, at most maxEndpoints
	unused    int           // addresses beyond these
	ttl       time.Duration // at most longestTTL
	fqdn      string        // under which the name was found; empty: in the hosts file
	err       error         // ErrNoName or a failure; nil: endpoints are there
}

// known is what a question needs to know of the ones before it.
type known struct {
	fqdn     string // under which the name was found last
	ip4, ip6 bool   // which kinds of addresses it has had
}

// record is what is known of one name: the last good answer and what has come instead since.
//
// A failure (no answer, SERVFAIL, REFUSED, the network) says nothing of the name: the answer is
// kept for as long as it lasts. "No such name" and an answer without addresses do say something,
// but are also what a name server says for a moment while it restarts, or while the only container
// behind the name does: it takes goneAfter of them in a row until the addresses are given up.
type record struct {
	goneAfter int
	answer    Answer
	ttl       time.Duration
	fqdn      string
	failures  int // questions in a row that nobody answered
	denials   int // in a row, of the name
}

// take notes a finding about n; true: it is to be reported.
func (r *record) take(n Name, f finding, now time.Time) bool {
	switch {
	case f.err == nil:
		return r.accept(n, f, now)
	case errors.Is(f.err, ErrNoName):
		return r.deny(n.Host, f.err, now)
	}
	return r.fail(n.Host, f.err)
}

func (r *record) known() known {
	k := known{fqdn: r.fqdn}
	for _, e := range r.answer.Endpoints {
		k.ip4 = k.ip4 || e.Address.Addr().Is4()
		k.ip6 = k.ip6 || e.Address.Addr().Is6()
	}
	return k
}

func (r *record) accept(n Name, f finding, now time.Time) bool {
	before := r.answer
	r.failures, r.denials = 0, 0
	r.ttl, r.fqdn = f.ttl, f.fqdn
	r.answer.Endpoints, r.answer.At, r.answer.Err = f.endpoints, now, nil
	switch {
	case !slices.Equal(before.Endpoints, f.endpoints):
		r.answer.Cause = fmt.Sprintf("%s: %s (%s)", n.Host, f.count(), difference(before.Endpoints, f.endpoints, n.Port == 0))
	case before.Err != nil:
		r.answer.Cause = fmt.Sprintf("%s: answered again, still %s", n.Host, f.count())
	default:
		return false
	}
	return true
}

func (r *record) deny(host string, err error, now time.Time) bool {
	r.failures = 0
	r.denials++
	began := r.answer.Err == nil
	r.answer.Err = err
	if n := len(r.answer.Endpoints); n > 0 && r.denials >= r.goneAfter {
		r.answer.Endpoints, r.answer.At, r.fqdn = nil, now, ""
		r.answer.Cause = fmt.Sprintf("%s: %s, %s in a row; %s given up", host, err, count(r.denials, "time"), count(n, "address"))
		return true
	}
	if began {
		r.answer.Cause = fmt.Sprintf("%s: %s; %s", host, err, r.kept())
	}
	return began
}

func (r *record) fail(host string, err error) bool {
	r.denials = 0
	r.failures++
	began := r.answer.Err == nil
	r.answer.Err = err
	if began {
		r.answer.Cause = fmt.Sprintf("%s: %s; %s", host, err, r.kept())
	}
	return began
}

// kept tells what remains when a question is not answered.
func (r *record) kept() string {
	if len(r.answer.Endpoints) == 0 {
		return "it has no address yet"
	}
	return fmt.Sprintf("the answer of %s is kept", r.answer.At.Format(time.TimeOnly))
}

func (f *finding) count() string {
	s := count(len(f.endpoints), "address")
	if f.unused > 0 {
		s += fmt.Sprintf(" and %d more that are not used", f.unused)
	}
	return s
}

// difference names what has come and gone: "+10.0.0.3 -10.0.0.1".
func difference(before, after []Endpoint, ports bool) string {
	const most = 8 // that anybody wants to read
	changes := slices.Concat(missing("+", before, after, ports), missing("-", after, before, ports))
	if len(changes) == 0 {
		return "other weights"
	}
	if n := len(changes); n > most {
		changes = append(changes[:most], fmt.Sprintf("and %d more changes", n-most))
	}
	return strings.Join(changes, " ")
}

// missing lists the addresses of these that are not among others.
func missing(sign string, others, these []Endpoint, ports bool) (list []string) {
	there := make(map[netip.AddrPort]bool, len(others))
	for _, e := range others {
		there[e.Address] = true
	}
	for _, e := range these {
		switch {
		case there[e.Address]:
		case ports:
			list = append(list, sign+e.Address.String())
		default:
			list = append(list, sign+e.Address.Addr().String())
		}
	}
	return list
}

func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"):
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
