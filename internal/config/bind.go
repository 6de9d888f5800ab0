package config

import (
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// Bind is one address on which a frontend accepts connections, and what clients must speak
// there before HTTP.
type Bind struct {
	Address     string       `yaml:"address"`      // HOST:PORT, unix@PATH or fd@N
	Mode        fs.FileMode  `yaml:"mode"`         // permissions of the file of unix@PATH; 0: what the umask leaves
	AcceptProxy *AcceptProxy `yaml:"accept_proxy"` // nil: clients send no PROXY header
	TLS         *TLS         `yaml:"tls"`          // nil: plain HTTP
}

// AcceptProxy makes each connection begin with a header of the PROXY protocol, version 1 or 2.
type AcceptProxy struct {
	From []netip.Prefix `yaml:"from"` // who may connect; others are refused. Peers on a unix socket always may
}

// UnixPath returns the path of a unix@PATH address; ok tells whether b has one.
func (b *Bind) UnixPath() (path string, ok bool) { return strings.CutPrefix(b.Address, "unix@") }

// Descriptor returns the number of an fd@N address; ok tells whether b has one.
func (b *Bind) Descriptor() (n int, ok bool) {
	text, ok := strings.CutPrefix(b.Address, "fd@")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && strconv.Itoa(n) == text
}

// ParseNetwork reads an IP network, such as 10.0.0.0/8, or a single address.
func ParseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not a network; write one such as 10.0.0.0/8 or fd00::/8, or a single address", s)
	}
	if prefix.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%s holds IPv4 addresses in an IPv6 form, which no client has; write %s and the length of an IPv4 prefix", s, prefix.Addr().Unmap())
	}
	if prefix != prefix.Masked() {
		return netip.Prefix{}, fmt.Errorf("%s has bits behind its prefix; write %s, or %s for that address alone", s, prefix.Masked(), prefix.Addr())
	}
	return prefix, nil
}

// ParseFileMode reads the permissions of a file: three octal digits, with a 0 before them or not.
func ParseFileMode(s string) (fs.FileMode, error) {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n == 0 || n > 0o777 || len(s) > 4 || len(s) < 3 {
		return 0, fmt.Errorf("%q is not a file mode; write octal digits, such as \"0660\"", s)
	}
	return fs.FileMode(n), nil
}

// longestUnixPath is what fits into a socket address of the kernel.
const longestUnixPath = 107

func (v *validator) bind(path string, b *Bind) {
	unixPath, isUnix := b.UnixPath()
	n, isNumber := b.Descriptor()
	switch {
	case isUnix:
		v.refuse(path+".address", unixFault(unixPath))
	case strings.HasPrefix(b.Address, "fd@"):
		if !isNumber || n < 3 { // the standard streams are before
			v.fault(path+".address", "%q is not an inherited socket; write fd@ and the number of a descriptor from 3 on, such as fd@3", b.Address)
		}
	default:
		v.refuse(path+".address", bindFault(b.Address))
	}
	if b.Mode != 0 && !isUnix {
		v.fault(path+".mode", "only the file of a unix socket has a mode; remove it, or write address: unix@PATH")
	}
	if b.AcceptProxy != nil {
		v.acceptProxy(path+".accept_proxy", b.AcceptProxy, isUnix)
	}
	if b.TLS != nil {
		v.tls(path+".tls", b.TLS)
	}
}

func unixFault(path string) string {
	switch {
	case path == "" || strings.HasSuffix(path, "/"):
		return "unix@ lacks the path of a socket; write one, such as unix@/run/relais/web.sock"
	case strings.ContainsRune(path, 0):
		return fmt.Sprintf("%q holds a character that a path cannot have; write one such as /run/relais/web.sock", path)
	case len(path) > longestUnixPath:
		return fmt.Sprintf("%q has %d bytes; write a path of at most %d", path, len(path), longestUnixPath)
	}
	return ""
}

func (v *validator) acceptProxy(path string, a *AcceptProxy, isUnix bool) {
	switch {
	case isUnix && len(a.From) > 0:
		v.fault(path+".from", "peers on a unix socket have no address; remove it, mode says who may connect")
	case !isUnix && len(a.From) == 0:
		v.fault(path+".from", `missing; write the networks of those who send the header, such as ["10.0.0.0/8"]`)
	}
}

// kind names what two binds cannot share.
func (b *Bind) kind() string {
	switch {
	case strings.HasPrefix(b.Address, "unix@"):
		return "path"
	case strings.HasPrefix(b.Address, "fd@"):
		return "descriptor"
	}
	return "port"
}

// sameBind tells whether two addresses cannot both be listened on.
func sameBind(a, b string) bool {
	if isLocal(a) || isLocal(b) {
		return a == b || cleanUnix(a) == cleanUnix(b)
	}
	return overlap(a, b)
}

// isLocal tells whether addr is no HOST:PORT.
func isLocal(addr string) bool {
	return strings.HasPrefix(addr, "unix@") || strings.HasPrefix(addr, "fd@")
}

func cleanUnix(addr string) string {
	if path, ok := strings.CutPrefix(addr, "unix@"); ok {
		return "unix@" + filepath.Clean(path)
	}
	return addr
}
