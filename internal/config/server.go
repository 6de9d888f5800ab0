package config

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
)

// UnixPath returns the path of a unix@PATH address; ok tells whether s has one.
func (s *Server) UnixPath() (path string, ok bool) { return strings.CutPrefix(s.Address, "unix@") }

// LoadCA reads the authorities that may have signed a server's certificate. It returns nil,
// which means the system's, when CA names none. Its error says what to write instead.
func (t *ServerTLS) LoadCA() (*x509.CertPool, error) {
	if t.CA.None() {
		return nil, nil
	}
	return loadAuthorities(t.CA)
}

func (v *validator) server(path string, s *Server) {
	v.refuse(path+".name", nameFault(s.Name))
	name, isSRV := s.SRV()
	if isSRV {
		v.refuse(path+".address", srvFault(s, name))
	} else {
		v.refuse(path+".address", serverFault(s.Address))
	}
	v.resolve(path, s)
	v.between(path+".weight", s.Weight, 0, 256)
	v.notBelow0(path+".maxconn", s.Maxconn, "a number of requests, or 0 for no limit")
	if s.SendProxy != "" {
		v.oneOf(path+".send_proxy", s.SendProxy, []string{"v1", "v2"})
	}
	if s.TLS != nil {
		_, isUnix := s.UnixPath()
		v.serverTLS(path+".tls", s.TLS, isUnix || isSRV)
	}
}

func (v *validator) serverTLS(path string, t *ServerTLS, noHost bool) {
	if _, err := t.LoadCA(); err != nil {
		v.fault(path+".ca", "%s", err)
	}
	switch {
	case t.SNI != "":
		v.refuse(path+".sni", sniFault(t.SNI))
	case noHost && t.Verify:
		v.fault(path+".sni", "missing; the address has no host, so write the name that the certificate must have, or verify: false")
	}
}

// sniFault says why a server cannot be asked for name. RFC 6066, section 3, has no IP addresses.
func sniFault(name string) string {
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return fmt.Sprintf("%q is an IP address, for which no server can be asked; remove it, or write a host name such as app.example.com", name)
	}
	if !isHost(name) || strings.HasPrefix(name, ".") || strings.Contains(name, "..") {
		return fmt.Sprintf("%q is not a host name; write one such as app.example.com", name)
	}
	return ""
}
