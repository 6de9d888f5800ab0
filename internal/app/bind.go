package app

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/listen"
)

// bind translates a bind of the configuration, and reads its certificates.
func (a *App) bind(f *balancer.Frontend, c *config.Bind) (listen.Bind, error) {
	b := listen.Bind{Address: c.Address, Mode: c.Mode, Slots: a.slotsOf(f), Inherited: a.inherited()}
	b.Refused = func(peer net.Addr, err error) {
		f.Counters.RequestErrors.Inc()
		a.log.Debug().Str("frontend", f.Name).Str("bind", c.Address).Stringer("peer", peer).Err(err).Msg("connection refused")
	}
	if c.AcceptProxy != nil {
		b.Proxy = &listen.Proxy{From: c.AcceptProxy.From}
	}
	if c.TLS == nil {
		return b, nil
	}
	var err error
	if b.TLS, err = a.serverTLS(c.TLS); err != nil {
		return b, fmt.Errorf("listen on %s: %w", c.Address, err)
	}
	return b, nil
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

func (a *App) serverTLS(c *config.TLS) (*tls.Config, error) {
	var certificates []tls.Certificate
	for _, files := range c.Certificates {
		certificate, err := files.Load()
		if err != nil {
			return nil, err
		}
		a.warnOfDates(files.Cert, certificate.Leaf)
		certificates = append(certificates, certificate)
	}
	settings := listen.ServerTLS(certificates)
	if c.MinVersion == "1.3" {
		settings.MinVersion = tls.VersionTLS13
	}
	if c.ClientCA.None() {
		return settings, nil
	}
	authorities, err := c.LoadClientCA()
	if err != nil {
		return nil, err
	}
	settings.ClientCAs, settings.ClientAuth = authorities, tls.RequireAndVerifyClientCert
	if c.Verify == "optional" {
		settings.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return settings, nil
}

// warnOfDates says that clients will refuse a certificate. Not to start at all would help nobody.
func (a *App) warnOfDates(file config.Path, leaf *x509.Certificate) {
	switch now := time.Now(); {
	case now.After(leaf.NotAfter):
		a.log.Warn().Str("cert", file.String()).Time("not_after", leaf.NotAfter).Msg("the certificate has expired; clients will refuse it")
	case now.Before(leaf.NotBefore):
		a.log.Warn().Str("cert", file.String()).Time("not_before", leaf.NotBefore).Msg("the certificate is not valid yet; clients will refuse it")
	}
}
