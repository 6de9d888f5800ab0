package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fault is one value that the balancer cannot work with.
type Fault struct {
	Path    string // of the value, such as frontends[0].bind[1]; the value itself may be absent
	Message string // what is wrong and what to write instead
	Twin    string // the path of the value that was there first, when this one repeats it
}

// Error writes the fault as "path: message".
func (f Fault) Error() string { return f.Path + ": " + f.Message }

// Validate returns every fault of c, none when the balancer can run with it. Outside of c it
// looks at the files that it names alone: an address may still be taken, a name may
// still be unknown to the resolver.
func Validate(c *Config) []Fault {
	v := &validator{}
	v.process(c)
	if len(c.Frontends) == 0 {
		v.fault("frontends", `missing; write at least one, such as {name: web, bind: ":8080", default_backend: app}`)
	}
	if len(c.Backends) == 0 {
		v.fault("backends", `missing; write at least one, such as {name: app, servers: [{name: web1, address: "10.0.0.1:5000"}]}`)
	}
	for i, f := range c.Frontends {
		v.frontend(fmt.Sprintf("frontends[%d]", i), f, c.Backends)
	}
	for i, b := range c.Backends {
		v.backend(fmt.Sprintf("backends[%d]", i), b)
	}
	v.uniqueNames("stats.users", names(c.Stats.Users, func(u User) string { return u.Name }))
	v.uniqueNames("frontends", names(c.Frontends, func(f *Frontend) string { return f.Name }))
	v.uniqueNames("backends", names(c.Backends, func(b *Backend) string { return b.Name }))
	v.uniqueBinds(c)
	v.tracks(c.Backends)
	return v.faults
}

type validator struct{ faults []Fault }

func (v *validator) fault(path, format string, args ...any) {
	v.faults = append(v.faults, Fault{Path: path, Message: fmt.Sprintf(format, args...)})
}

// refuse adds message, the answer of a check, when there is one.
func (v *validator) refuse(path, message string) {
	if message != "" {
		v.fault(path, "%s", message)
	}
}

func (v *validator) between(path string, n, low, high int) {
	if n < low || n > high {
		v.fault(path, "%d is out of range; write %d to %d", n, low, high)
	}
}

// notBelow0 refuses a limit below 0; instead says what to write.
func (v *validator) notBelow0(path string, n int, instead string) {
	if n < 0 {
		v.fault(path, "%d is out of range; write %s", n, instead)
	}
}

// longest is the longest duration that HAProxy can hold, 2^31 ms, in whole days.
const longest = 24 * 24 * time.Hour

// duration refuses what is not longer than nothing: HAProxy waits for ever then.
func (v *validator) duration(path string, d time.Duration) {
	switch {
	case d <= 0:
		v.fault(path, "%s is out of range; write a time such as 5s", d)
	case d > longest:
		v.fault(path, "%.0fh is out of range; write at most %.0fh", d.Hours(), longest.Hours())
	}
}

// oneOf refuses a value that is not among known. later holds the values of HAProxy that this
// version does not have.
func (v *validator) oneOf(path, value string, known []string, later ...string) {
	switch {
	case slices.Contains(known, value):
	case slices.Contains(later, value):
		v.fault(path, "this version does not have %q yet; write %s", value, orList(known))
	default:
		v.fault(path, "%q is not known; write %s", value, orList(known))
	}
}

// orList writes "a", "a or b", "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// ValidateServer says what is wrong with a server that is to join a backend; nil: nothing.
func ValidateServer(b *Backend, s *Server) error {
	v := &validator{}
	v.server("server", s)
	v.refuse("cookie", valueFault(s.Cookie, b.Cookie))
	if len(v.faults) > 0 {
		return v.faults[0]
	}
	return nil
}
