package app

import (
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/listen"
	"relais/stats"
)

// bind translates a bind of the configuration, and reads its certificates.
func (a *App) bind(f *balancer.Frontend, c *config.Bind) (b listen.Bind, shown []stats.Certificate, err error) {
	b = listen.Bind{Address: c.Address, Mode: c.Mode, Slots: a.slotsOf(f), Inherited: a.inherited()}
	b.Refused = func(peer net.Addr, err error) {
		f.Counters.RequestErrors.Inc()
		a.log.Debug().Str("frontend", f.Name).Str("bind", c.Address).Stringer("peer", peer).Err(err).Msg("connection refused")
	}
	if c.AcceptProxy != nil {
		b.Proxy = &listen.Proxy{From: c.AcceptProxy.From}
	}
	if c.TLS == nil {
		return b, nil, nil
	}
	if b.TLS, shown, err = a.serverTLS(c.Address, c.TLS); err != nil {
		return b, nil, fmt.Errorf("listen on %s: %w", c.Address, err)
	}
	return b, shown, nil
}

// inherited are the sockets to listen on that the process was started with. A reload opens its own.
func (a *App) inherited() *listen.Sockets {
	if a.prepared == nil && a.admin == nil && len(a.binds) == 0 {
		return a.given
	}
	return nil
}

// slotsOf returns the slots of a frontend, which live as long as the balancer.
func (a *App) slotsOf(f *balancer.Frontend) *listen.Slots {
	slots := a.bindSlots[f.Name]
	if slots == nil {
		slots = listen.NewSlots(f.Maxconn)
		a.bindSlots[f.Name] = slots
	}
	return slots
}

// limitFrontends gives every frontend the maxconn that it is to have.
func (a *App) limitFrontends(t *balancer.Table) {
	for _, f := range t.Frontends {
		a.slotsOf(f).SetLimit(a.limitOf(f.Name, f.Maxconn))
	}
}

// serverTLS reads what a listener needs for TLS, and tells which certificates it shows.
func (a *App) serverTLS(address string, c *config.TLS) (settings *tls.Config, shown []stats.Certificate, err error) {
	var certificates []tls.Certificate
	for _, files := range c.Certificates {
		certificate, err := files.Load()
		if err != nil {
			return nil, nil, err
		}
		certificates = append(certificates, certificate)
		shown = append(shown, shownCertificate(address, files.Cert, certificate.Leaf))
		if begin := certificate.Leaf.NotBefore; time.Now().Before(begin) {
			a.log.Warn().Str("cert", files.Cert.String()).Time("not_before", begin).Msg("the certificate is not valid yet; clients will refuse it")
		}
	}
	a.warnOfExpiry(shown, time.Now())
	settings = listen.ServerTLS(certificates)
	if c.MinVersion == "1.3" {
		settings.MinVersion = tls.VersionTLS13
	}
	if c.ClientCA.None() {
		return settings, shown, nil
	}
	authorities, err := c.LoadClientCA()
	if err != nil {
		return nil, nil, err
	}
	settings.ClientCAs, settings.ClientAuth = authorities, tls.RequireAndVerifyClientCert
	if c.Verify == "optional" {
		settings.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return settings, shown, nil
}
