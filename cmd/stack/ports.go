package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"
)

// portPatience is for the processes of a stack that was killed a moment ago: they still end.
const portPatience = 500 * time.Millisecond

// claimPorts finds out whether every site can be listened on, by doing so for a moment, and
// chooses the ports that are still open. It tells of all that are in use at once.
func claimPorts(l layout) (layout, error) {
	l.web = slices.Clone(l.web)
	deadline := time.Now().Add(portPatience)
	var faults []error
	for _, s := range l.sites() {
		ln, err := listen(s.address(), deadline)
		if err != nil {
			faults = appendNew(faults, portFault(*s, err))
			continue
		}
		defer ln.Close() // not before the last one has been chosen
		if s.port == 0 {
			s.port = ln.Addr().(*net.TCPAddr).Port
		}
	}
	return l, errors.Join(faults...)
}

// listen tries until the deadline when the port is in use.
func listen(address string, deadline time.Time) (net.Listener, error) {
	for {
		ln, err := net.Listen("tcp", address)
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return ln, err
		}
		time.Sleep(portPatience / 20)
	}
}

// appendNew says nothing twice: an address that is wrong is wrong for two sites.
func appendNew(faults []error, fault error) []error {
	for _, f := range faults {
		if f.Error() == fault.Error() {
			return faults
		}
	}
	return append(faults, fault)
}

// portFault says why nobody can listen on a site, and what to do.
func portFault(s site, err error) error {
	var unknown *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %d, for %s, is in use by %s: stop it, or choose another port with %s", s.port, s.name, holder(s.port), s.flag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %d, for %s, is for root only: choose one from 1024 with %s", s.port, s.name, s.flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &unknown):
		return fmt.Errorf("%s is not an address of this machine: choose another one with --bind", s.host)
	}
	return fmt.Errorf("%s cannot have its port: %w", s.name, err)
}
