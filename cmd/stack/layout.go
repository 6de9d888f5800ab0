package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// The flags that choose ports.
const (
	flagPort      = "--port"
	flagStatsPort = "--stats-port"
	flagWebPort   = "--first-web-port"
)

const loopback = "127.0.0.1"

// site is one listener of the stack.
type site struct {
	name string // such as web1
	host string // empty: every interface
	port int    // 0: to be chosen
	flag string // that chooses the port
}

func (s site) address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// everywhere tells whether the site listens on every interface.
func (s site) everywhere() bool {
	ip, err := netip.ParseAddr(s.host)
	return s.host == "" || err == nil && ip.IsUnspecified()
}

// url is for people and programs on this machine.
func (s site) url(path string) string { return s.reachedAs("localhost", path) }

// probe is for this program, which does not depend on what localhost resolves to.
func (s site) probe(path string) string { return s.reachedAs(loopback, path) }

// reachedAs is the URL of a site that is called local when it listens everywhere.
func (s site) reachedAs(local, path string) string {
	host := s.host
	if s.everywhere() {
		host = local
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(s.port)) + path
}

// layout is who listens where.
type layout struct {
	app   site
	stats site
	web   []site
}

// layoutOf arranges what o asks for: the application everywhere and the rest on loopback, unless
// --bind says otherwise.
func layoutOf(o options) layout {
	l := layout{
		app:   site{name: "the application", host: o.bind, port: o.port, flag: flagPort},
		stats: site{name: "the stats page", host: orElse(o.bind, loopback), port: o.statsPort, flag: flagStatsPort},
	}
	for i := range o.web {
		port := 0
		if o.webPort > 0 {
			port = o.webPort + i
		}
		l.web = append(l.web, site{name: fmt.Sprintf("web%d", i+1), host: loopback, port: port, flag: flagWebPort})
	}
	return l
}

// sites returns all of them, to be changed in place.
func (l *layout) sites() []*site {
	all := []*site{&l.app, &l.stats}
	for i := range l.web {
		all = append(all, &l.web[i])
	}
	return all
}

// names are those of the processes.
func (l *layout) names() []string {
	names := []string{stackName, balancerName}
	for _, w := range l.web {
		names = append(names, w.name)
	}
	return names
}

// clash says which two sites were given the same port; empty: none.
func (l layout) clash() string {
	taken := map[int]string{0: ""}
	for _, s := range l.sites() {
		if other := taken[s.port]; other != "" {
			return fmt.Sprintf("port %d is for %s and for %s; change %s", s.port, other, s.name, s.flag)
		}
		if s.port != 0 {
			taken[s.port] = s.name
		}
	}
	return ""
}
