package sticky

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"relais/internal/config"
)

// ErrCookie says that a cookie's configuration cannot be put on the wire.
var ErrCookie = errors.New("bad cookie")

// tagSize is how many bytes of the HMAC name a server: nobody guesses 128 bits.
const tagSize = 16

// derivedKey takes the place of a key where there is none. Changing it moves every client.
const derivedKey = "relais: no key_file"

// private follows the Set-Cookie in answers that a shared cache could keep.
const private = "Cache-Control: private\r\n"

func modeOf(c *config.Cookie) (mode, error) {
	if !isName(c.Name) {
		return 0, fmt.Errorf("%w: %q cannot be its name", ErrCookie, c.Name)
	}
	switch c.Mode {
	case "insert":
		return insert, nil
	case "prefix":
		return prefix, nil
	case "rewrite":
		return rewrite, nil
	}
	return 0, fmt.Errorf("%w: unknown mode %q", ErrCookie, c.Mode)
}

// attributes is what stands behind the value, in HAProxy's order.
func attributes(c *config.Cookie) (string, error) {
	var b strings.Builder
	for _, a := range []struct{ name, value string }{
		{"path=", c.Path}, {"domain=", c.Domain},
	} {
		if strings.ContainsFunc(a.value, func(r rune) bool { return r < ' ' || r == ';' || r == 0x7f }) {
			return "", fmt.Errorf("%w: %s%q", ErrCookie, a.name, a.value)
		}
		if a.value != "" {
			b.WriteString("; " + a.name + a.value)
		}
	}
	if c.HTTPOnly {
		b.WriteString("; HttpOnly")
	}
	if c.Secure {
		b.WriteString("; Secure")
	}
	switch c.SameSite {
	case "":
	case "lax", "strict", "none":
		b.WriteString("; SameSite=" + strings.ToUpper(c.SameSite[:1]) + c.SameSite[1:])
	default:
		return "", fmt.Errorf("%w: unknown same_site %q", ErrCookie, c.SameSite)
	}
	if c.MaxAge > 0 {
		b.WriteString("; Max-Age=" + strconv.FormatInt(int64((c.MaxAge+time.Second-1)/time.Second), 10))
	}
	return b.String(), nil
}

// valueOf is what names a server.
func (c *Cookie) valueOf(s *config.Server, backend string, key []byte) (string, error) {
	switch {
	case key != nil:
	case s.Cookie != "":
		if !c.isValue(s.Cookie) {
			return "", fmt.Errorf("%w: server %s: %q cannot be a value", ErrCookie, s.Name, s.Cookie)
		}
		return s.Cookie, nil
	default:
		c.derived = true
		key = []byte(derivedKey)
	}
	return sign(key, backend, s.Name), nil
}

// sign returns a value that only who has the key can make, and that tells nothing to others.
func sign(key []byte, backend, server string) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%q %q", backend, server)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:tagSize])
}

// isName tells whether s is a token (RFC 6265 4.1.1).
func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

// isValue tells whether s consists of what a value may have (RFC 6265 4.1.1) but for what ends
// it in the cookie's mode.
func (c *Cookie) isValue(s string) bool {
	end := datesFrom
	if c.mode == prefix {
		end = prefixEnd
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || r == end || strings.ContainsRune(`",;\`, r)
	})
}
