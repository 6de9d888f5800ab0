package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// health looks at all that tells whether the servers of a backend are well.
func (v *validator) health(path string, b *Backend) {
	if b.HealthCheck != nil {
		v.healthCheck(path+".health_check", b.HealthCheck)
		if b.HealthCheck.Port != 0 && b.HealthCheck.Address == "" {
			v.needHost(path+".health_check.port", b.Servers)
		}
	}
	if b.Agent != nil {
		v.agent(path+".agent_check", b.Agent)
		if b.Agent.Host == "" {
			v.needHost(path+".agent_check.port", b.Servers)
		}
	}
	v.observe(path, b)
}

// needHost refuses a port without an address where a server has none either.
func (v *validator) needHost(path string, servers []*Server) {
	for _, s := range servers {
		if _, isUnix := s.UnixPath(); isUnix {
			v.fault(path, "server %q has no host, it is at %s; write address: HOST beside it", s.Name, s.Address)
			return
		}
	}
}

func (v *validator) healthCheck(path string, h *HealthCheck) {
	v.oneOf(path+".type", h.Type, []string{"http", "tcp", "mysql", "redis"})
	v.oneOf(path+".initial", h.Initial, []string{"auto", "up", "down"})
	v.duration(path+".inter", h.Inter)
	if h.Fastinter != 0 {
		v.duration(path+".fastinter", h.Fastinter)
	}
	if h.Downinter != 0 {
		v.duration(path+".downinter", h.Downinter)
	}
	v.duration(path+".timeout", h.Timeout)
	v.between(path+".rise", h.Rise, 1, 1000)
	v.between(path+".fall", h.Fall, 1, 1000)
	v.refuse(path+".address", checkHostFault(h.Address))
	v.between(path+".port", h.Port, 0, 65535)
	if h.TLS != nil {
		v.serverTLS(path+".tls", h.TLS, false)
	}
	switch h.Type {
	case "http":
		v.httpCheck(path, h)
	case "tcp":
		v.steps(path+".steps", h.Steps)
	case "mysql", "redis":
		v.login(path, h)
	}
}

// checkHostFault says what is wrong with the host of checks, which may be empty.
func checkHostFault(host string) string {
	if host == "" || isHost(strings.Trim(host, "[]")) {
		return ""
	}
	if before, port, found := strings.Cut(host, ":"); found && isHost(before) {
		return fmt.Sprintf("%q has a port; write address: %s, port: %s", host, before, port)
	}
	return fmt.Sprintf("%q is neither a name nor an IP address; write one such as 10.0.0.1", host)
}

func (v *validator) httpCheck(path string, h *HealthCheck) {
	v.refuse(path+".method", methodFault(h.Method))
	if !strings.HasPrefix(h.Path, "/") && h.Path != "*" { // OPTIONS * is HAProxy's own example
		v.fault(path+".path", "%q does not begin with /; write %q", h.Path, "/"+h.Path)
	} else if !isVisible(h.Path) {
		v.fault(path+".path", "%q holds a character that a path cannot have; write it percent-encoded, such as %%20 for a space", h.Path)
	}
	if version, found := strings.CutPrefix(h.Version, "HTTP/"); found {
		v.fault(path+".version", "%q is not known; write %s", h.Version, version)
	} else {
		v.oneOf(path+".version", h.Version, []string{"1.0", "1.1"}, "2", "2.0", "3")
	}
	if !isVisible(h.Host) || strings.ContainsAny(h.Host, "/@") {
		v.fault(path+".host", "%q is not a host; write a name such as app.example.com", h.Host)
	}
	v.fieldNames(path+".headers", h.Headers, checkFieldFault)
	for _, name := range slices.Sorted(maps.Keys(h.Headers)) {
		if !isFieldText(h.Headers[name]) {
			v.fault(path+".headers."+name, "%q holds a control character; remove it", h.Headers[name])
		}
	}
	if len(h.ExpectStatus) == 0 {
		v.fault(path+".expect_status", "missing; write the statuses that mean well, such as 200-399")
	}
	for i, m := range h.ExpectHeader {
		v.fieldMatch(fmt.Sprintf("%s.expect_header[%d]", path, i), m, fieldNameFault)
	}
	v.regex(path+".expect_regex", h.ExpectRegex)
}

// methodFault says why a request cannot have a method, which is case-sensitive (RFC 9110, section 9.1).
func methodFault(method string) string {
	upper := strings.ToUpper(method)
	if method != upper && isToken(upper) {
		return fmt.Sprintf("%q is not a method; write %s", method, upper)
	} else if !isToken(method) {
		return fmt.Sprintf("%q is not a method; write one such as GET, HEAD or OPTIONS", method)
	}
	return ""
}

// checkFieldFault says why name cannot be among the headers of a check.
func checkFieldFault(name string) string {
	switch strings.ToLower(name) {
	case "host":
		return "write it as host, beside headers"
	case "content-length", "transfer-encoding", "connection":
		return "the check sets it itself; remove it"
	}
	return fieldNameFault(name)
}

func (v *validator) steps(path string, steps []Step) {
	for i, s := range steps {
		at := fmt.Sprintf("%s[%d]", path, i)
		given := 0
		for _, value := range []string{s.Send, s.Expect, s.ExpectRegex} {
			if value != "" {
				given++
			}
		}
		if given != 1 {
			v.fault(at, "has %d of send, expect and expect_regex; write exactly one, and more steps for more", given)
		}
		if _, err := Unescape(s.Send); err != nil {
			v.fault(at+".send", "%s", err)
		}
		if _, err := Unescape(s.Expect); err != nil {
			v.fault(at+".expect", "%s", err)
		}
		v.regex(at+".expect_regex", s.ExpectRegex)
	}
}

// login looks at who logs in. MySQL wants a name; Redis knows a password without one, and no name
// without a password.
func (v *validator) login(path string, h *HealthCheck) {
	if h.Type == "mysql" && h.User == "" {
		v.fault(path+".user", "missing; write the user that logs in, such as relais")
	}
	if h.Type == "mysql" && h.TLS != nil {
		v.fault(path+".tls", "MySQL begins without TLS, which a check does not switch on later; remove it")
	}
	if !h.PasswordFile.None() {
		if _, err := h.PasswordFile.LoadSecret(); err != nil {
			v.fault(path+".password_file", "%s", err)
		}
	} else if h.Type == "redis" && h.User != "" {
		v.fault(path+".user", "redis has no user without a password; write password_file: FILE beside it, or remove it")
	}
}
