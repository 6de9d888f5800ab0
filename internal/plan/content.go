package plan

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"relais/internal/config"
)

// secret stands for what nobody is to see.
const secret = "(hidden)"

// isHidden tells whether the values of a key may hold a secret, or those of a header field or
// parameter of that name.
func isHidden(key, name string) bool {
	switch key {
	case "send":
		return true
	case "headers", "set_header", "add_header", "value", "prefix", "regex":
		name = strings.ToLower(name)
		return slices.ContainsFunc([]string{"authorization", "cookie", "token", "secret", "password", "key"}, func(part string) bool {
			return strings.Contains(name, part)
		})
	}
	return false
}

// contentOf stands for what is in a file that a configuration names below a key. Secrets and PEM
// files may end in a line end or not, which says nothing.
func contentOf(p config.Path, key string) string {
	if p.None() {
		return ""
	}
	var data any
	var err error
	switch key {
	case "error_files":
		data, err = p.LoadAnswer()
	case "file":
		data, err = (&config.Return{File: p}).Load()
	default:
		data, err = p.LoadSecret()
	}
	return fmt.Sprintf("%q %v", data, err)
}

// certificate compares two certificates that are read from the same file, or were.
func (d *differ) certificate(at place, a, b config.Certificate) {
	d.path(at.enter("key"), a.Key, b.Key)
	if contentOf(a.Cert, "cert") == contentOf(b.Cert, "cert") {
		return
	}
	from, to := describe(a), describe(b)
	if from == to {
		from, to = "", "has other content: "+to
	}
	d.add(at, Modify, from, to)
}

// describe says for which names a certificate is, and until when.
func describe(c config.Certificate) string {
	leaf := leafOf(c)
	if leaf == nil {
		return "cannot be read"
	}
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{leaf.Subject.CommonName}
	}
	if len(names) > 3 {
		names = append(names[:3:3], fmt.Sprintf("%d more", len(names)-3))
	}
	for i, name := range names {
		names[i] = quoted(name)
	}
	return strings.Join(names, " ") + " until " + leaf.NotAfter.UTC().Format(time.DateOnly)
}

// leafOf returns the certificate itself; nil: it cannot be read any more.
func leafOf(c config.Certificate) *x509.Certificate {
	pair, err := c.Load()
	if err != nil {
		return nil
	}
	return pair.Leaf
}
