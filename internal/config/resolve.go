package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// SRV returns the name of an address without a port, whose records of type SRV (RFC 2782) hold the
// addresses and ports, such as _http._tcp.web; ok tells whether s has one.
func (s *Server) SRV() (name string, ok bool) {
	return s.Address, strings.HasPrefix(s.Address, "_") && !strings.Contains(s.Address, ":")
}

// ParseNameserver reads the address of a name server: IP, whose port is 53, or IP:PORT.
func ParseNameserver(s string) (netip.AddrPort, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(ip, 53), nil
	}
	address, err := netip.ParseAddrPort(s)
	if err != nil || address.Port() == 0 {
		return netip.AddrPort{}, fmt.Errorf("%q is not the address of a name server; write IP or IP:PORT, such as 10.0.0.53 or \"[fd00::53]:5353\"", s)
	}
	return address, nil
}

// Below shortestResolve a name server is asked without a break, above longestResolve nobody follows
// a name.
const (
	shortestResolve = 100 * time.Millisecond
	longestResolve  = 24 * time.Hour
)

// resolve looks at how the name of a server becomes addresses.
func (v *validator) resolve(path string, s *Server) {
	v.oneOf(path+".resolve", s.Resolve, []string{"all", "first"})
	if s.ResolveInterval < shortestResolve || s.ResolveInterval > longestResolve {
		v.fault(path+".resolve_interval", "%s is out of range; write 100ms to 24h", s.ResolveInterval)
	}
	if s.Resolve != "all" {
		return
	}
	host := s.Address
	if _, isSRV := s.SRV(); !isSRV && addressFault(host, "", 1) == "" {
		host = strings.Trim(hostOf(host), "[]")
	}
	_, err := netip.ParseAddr(host)
	switch _, isUnix := s.UnixPath(); {
	case isUnix:
		v.fault(path+".resolve", "%s is a socket: nothing to resolve; write a name such as web:5000 as address, or remove resolve", s.Address)
	case err == nil:
		v.fault(path+".resolve", "%s is an address: nothing to resolve; write a name such as web:5000 as address, or remove resolve", host)
	}
	if s.Cookie != "" {
		v.fault(path+".cookie", "every server that the name stands for would have this value; remove it, each gets one of its own")
	}
	if s.Track != "" {
		v.fault(path+".track", "every server that the name stands for would have the health of this one; remove it, and write health_check in the backend")
	}
}

// srvFault says what is wrong with the name of records of type SRV.
func srvFault(s *Server, name string) string {
	labels := strings.Split(name, ".")
	switch {
	case len(labels) < 3 || !strings.HasPrefix(labels[1], "_") || !isHost(name) || strings.Contains(name, ".."):
		return fmt.Sprintf("%q is not the name of SRV records; write _SERVICE._PROTOCOL.NAME, such as _http._tcp.web, or HOST:PORT", name)
	case s.Resolve == "first":
		return fmt.Sprintf("%q stands for several servers; write resolve: all beside it, or HOST:PORT", name)
	}
	return ""
}

// expandedNames refuses the names that resolve: all gives to further servers: web-2 after web.
func (v *validator) expandedNames(path string, servers []*Server) {
	expanded := map[string]int{}
	for i, s := range servers {
		if s.Resolve == "all" {
			expanded[s.Name] = i
		}
	}
	for i, s := range servers {
		cut := strings.LastIndex(s.Name, "-")
		if cut < 1 {
			continue
		}
		n, err := strconv.Atoi(s.Name[cut+1:])
		first, found := expanded[s.Name[:cut]]
		if err == nil && n > 1 && found && strconv.Itoa(n) == s.Name[cut+1:] {
			v.faults = append(v.faults, Fault{fmt.Sprintf("%s[%d].name", path, i),
				fmt.Sprintf("%q is what the servers behind %q are called; write a different name", s.Name, s.Name[:cut]),
				fmt.Sprintf("%s[%d].name", path, first)})
		}
	}
}
