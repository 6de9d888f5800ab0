package access

import (
	"crypto/hmac"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// pageHours is how long a page may be open before its buttons stop working.
const pageHours = 24

// Token returns what the forms of a user's page must hold: a page of another site cannot read it.
// It is good for 24 hours, until the process ends, and stays the same for up to an hour.
func (g *Guard) Token(user string) string { return g.tokenOf(user, g.hour()) }

func (g *Guard) checkToken(user, token string) bool {
	digits, _, _ := strings.Cut(token, ".")
	hour, err := strconv.ParseInt(digits, 10, 64)
	age := g.hour() - hour
	return err == nil && age >= 0 && age <= pageHours && hmac.Equal([]byte(token), []byte(g.tokenOf(user, hour)))
}

func (g *Guard) tokenOf(user string, hour int64) string {
	digits := strconv.FormatInt(hour, 10)
	m := g.seal.of("token", user, digits)
	return digits + "." + base64.RawURLEncoding.EncodeToString(m[:])
}

func (g *Guard) hour() int64 { return int64(time.Since(g.start) / time.Hour) }
