package access

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What may be wrong with an Authorization field. The texts are for the client and the log.
var (
	errScheme   = errors.New("the Authorization field is not Basic (a token is for metrics only)")
	errEncoding = errors.New("the Authorization field is not the base64 of name:password")
	errText     = errors.New("name and password must be UTF-8 without control characters")
	errName     = errors.New("the name is longer than 255 bytes")
	errPassword = errors.New("the password is longer than the 72 bytes that bcrypt knows; choose a shorter one")
)

const (
	longestName     = 255
	longestPassword = 72 // bcrypt ignores what follows
)

// basic reads name and password from an Authorization field (RFC 7617). The name ends at the
// first colon. Control characters are refused as the RFC wants it, and for bcrypt's sake, to which
// a password with a NUL may be the same as another.
func basic(authorization string) (name, password string, err error) {
	scheme, encoded, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", errScheme
	}
	encoded = strings.Trim(encoded, " ")
	decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // which the decoder skips
		return "", "", errEncoding
	}
	name, password, ok := strings.Cut(string(decoded), ":")
	switch {
	case !ok:
		return "", "", errEncoding
	case !text(name) || !text(password):
		return "", "", errText
	case len(name) > longestName:
		return "", "", errName
	case len(password) > longestPassword:
		return "", "", errPassword
	}
	return name, password, nil
}

func text(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
