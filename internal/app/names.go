package app

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"relais/healthcheck"
	"relais/internal/config"
	"relais/internal/discovery"
	"relais/stats"
)

// firstAnswers bounds how long a start waits for the addresses of names.
const firstAnswers = 3 * time.Second

// names knows which addresses the names of servers have. What it makes of them is under
// App.change.
type names struct {
	resolver *discovery.Resolver
	slots    map[healthcheck.ID][]discovery.Slot // by the server that stands for a name
	leaving  map[healthcheck.ID][]discovery.Slot // that still have something to do
	heard    map[string]bool                     // names that have been told of; for the resolver alone
}

// nameOf is the name that a server of the configuration is to follow; false: it has an address.
func nameOf(s *config.Server) (discovery.Name, bool) {
	if strings.HasPrefix(s.Address, "unix@") {
		return discovery.Name{}, false
	}
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		host, port = s.Address, "0" // of SRV records
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return discovery.Name{}, false
	}
	n, _ := strconv.Atoi(port)
	return discovery.Name{Host: host, Port: n, Interval: s.ResolveInterval, HonorTTL: s.HonorTTL}, true
}

// newNames returns names that asks as the configuration says. Its owner stops the resolver.
func (a *App) newNames(r config.Resolvers) *names {
	n := &names{slots: map[healthcheck.ID][]discovery.Slot{}, leaving: map[healthcheck.ID][]discovery.Slot{}, heard: map[string]bool{}}
	n.resolver = discovery.New(discovery.Options{Servers: nameservers(r), Timeout: r.Timeout, OnChange: func(name discovery.Name, answer discovery.Answer) {
		a.reportName(name, answer, n.hear(name))
	}})
	return n
}

func nameservers(r config.Resolvers) (servers []netip.AddrPort) {
	for _, text := range r.Nameservers {
		if a, err := config.ParseNameserver(text); err == nil { // as validation has found
			servers = append(servers, a)
		}
	}
	return servers
}

// renew has the addresses of names put in force, soon.
func (a *App) renew() {
	select {
	case a.renamed <- struct{}{}:
	default: // it is to be done already
	}
}

// follow asks for the names of all these configurations, as the last one says, and waits a moment
// for those that are new.
func (n *names) follow(all ...*parts) {
	resolvers := all[len(all)-1].file.Resolvers
	n.resolver.Ask(nameservers(resolvers), resolvers.Timeout)
	var want []discovery.Name
	known := map[healthcheck.ID]bool{}
	for _, p := range all {
		for _, b := range p.file.Backends {
			for _, s := range b.Servers {
				id := healthcheck.ID{Backend: b.Name, Server: s.Name}
				if name, ok := nameOf(p.asEdited(b, s)); ok {
					want, known[id] = append(want, name), true
				}
			}
		}
	}
	n.resolver.Follow(want)
	ctx, cancel := context.WithTimeout(context.Background(), firstAnswers)
	defer cancel()
	n.resolver.Wait(ctx)
	for id := range n.slots {
		if !known[id] {
			delete(n.slots, id)
			delete(n.leaving, id)
		}
	}
}

// expand returns the servers that a server of the configuration stands for: one for each address
// of its name with resolve all, else one on the first address. One that leaves and still has
// something to do, as busy tells, drains.
func (n *names) expand(b *config.Backend, s *config.Server, busy func(backend, server string) bool) []*config.Server {
	name, ok := nameOf(s)
	if !ok {
		return []*config.Server{s}
	}
	id := healthcheck.ID{Backend: b.Name, Server: s.Name}
	answer, _ := n.resolver.Answer(name)
	if s.Resolve != "all" {
		return []*config.Server{n.first(id, s, name, answer)}
	}
	slots := n.assign(b, id, answer.Endpoints, busy)
	var list []*config.Server
	for _, slot := range slots {
		list = append(list, resolved(s, slot, name))
	}
	for _, slot := range n.leaving[id] {
		left := resolved(s, slot, name)
		left.Leaving = true
		list = append(list, left)
	}
	if len(list) == 0 {
		none := new(*s)
		none.Host, none.Unresolved = name.Host, true
		list = append(list, none)
	}
	return list
}

// first follows one address as long as the name has it. As long as nothing is known, the system
// is asked for each connection.
func (n *names) first(id healthcheck.ID, s *config.Server, name discovery.Name, answer discovery.Answer) *config.Server {
	if len(answer.Endpoints) == 0 {
		return s
	}
	slot := discovery.Slot{Name: s.Name, Endpoint: answer.Endpoints[0]}
	if old := n.slots[id]; len(old) == 1 {
		if i := slices.IndexFunc(answer.Endpoints, func(e discovery.Endpoint) bool { return e.Address == old[0].Endpoint.Address }); i >= 0 {
			slot.Endpoint = answer.Endpoints[i]
		}
	}
	n.slots[id] = []discovery.Slot{slot}
	return resolved(s, slot, name)
}

func (n *names) assign(b *config.Backend, id healthcheck.ID, now []discovery.Endpoint, busy func(backend, server string) bool) []discovery.Slot {
	before := slices.Concat(n.slots[id], n.leaving[id])
	left := slices.DeleteFunc(before, func(slot discovery.Slot) bool {
		return hasAddress(now, slot.Endpoint.Address) || !busy(b.Name, slot.Name)
	})
	slots := discovery.Assign(slices.Concat(n.slots[id], n.leaving[id]), id.Server, now, func(taken string) bool {
		return taken != id.Server && serverOf(b, taken) != nil || slices.ContainsFunc(left, func(slot discovery.Slot) bool { return slot.Name == taken })
	})
	n.slots[id], n.leaving[id] = slots, left
	return slots
}

func hasAddress(endpoints []discovery.Endpoint, address netip.AddrPort) bool {
	return slices.ContainsFunc(endpoints, func(e discovery.Endpoint) bool { return e.Address == address })
}

func resolved(s *config.Server, slot discovery.Slot, name discovery.Name) *config.Server {
	r := new(*s)
	r.Name, r.Address, r.Host = slot.Name, slot.Endpoint.Address.String(), name.Host
	r.Backup = r.Backup || slot.Endpoint.Backup
	if slot.Endpoint.Weight > 0 {
		r.Weight = slot.Endpoint.Weight
	}
	return r
}

// settled tells whether something that left has nothing to do any more.
func (n *names) settled(busy func(backend, server string) bool) bool {
	for id, slots := range n.leaving {
		for _, slot := range slots {
			if !busy(id.Backend, slot.Name) {
				return true
			}
		}
	}
	return false
}

// expand returns the servers that a server of the configuration stands for now.
func (a *App) expand(b *config.Backend, s *config.Server) []*config.Server {
	return a.names.expand(b, s, a.busy)
}

// busy tells whether a server still has something to do.
func (a *App) busy(backend, server string) bool {
	if a.proxy == nil {
		return false
	}
	s := a.proxy.Table().Server(backend, server)
	return s != nil && s.Served() > 0
}

func (a *App) leavingSettled() bool {
	if !a.change.TryLock() {
		return false
	}
	defer a.change.Unlock()
	return a.names.settled(a.busy)
}

// hear tells whether a name has been told of before. Calls come one at a time.
func (n *names) hear(name discovery.Name) bool {
	key := fmt.Sprint(name.Host, ":", name.Port)
	before := n.heard[key]
	n.heard[key] = true
	return before
}

// reportName logs what has become of the addresses of a name. The first ones are no news.
func (a *App) reportName(name discovery.Name, answer discovery.Answer, again bool) {
	event := a.log.Info()
	if answer.Err != nil {
		event = a.log.Warn()
	}
	event.Str("name", name.Host).Int("addresses", len(answer.Endpoints)).Msg(answer.Cause)
	if again || answer.Err != nil {
		a.timeline.add(aboutName, stats.Happening{What: "addresses", Reason: answer.Cause, Trouble: answer.Err != nil})
	}
	a.renew()
}

// followNames puts changed addresses in force.
func (a *App) followNames(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.renamed:
		}
		a.change.Lock()
		if !a.isStopping() {
			if err := a.put(); err != nil {
				a.log.Error().Err(err).Msg("the addresses of names could not be put in force; the old ones hold on")
			}
		}
		a.change.Unlock()
	}
}
