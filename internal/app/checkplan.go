package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"relais/balancer"
	"relais/balancer/dial"
	"relais/healthcheck"
	"relais/healthcheck/mysqlcheck"
	"relais/internal/config"
)

// checkPlan is what a configuration wants to be asked, with everything done that can fail.
type checkPlan struct {
	specs   []healthcheck.Spec
	agents  []healthcheck.AgentSpec
	leaders map[healthcheck.ID]healthcheck.ID // of the servers that follow another one
}

// planChecks reads what checks need: passwords, certificates, expressions.
func planChecks(cfg *config.Config, table *balancer.Table) (*checkPlan, error) {
	p := &checkPlan{}
	var err error
	if p.leaders, err = leadersOf(cfg); err != nil {
		return nil, err
	}
	for _, b := range cfg.Backends {
		for _, s := range b.Servers {
			if b.Agent != nil && !s.Unchecked && !s.Unresolved && !s.Leaving {
				p.agents = append(p.agents, agentSpec(b, s))
			}
			if !isChecked(b, s) {
				continue
			}
			spec, err := checkSpec(b, s, table.Server(b.Name, s.Name))
			if err != nil {
				return nil, fmt.Errorf("backend %s: health_check: %w", b.Name, err)
			}
			p.specs = append(p.specs, spec)
		}
	}
	return p, nil
}

func checkSpec(b *config.Backend, s *config.Server, server *balancer.Server) (healthcheck.Spec, error) {
	c := b.HealthCheck
	password, err := readPassword(c.PasswordFile)
	if err != nil {
		return healthcheck.Spec{}, err
	}
	open, key, err := checkDial(b, s, server)
	if err != nil {
		return healthcheck.Spec{}, err
	}
	spec := healthcheck.Spec{
		Backend: b.Name, Server: s.Name, Owner: s.Address, Inter: c.Inter, Fast: c.Fastinter, Down: c.Downinter, Timeout: c.Timeout,
		Rise: c.Rise, Fall: c.Fall, Initial: healthcheck.Initial(c.Initial),
		Observe: healthcheck.Observe(b.Observe), Limit: b.ErrorLimit, OnError: healthcheck.OnError(b.OnError),
	}
	asked := *c
	asked.TLS = nil // which is in key, and here no more than a pointer
	spec.Key = fmt.Sprintf("%s %+v %q", key, asked, password)
	if b.Mode == "tcp" && b.Observe != "" {
		spec.Observe = healthcheck.ObserveLayer4 // there is nothing else to see
	}
	spec.Probe, err = probe(c, s, open, password)
	return spec, err
}

func probe(c *config.HealthCheck, s *config.Server, open healthcheck.Dial, password string) (healthcheck.Probe, error) {
	switch c.Type {
	case "tcp":
		steps, err := checkSteps(c.Steps)
		return healthcheck.Steps(open, steps), err
	case "mysql":
		return mysqlcheck.New(open, c.User, password)
	case "redis":
		return healthcheck.Redis(open, c.User, password), nil
	}
	return httpProbe(c, s, open)
}

func httpProbe(c *config.HealthCheck, s *config.Server, open healthcheck.Dial) (healthcheck.Probe, error) {
	host := c.Host
	if strings.HasPrefix(s.Address, "unix@") && c.Version != "1.0" {
		host = cmp.Or(host, "localhost") // a path is no host
	}
	o := healthcheck.HTTPOptions{
		Address: named(s), Dial: open, Method: c.Method, Path: c.Path, Version: c.Version, Host: host,
		Headers: c.Headers, Body: c.Body, Expect: c.ExpectStatus.Contains,
		ExpectString: c.ExpectString, DisableOn404: c.DisableOn404,
	}
	var err error
	if o.ExpectRegex, err = expression(c.ExpectRegex); err != nil {
		return nil, err
	}
	for _, f := range c.ExpectHeader {
		rule := healthcheck.FieldRule{Name: f.Name, Value: f.Value, Prefix: f.Prefix, Absent: f.Absent}
		if rule.Regex, err = expression(f.Regex); err != nil {
			return nil, err
		}
		o.ExpectFields = append(o.ExpectFields, rule)
	}
	return healthcheck.HTTP(o), nil
}

// named is the address of a server with the name that it was resolved from, as the server knows it.
func named(s *config.Server) string {
	if s.Host == "" {
		return s.Address
	}
	return hostPort(s.Address, s.Host, 0)
}

func checkSteps(configured []config.Step) (steps []healthcheck.Step, err error) {
	for _, c := range configured {
		var step healthcheck.Step
		if step.Send, err = config.Unescape(c.Send); err != nil {
			return nil, err
		}
		if step.Expect, err = config.Unescape(c.Expect); err != nil {
			return nil, err
		}
		if step.Regex, err = expression(c.ExpectRegex); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// expression is nil for an empty one.
func expression(s string) (*regexp.Regexp, error) {
	if s == "" {
		return nil, nil
	}
	return regexp.Compile(s)
}

// readPassword reads a file whose last line may end as lines do. An empty path means no password.
func readPassword(path config.Path) (string, error) {
	if path.None() {
		return "", nil
	}
	password, err := path.LoadSecret()
	return string(password), err
}

// checkDial is how the checks of a server reach it, and a key that stands for that: as its traffic
// does, unless the checks have an address or TLS of their own.
func checkDial(b *config.Backend, s *config.Server, server *balancer.Server) (healthcheck.Dial, string, error) {
	c, to := b.HealthCheck, *s
	host, port := cmp.Or(s.CheckAddress, c.Address), cmp.Or(s.CheckPort, c.Port)
	elsewhere := host != "" || port != 0
	if elsewhere {
		to.Address = hostPort(s.Address, host, port)
		to.TLS, to.SendProxy = nil, ""
	}
	if c.TLS != nil {
		to.TLS = c.TLS
	}
	key := fmt.Sprint(to.Address, " ", to.SendProxy, " ", tlsKey(to.TLS))
	if !elsewhere && c.TLS == nil {
		return asTraffic(s, server), key, nil
	}
	mode := b.Mode
	if c.Type == "http" {
		mode = "http"
	}
	target, err := dial.New(&to, mode)
	if err != nil {
		return nil, "", err
	}
	return told(target.Check), key, nil
}

// asTraffic dials as the server's traffic does.
func asTraffic(s *config.Server, server *balancer.Server) healthcheck.Dial {
	if s.TLS == nil && s.SendProxy == "" && !strings.HasPrefix(s.Address, "unix@") {
		return healthcheck.DialTCP(s.Address)
	}
	return told(server.DialCheck)
}

// told translates what package dial says of a failed handshake.
func told(open func(context.Context) (net.Conn, error)) healthcheck.Dial {
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := open(ctx)
		if failed, ok := errors.AsType[*dial.HandshakeError](err); ok {
			err = &healthcheck.HandshakeError{Err: failed}
		}
		return conn, err
	}
}

// hostPort is the address of a server with another host, another port or both.
func hostPort(address, host string, port int) string {
	h, p, err := net.SplitHostPort(address)
	if err != nil {
		h, p = "localhost", "" // of a unix socket
	}
	if port != 0 {
		p = strconv.Itoa(port)
	}
	return net.JoinHostPort(cmp.Or(host, h), p)
}

func tlsKey(t *config.ServerTLS) string {
	if t == nil {
		return "plain"
	}
	return fmt.Sprintf("%+v", *t)
}

func agentSpec(b *config.Backend, s *config.Server) healthcheck.AgentSpec {
	address := hostPort(s.Address, cmp.Or(s.AgentAddress, b.Agent.Host), cmp.Or(s.AgentPort, b.Agent.Port))
	send := b.Agent.Send
	if s.AgentSend != nil {
		send = *s.AgentSend
	}
	return healthcheck.AgentSpec{
		Backend: b.Name, Server: s.Name, Dial: healthcheck.DialTCP(address), Key: address, Send: send, Inter: b.Agent.Inter,
	}
}
