package app

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"relais/balancer"
	"relais/healthcheck"
	"relais/internal/ctl"
	"relais/internal/operate"
	"relais/stats"
)

// Servers implements ctl.Balancer.
func (c control) Servers() (all []ctl.Server) {
	now := time.Now()
	for _, b := range c.proxy.Table().Backends {
		for _, s := range b.Servers {
			all = append(all, c.server(b, s, now))
		}
	}
	return all
}

func (c control) server(b *balancer.Backend, s *balancer.Server, now time.Time) ctl.Server {
	row := c.figures.serverRow(b, s, now)
	id := healthcheck.ID{Backend: b.Name, Server: s.Name}
	orders, settings := s.Orders(), s.Config()
	idle, used := s.Conns()
	fresh := s.Disabled() && orders.State == "" // as it began
	v := ctl.Server{
		Name: ctl.Name{Backend: b.Name, Server: s.Name}, BackendID: b.IID, ID: s.SID(), Mode: b.Mode,
		HostName: s.HostName(), TLS: settings.TLS != nil, Dynamic: s.Dynamic(),
		Weight: s.Weight(), InitialWeight: s.InitialWeight(),
		Up: row.Health != stats.Down, Starting: s.Share() < 100, NoLB: s.NoLB(),
		Maint: orders.State == "maint" || fresh && s.Dynamic(), Drain: orders.State == "drain", Disabled: fresh && !s.Dynamic(), Tracks: settings.Track,
		Unresolved: s.Unresolved(), LastChange: row.LastChange,
		CheckAddress: settings.CheckAddress, CheckPort: settings.CheckPort, AgentAddress: settings.AgentAddress, AgentPort: settings.AgentPort,
		Served: s.Served(), Used: used, Idle: idle, NeedEstimate: used,
	}
	v.Address, v.Port, v.Path = splitAddress(s.Address())
	if strings.HasPrefix(v.HostName, "_") {
		v.SRV, v.HostName = v.HostName, ""
	}
	if status, ok := c.checks.Status(b.Name, s.Name); ok {
		v.Check = &ctl.Check{Status: string(status.Last.Status), Passed: status.Last.OK, Level: status.Level, Running: status.Running, Enabled: !status.Paused}
	}
	if status, ok := c.agents.Status(b.Name, s.Name); ok {
		v.Agent = &ctl.Check{Status: string(status.Last.Status), Passed: status.Up, Level: row.Agent.Level, Running: status.Running, Enabled: !status.Paused}
	}
	if leader, follows := c.healths.leader(id); follows {
		if l := c.proxy.Table().Server(leader.Backend, leader.Server); l != nil {
			v.TrackedMaint = l.Maintenance()
		}
	}
	return v
}

// splitAddress splits the address of a server into IP and port, or the path of a unix socket.
func splitAddress(address string) (ip string, port int, path string) {
	if path, ok := strings.CutPrefix(address, "unix@"); ok {
		return "", 0, path
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, ""
	}
	port, _ = strconv.Atoi(text)
	return host, port, ""
}

// Orders implements ctl.Balancer.
func (c control) Orders() (all []ctl.Order) {
	for _, o := range c.journal.Orders() {
		on := o.Object.String()
		if o.Object.Server != "" {
			on = o.Object.Backend + "/" + o.Object.Server
		}
		all = append(all, ctl.Order{Object: on, What: fmt.Sprintf("%s %s", o.Key, o.Value), By: o.By, At: o.At, Reason: o.Reason, Until: o.Until})
	}
	return all
}

// ordersAbout returns what operators have set on a server, the latest last.
func (a *App) ordersAbout(backend, server string) (list []stats.Order) {
	for _, key := range []operate.Key{operate.State, operate.Weight, operate.Maxconn} {
		if o, ok := a.journal.Order(operate.Object{Backend: backend, Server: server}, key); ok {
			list = append(list, stats.Order{What: fmt.Sprintf("%s %s", o.Key, o.Value), By: o.By, At: o.At, Reason: o.Reason, Until: o.Until})
		}
	}
	slices.SortStableFunc(list, func(a, b stats.Order) int { return a.At.Compare(b.At) })
	return list
}

// Streams implements ctl.Balancer.
func (c control) Streams() (all []ctl.Stream) {
	for _, s := range c.proxy.Streams() {
		v := ctl.Stream{
			ID: fmt.Sprintf("%#x", s.ID), Proto: "unix_stream", Frontend: s.Frontend.Name,
			Began: s.Began, Requests: s.Requests, Generation: s.Generation, Tunnel: s.Tunnel,
		}
		if s.Began.IsZero() {
			v.Began = s.Opened
		}
		if s.Peer.IsValid() {
			v.Source, v.Proto = s.Peer.String(), "tcpv6"
			if s.Peer.Addr().Is4() {
				v.Proto = "tcpv4"
			}
		}
		if s.Backend != nil {
			v.Backend = s.Backend.Name
		}
		if s.Server != nil {
			v.Server = s.Server.Name
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b ctl.Stream) int { return a.Began.Compare(b.Began) })
	return all
}

// Refusals implements ctl.Balancer.
func (c control) Refusals() (all []ctl.Refusal) {
	for _, f := range c.proxy.Table().Frontends {
		r, ok := f.LastRefusal()
		if !ok {
			continue
		}
		v := ctl.Refusal{
			At: r.Time, Frontend: f.Name, FrontID: f.IID, BackID: -1, ServerID: -1, Number: r.Number,
			Reason: r.Reason, Text: r.Head, Position: r.At, Source: "unix:1",
		}
		if r.Peer.IsValid() {
			v.Source = r.Peer.String()
		}
		all = append(all, v)
	}
	for _, b := range c.proxy.Table().Backends {
		r, ok := b.LastRefusal()
		if !ok {
			continue
		}
		v := ctl.Refusal{
			At: r.Time, Answer: true, Backend: b.Name, BackID: b.IID, Frontend: r.Frontend, FrontID: -1, Server: r.Server, ServerID: -1, Number: r.Number,
			Reason: r.Reason, Text: r.Head, Position: r.At, Source: "unix:1",
		}
		if f := c.proxy.Table().Frontend(r.Frontend); f != nil {
			v.FrontID = f.IID
		}
		if s := c.proxy.Table().Server(b.Name, r.Server); s != nil {
			v.ServerID = s.SID()
		}
		if r.Peer.IsValid() {
			v.Source = r.Peer.String()
		}
		all = append(all, v)
	}
	return all
}

// Environ implements ctl.Balancer. What looks like a secret is not shown.
func (c control) Environ() []string {
	env := os.Environ()
	for i, line := range env {
		name, _, _ := strings.Cut(line, "=")
		for _, word := range []string{"PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN"} {
			if strings.Contains(strings.ToUpper(name), word) {
				env[i] = name + "=<hidden>"
			}
		}
	}
	return env
}

func nameOfBackend(b *balancer.Backend) string {
	if b == nil {
		return "-"
	}
	return b.Name
}

func nameOfServer(s *balancer.Server) string {
	if s == nil {
		return "-"
	}
	return s.Name
}
