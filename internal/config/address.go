package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// bindFault says what is wrong with the address of a listener: HOST:PORT, where HOST may be
// empty and PORT may be 0, which lets the system choose one.
func bindFault(addr string) string {
	if strings.HasPrefix(addr, "*:") {
		return fmt.Sprintf("%q is not an address; write %q for every interface", addr, addr[1:])
	}
	if isLocal(addr) {
		return fmt.Sprintf("%s@ is for the binds of frontends; write HOST:PORT, such as \"127.0.0.1:8404\"", addr[:strings.Index(addr, "@")])
	}
	return addressFault(addr, ":8080", 0)
}

// serverFault says what is wrong with the address of a server: unix@PATH, or HOST:PORT with
// both in place.
func serverFault(addr string) string {
	if _, after, found := strings.Cut(addr, "://"); found {
		host, _, _ := strings.Cut(after, "/")
		return fmt.Sprintf("%q is a URL; write %q", addr, host)
	}
	if path, ok := strings.CutPrefix(addr, "unix@"); ok {
		return unixFault(path)
	}
	if isLocal(addr) {
		return "fd@ is for the binds of frontends; write HOST:PORT, such as \"10.0.0.1:5000\", or unix@PATH"
	}
	if fault := addressFault(addr, "10.0.0.1:5000", 1); fault != "" {
		return fault
	}
	if strings.HasPrefix(addr, ":") {
		return fmt.Sprintf("%q has no host; write one, such as %q", addr, "127.0.0.1"+addr)
	}
	return ""
}

func addressFault(addr, example string, lowest int) string {
	if addr == "" {
		return fmt.Sprintf("missing; write HOST:PORT, such as %q", example)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return splitAdvice(addr, example)
	}
	if n, err := strconv.Atoi(port); err != nil || n < lowest || n > 65535 || port[0] < '0' {
		return fmt.Sprintf("port %q of %q is not a port; write a number from 1 to 65535", port, addr)
	}
	if host != "" && !isHost(host) {
		return fmt.Sprintf("host %q of %q is neither a name nor an IP address; write HOST:PORT, such as %q", host, addr, example)
	}
	return ""
}

// splitAdvice tells the two usual reasons why addr has no port apart from everything else.
func splitAdvice(addr, example string) string {
	if ip, err := netip.ParseAddr(strings.Trim(addr, "[]")); err == nil && ip.Is6() {
		return fmt.Sprintf("%q is an IPv6 address without a port; write brackets around it and the port after them, such as \"[::1]:%s\"", addr, portOf(example))
	}
	if !strings.Contains(addr, ":") {
		if _, err := strconv.Atoi(addr); err == nil {
			return fmt.Sprintf("%q has no host; write HOST:PORT, such as %q", addr, hostOf(example)+":"+addr)
		}
		return fmt.Sprintf("%q has no port; write HOST:PORT, such as %q", addr, addr+":"+portOf(example))
	}
	return fmt.Sprintf("%q is not an address; write HOST:PORT, such as %q, and an IPv6 address in brackets", addr, example)
}

func hostOf(addr string) string { return addr[:strings.LastIndex(addr, ":")] }

func portOf(addr string) string { return addr[strings.LastIndex(addr, ":")+1:] }

// isHost accepts IP addresses and the names that DNS, /etc/hosts and containers use.
func isHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsValid()
	}
	if strings.Trim(host, "0123456789.") == "" || strings.HasPrefix(host, "-") {
		return false // digits and dots that are no IP address, such as 10.0.0.256
	}
	for _, c := range host {
		if !isLetterOrDigit(c) && !strings.ContainsRune("-._", c) {
			return false
		}
	}
	return true
}

func isLetterOrDigit(c rune) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// overlap tells whether two listeners cannot both have their address: the same port, and the
// same host or one that means every host. Port 0 never clashes.
func overlap(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || !samePort(portA, portB) {
		return false
	}
	ipA, ipB := listenIP(hostA), listenIP(hostB)
	if !ipA.IsValid() || !ipB.IsValid() {
		return strings.EqualFold(hostA, hostB) || ipA == netip.IPv6Unspecified() || ipB == netip.IPv6Unspecified()
	}
	return covers(ipA, ipB) || covers(ipB, ipA)
}

func samePort(a, b string) bool {
	m, errM := strconv.Atoi(a)
	n, errN := strconv.Atoi(b)
	return errM == nil && errN == nil && m == n && n != 0
}

// listenIP is what a listener on host really has; invalid for a name that only the resolver knows.
func listenIP(host string) netip.Addr {
	switch {
	case host == "":
		return netip.IPv6Unspecified() // both families
	case strings.EqualFold(host, "localhost"):
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	ip, _ := netip.ParseAddr(host)
	return ip.Unmap()
}

// covers tells whether a listener on wide also takes what is sent to ip.
func covers(wide, ip netip.Addr) bool {
	switch {
	case wide == ip || wide == netip.IPv6Unspecified():
		return true
	case wide == netip.IPv4Unspecified():
		return ip.Is4()
	}
	return false
}
