package config

import "strings"

// process looks at the keys that concern the process as a whole.
func (v *validator) process(c *Config) {
	if c.Version != 1 {
		v.fault("version", "%d is not known; write 1", c.Version)
	}
	v.log(&c.Log)
	v.accessLog(&c.AccessLog)
	v.explain(&c.Explain)
	v.stats(c.Stats)
	v.stateFile(c)
	if c.AdminSocket != nil {
		v.adminSocket("admin_socket", c.AdminSocket)
	}
	v.resolvers(c.Resolvers)
	v.limits(c.Limits)
	if c.ShutdownTimeout != 0 { // 0 stops at once
		v.duration("shutdown_timeout", c.ShutdownTimeout)
	}
}

// Below lowestHeaderSize ordinary cookies do not fit, above highestHeaderSize a few thousand
// slow clients hold all memory.
const (
	lowestHeaderSize  Bytes = 1 << 10
	highestHeaderSize Bytes = 1 << 20
)

func (v *validator) limits(l Limits) {
	v.notBelow0("limits.maxconn", l.Maxconn, "a number of connections, or 0 to take it from the open-files limit")
	if l.MaxHeaderSize < lowestHeaderSize || l.MaxHeaderSize > highestHeaderSize {
		v.fault("limits.max_header_size", "%s is out of range; write %s to %s", l.MaxHeaderSize, lowestHeaderSize, highestHeaderSize)
	}
	v.between("limits.max_headers", l.MaxHeaders, 1, 32767) // HAProxy's tune.http.maxhdr
}

// isVisible tells whether s holds ASCII only, without spaces and control characters.
func isVisible(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f }) < 0
}
