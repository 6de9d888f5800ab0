package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
)

// LoadMetricsToken reads the bearer token for the metrics; nil when no file is named. Its error
// says what to write instead.
func (s Stats) LoadMetricsToken() ([]byte, error) {
	if s.MetricsTokenFile.None() {
		return nil, nil
	}
	token, err := s.MetricsTokenFile.LoadSecret()
	switch {
	case err != nil:
		return nil, err
	case len(token) < shortestKey:
		return nil, fmt.Errorf("%q has %d bytes; write a token of at least %d, such as openssl rand -hex 32 makes", s.MetricsTokenFile, len(token), shortestKey)
	case !isVisible(string(token)):
		return nil, fmt.Errorf("%q holds a character that a header field cannot have; write a token such as openssl rand -hex 32 makes", s.MetricsTokenFile)
	}
	return token, nil
}

// LoadHash reads the bcrypt hash of the user's password: the whole file, or the line of the user in
// a file of htpasswd. Its error says what to write instead.
func (u User) LoadHash() ([]byte, error) {
	if u.PasswordFile.None() {
		return nil, errors.New("missing; write the path of a file with a bcrypt hash, " + makeHash)
	}
	data, err := u.PasswordFile.LoadSecret()
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		hash, own := strings.CutPrefix(line, u.Name+":")
		switch {
		case line == "" || !own && strings.Contains(line, ":"): // another user's
		case !bcrypt.MatchString(hash):
			return nil, fmt.Errorf("%q holds no bcrypt hash; write one into it, %s", u.PasswordFile, makeHash)
		default:
			return []byte(hash), nil
		}
	}
	return nil, fmt.Errorf("%q has no line for %q; write one into it, %s", u.PasswordFile, u.Name, makeHash)
}

const makeHash = "such as htpasswd -nbB ops PASSWORD makes"

// bcrypt is a hash of the versions that are sound: 2x is that of a faulty program.
var bcrypt = regexp.MustCompile(`^\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$`)

func (v *validator) stats(s Stats) {
	if s.Bind != "" { // empty: no such listener
		v.refuse("stats.bind", bindFault(s.Bind))
	}
	switch {
	case s.Path == "":
		v.fault("stats.path", "missing; write a path such as /haproxy-stats")
	case !strings.HasPrefix(s.Path, "/"):
		v.fault("stats.path", "%q does not begin with /; write %q", s.Path, "/"+s.Path)
	case strings.ContainsAny(s.Path, "?;#") || !isVisible(s.Path):
		v.fault("stats.path", "%q holds a character that a path cannot have; write a plain one, such as /haproxy-stats", s.Path)
	case s.Path == "/metrics" || s.Path == "/healthz" || s.Path == "/readyz":
		v.fault("stats.path", "%q is taken by another page of this listener; write another one, such as /haproxy-stats", s.Path)
	}
	v.users(s)
	if _, err := s.LoadMetricsToken(); err != nil {
		v.fault("stats.metrics_token_file", "%s", err)
	}
	for i, host := range s.Hosts {
		v.refuse(fmt.Sprintf("stats.hosts[%d]", i), ownNameFault(host))
	}
	if s.TLS != nil {
		v.tls("stats.tls", s.TLS)
	}
}

func (v *validator) users(s Stats) {
	if s.Admin && len(s.Users) == 0 {
		v.fault("stats.admin", "without users everybody who reaches the page could take servers out; write users: [{name: ops, password_file: ops.bcrypt, role: operate}] beside it, or remove it")
	}
	for i, u := range s.Users {
		at := fmt.Sprintf("stats.users[%d]", i)
		v.refuse(at+".name", userNameFault(u.Name))
		if _, err := u.LoadHash(); err != nil {
			v.fault(at+".password_file", "%s", err)
		}
		if u.Role == "" {
			v.fault(at+".role", "missing; write read or operate")
		} else {
			v.oneOf(at+".role", u.Role, []string{"read", "operate"})
		}
	}
}

// userNameFault is stricter than RFC 7617: a name stands in the log, in the journal and in URLs.
func userNameFault(name string) string {
	switch {
	case name == "":
		return "missing; write a name of letters, digits and . _ - @"
	case strings.Contains(name, ":"):
		return fmt.Sprintf("%q holds a colon, which ends the name where a browser sends it; write a name without", name)
	}
	for _, c := range name {
		if !isLetterOrDigit(c) && !strings.ContainsRune("._-@", c) {
			return fmt.Sprintf("%q holds the character %q; write letters, digits and . _ - @ only", name, c)
		}
	}
	return ""
}

// ownNameFault says why host cannot be what a Host field names, without its port.
func ownNameFault(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && isHost(name) && strings.Trim(port, "0123456789") == "" {
		return fmt.Sprintf("%q has the port %s; write the name alone, %q", host, port, name)
	}
	if host == "" || !isHost(host) {
		return fmt.Sprintf("%q is not a host name; write one such as stats.example.com", host)
	}
	return ""
}
