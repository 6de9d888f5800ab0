package app

import (
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"relais/internal/access"
	"relais/internal/config"
	"relais/stats"
	"relais/stats/page"
	"relais/stats/page/explain"
)

// guardWith lets in whom a configuration lets in, from now on.
func (a *App) guardWith(cfg *config.Config) {
	c := &cfg.Stats
	policy := access.Policy{MetricsFrom: c.MetricsFrom, Hosts: c.Hosts, Bind: c.Bind, TLS: c.TLS != nil}
	if name, err := os.Hostname(); err == nil {
		policy.Hosts = append(policy.Hosts[:len(policy.Hosts):len(policy.Hosts)], name)
	}
	for _, u := range c.Users {
		hash, err := u.LoadHash()
		role, known := access.ParseRole(u.Role)
		if err != nil || known != nil { // which validation has refused
			a.log.Error().Str("user", u.Name).Msg("the user cannot be let in: no sound password or role")
			continue
		}
		policy.Users = append(policy.Users, access.User{Name: u.Name, Hash: hash, Role: role})
	}
	if token, err := c.LoadMetricsToken(); err == nil {
		policy.MetricsToken = token
	}
	a.guard.Update(policy)
	for _, warning := range policy.Warnings() {
		a.log.Warn().Msg(warning)
	}
}

// right is what a request wants to be allowed.
func right(path, method string) access.Right {
	switch {
	case method != fasthttp.MethodGet && method != fasthttp.MethodHead:
		return access.Operate
	case path == "/healthz" || path == "/readyz":
		return access.Open
	case path == "/metrics":
		return access.Metrics
	}
	return access.Read
}

// admit answers requests that are not allowed, and logs attempts to change something.
func (a *App) admit(ctx *fasthttp.RequestCtx, need access.Right) (access.Decision, bool) {
	d := a.guard.Decide(a.asked(ctx, need))
	a.audit(&d)
	if d.Allow {
		return d, true
	}
	for name, value := range d.Header {
		ctx.Response.Header.Set(name, value)
	}
	text(ctx, d.Status, d.Message+"\n")
	return d, false
}

// asked is what a decision about a request hangs on. It may be kept when ctx is gone.
func (a *App) asked(ctx *fasthttp.RequestCtx, need access.Right) access.Request {
	h := &ctx.Request.Header
	request := access.Request{
		Method: string(ctx.Method()), Path: string(ctx.Path()), Need: need, Peer: peerIP(ctx.RemoteAddr()), TLS: a.cfg.Load().Stats.TLS != nil,
		Host: string(h.Host()), Origin: string(h.Peek("Origin")), SecFetchSite: string(h.Peek("Sec-Fetch-Site")),
		Referer: string(h.Peek("Referer")), Authorization: string(h.Peek("Authorization")),
	}
	if need == access.Operate {
		request.Token = string(ctx.PostArgs().Peek("token"))
	}
	return request
}

// audit logs attempts to do what not everybody may. That a browser asks before it knows that it
// needs a password is not one.
func (a *App) audit(d *access.Decision) {
	if d.Audit == (access.Audit{}) {
		return
	}
	level := zerolog.WarnLevel
	if d.Status == fasthttp.StatusUnauthorized && d.Audit.Why == "no login" {
		level = zerolog.DebugLevel
	}
	a.log.WithLevel(level).Str("by", d.Audit.Who).Str("from", d.Audit.From).Str("what", d.Audit.What).Str("why", d.Audit.Why).
		Bool("allowed", d.Allow).Msg("admin listener: " + d.Audit.What)
}

func peerIP(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap()
}

// pageView is what somebody sees: who has the same sees the same.
type pageView struct {
	options stats.Options
	user    string // may change things; empty: nobody
}

func (a *App) viewOf(o stats.Options, who access.Decision) pageView {
	v := pageView{options: o}
	if who.Role == access.RoleOperate && a.cfg.Load().Stats.Admin {
		v.user = who.User
	}
	return v
}

func (a *App) pageOptions(v pageView) page.Options {
	o := page.Options{Options: v.options, Path: a.cfg.Load().Stats.Path, Metrics: "/metrics"}
	if a.memory != nil {
		o.Explain = explain.Path(o.Path)
	}
	if v.user != "" {
		o.Admin = &page.Admin{User: v.user, Token: a.guard.Token(v.user)}
	}
	return o
}

// isForm tells whether a request has the body that forms have.
func isForm(ctx *fasthttp.RequestCtx) bool {
	return strings.HasPrefix(string(ctx.Request.Header.ContentType()), "application/x-www-form-urlencoded")
}
