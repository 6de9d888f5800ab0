package app

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"relais/internal/config"
	"relais/internal/ctl"
	"relais/internal/listen"
	"relais/stats"
)

const (
	// soon is how long before its end a certificate is warned of.
	soon = 14 * 24 * time.Hour
	// expiryInterval is how often certificates are looked at.
	expiryInterval = 24 * time.Hour
)

// certificates are those that the listeners show to clients, as they were read: a renewed file
// counts from the next reload on. It is called under App.mu.
func (a *App) certificates() (shown []stats.Certificate) {
	for _, s := range a.binds {
		shown = append(shown, s.shown...)
	}
	if a.admin != nil {
		shown = append(shown, a.admin.shown...)
	}
	return shown
}

func shownCertificate(address string, file config.Path, leaf *x509.Certificate) stats.Certificate {
	names := slices.Clone(listen.HostNames(leaf))
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return stats.Certificate{Bind: address, Names: names, File: file.String(), NotAfter: leaf.NotAfter}
}

// expiry says what clients have against a certificate that ends then, or will have soon; empty:
// nothing.
func expiry(notAfter, now time.Time) string {
	switch left := notAfter.Sub(now); {
	case left < 0:
		return "the certificate has expired; clients will refuse it"
	case left <= soon:
		return "the certificate expires soon; renew it and reload"
	}
	return ""
}

// warnOfExpiry says that clients refuse certificates, or will soon. Not to serve at all would help
// nobody.
func (a *App) warnOfExpiry(shown []stats.Certificate, now time.Time) {
	for _, c := range shown {
		if words := expiry(c.NotAfter, now); words != "" {
			a.log.Warn().Str("cert", c.File).Str("bind", c.Bind).Str("names", strings.Join(c.Names, " ")).Time("not_after", c.NotAfter).Msg(words)
		}
	}
}

// showCertificates lists what certificates tells.
func (a *App) showCertificates(args []string, _ ctl.Note, say func(string, ...any)) error {
	if len(args) > 0 {
		return errArguments
	}
	a.mu.RLock()
	shown := a.certificates()
	a.mu.RUnlock()
	say("# file\tbind\tnot_after\tnames\n")
	for _, c := range shown {
		say("%s\t%s\t%s\t%s\n", c.File, c.Bind, c.NotAfter.UTC().Format(time.RFC3339), strings.Join(c.Names, " "))
	}
	return nil
}

// watchCertificates warns day by day.
func (a *App) watchCertificates(ctx context.Context) {
	ticker := time.NewTicker(expiryInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			a.mu.RLock()
			shown := a.certificates()
			a.mu.RUnlock()
			a.warnOfExpiry(shown, now)
		}
	}
}
