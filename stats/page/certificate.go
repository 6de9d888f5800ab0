package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"relais/stats"
)

// certificate is one that clients are shown.
type certificate struct {
	Names, Bind, File string
	Until             time.Time
	Left              string
	Level, Mark       string // warn or bad, and the same without colour; empty: it is good for long
}

// renewal is how long before its end a certificate should have been renewed.
const renewal = 14 * 24 * time.Hour

// newCertificates lists the certificates, those that end first first.
func newCertificates(s *stats.Snapshot) (list []certificate) {
	for _, c := range byEnd(s.Certificates) {
		out := certificate{Names: namesOf(c), Bind: c.Bind, File: c.File, Until: c.NotAfter.UTC(), Left: daysLeft(c, s.Now)}
		if out.Level = urgency(c, s.Now); out.Level != "" {
			out.Mark = mark(out.Level)
		}
		list = append(list, out)
	}
	return list
}

// certificateNotes are sentences about those that have ended and those that soon will.
func certificateNotes(s *stats.Snapshot) (bad, warn []string) {
	for _, c := range byEnd(s.Certificates) {
		name := namesOf(c)
		switch left := c.NotAfter.Sub(s.Now); urgency(c, s.Now) {
		case "bad":
			bad = append(bad, fmt.Sprintf("The certificate of %s on %s has expired %s ago", name, c.Bind, long(-left)))
		case "warn":
			warn = append(warn, fmt.Sprintf("The certificate of %s on %s expires in %s", name, c.Bind, long(left)))
		}
	}
	return bad, warn
}

// namesOf is what the certificate is good for. One that names nothing has its file.
func namesOf(c stats.Certificate) string {
	if len(c.Names) == 0 {
		return c.File
	}
	return strings.Join(c.Names, ", ")
}

func byEnd(all []stats.Certificate) []stats.Certificate {
	return slices.SortedStableFunc(slices.Values(all), func(a, b stats.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
}

func urgency(c stats.Certificate, now time.Time) string {
	switch left := c.NotAfter.Sub(now); {
	case left <= 0:
		return "bad"
	case left < renewal:
		return "warn"
	}
	return ""
}

func daysLeft(c stats.Certificate, now time.Time) string {
	switch left := c.NotAfter.Sub(now); {
	case left <= 0:
		return "expired"
	case left < 24*time.Hour:
		return long(left)
	default:
		return grouped(int64(left/(24*time.Hour))) + "\u00a0days"
	}
}
