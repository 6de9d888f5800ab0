package config

import (
	"fmt"
	"strings"
	"time"
)

// shortestKey is how many bytes a key must have that nobody is to guess.
const shortestKey = 16

// LoadKey reads the key that signs the values; nil when no file is named. Its error says what to
// write instead.
func (c *Cookie) LoadKey() ([]byte, error) {
	if c.KeyFile.None() {
		return nil, nil
	}
	key, err := c.KeyFile.LoadSecret()
	if err == nil && len(key) < shortestKey {
		return nil, fmt.Errorf("%q has %d bytes; write a key of at least %d, such as openssl rand -hex 32 makes", c.KeyFile, len(key), shortestKey)
	}
	return key, err
}

func (v *validator) cookie(path string, c *Cookie) {
	v.refuse(path+".name", cookieNameFault(c.Name))
	v.oneOf(path+".mode", c.Mode, []string{"insert", "prefix", "rewrite"})
	if _, err := c.LoadKey(); err != nil {
		v.fault(path+".key_file", "%s", err)
	}
	if c.Domain != "" && !isHost(strings.TrimPrefix(c.Domain, ".")) {
		v.fault(path+".domain", "%q is not a domain; write one such as example.com", c.Domain)
	}
	v.refuse(path+".path", cookiePathFault(c.Path))
	if c.SameSite != "" {
		v.oneOf(path+".same_site", c.SameSite, []string{"lax", "strict", "none"})
	}
	if c.SameSite == "none" && !c.Secure {
		v.fault(path+".same_site", "browsers drop such a cookie that is not secure; write secure: true beside it, or same_site: lax")
	}
	if c.MaxAge < 0 || c.MaxAge%time.Second != 0 {
		v.fault(path+".max_age", "%s is out of range; write whole seconds, such as 8h, or 0s to end with the browser", c.MaxAge)
	}
}

// cookieNameFault knows HAProxy's line, in which words follow the name.
func cookieNameFault(name string) string {
	words := strings.Fields(name)
	switch {
	case name == "":
		return "missing; write the name of a cookie, such as SRV"
	case len(words) == 2 && isToken(words[0]):
		return fmt.Sprintf("%q is not the name of a cookie; write {name: %s, mode: %s}", name, words[0], words[1])
	case len(words) > 2 && isToken(words[0]):
		return fmt.Sprintf("%q is not the name of a cookie; write {name: %s, mode: %s}, and the other words as keys", name, words[0], words[1])
	case !isToken(name):
		return fmt.Sprintf("%q is not the name of a cookie; write one such as SRV", name)
	}
	return ""
}

func cookiePathFault(path string) string {
	switch {
	case !strings.HasPrefix(path, "/"):
		return fmt.Sprintf("%q does not begin with /; write %q", path, "/"+path)
	case strings.Contains(path, ";") || !isVisible(path):
		return fmt.Sprintf("%q holds a character that the path of a cookie cannot have; write a plain one, such as /", path)
	}
	return ""
}

// valueFault says why value, which a server has, cannot be that of cookie (RFC 6265, section 4.1.1).
func valueFault(value string, cookie *Cookie) string {
	if value == "" {
		return ""
	}
	for _, c := range value {
		if c <= ' ' || c >= 0x7f || strings.ContainsRune(`",;\`, c) {
			return fmt.Sprintf("%q holds the character %q; write visible ones without \" , ; \\ only", value, c)
		}
	}
	switch {
	case cookie == nil:
		return "its backend has no cookie to put it into; write cookie: SRV there, or remove it"
	case cookie.Mode == "prefix" && strings.Contains(value, "~"):
		return fmt.Sprintf("%q holds a ~, which ends the prefix; write a value without it", value)
	}
	return ""
}
