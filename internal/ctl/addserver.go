package ctl

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

const addServerHelp = `Usage: add server <backend>/<server> <ip>:<port>|unix@<path> [args]*
The server is in maintenance until 'enable server'; health checks and agent are the backend's. args:
  agent-check, backup, ca-file <file>, check, cookie <value>, disabled, maxconn <n>, send-proxy,
  send-proxy-v2, sni <name>, ssl, track <backend>/<server>, verify none|required, weight <0-256>
`

func (x *call) addServer() error {
	if x.arg(0) == "help" {
		x.say(severityInfo, addServerHelp)
		return nil
	}
	_, err := x.namedServer(0)
	backend, name, _ := strings.Cut(x.arg(0), "/")
	switch {
	case err == nil:
		return fail("Already exists a server with the same name in backend.")
	case !errors.Is(err, ErrNoServer):
		return err
	case x.arg(1) == "":
		return fail("'server' expects <name> and <addr>[:<port>] as arguments.")
	}
	if i := strings.IndexFunc(name, notInName); i >= 0 {
		return fail("character '%c' is not permitted in server name '%s'.", name[i], name)
	}
	if row := x.backend(backend); row != nil {
		backend = row.Proxy // it may have been "#" and its number
	}
	added, err := x.newServer(backend, name)
	if err != nil {
		return err
	}
	if err := x.balancer().AddServer(Name{backend, name}, added, x.note); err != nil {
		return err
	}
	x.say(severityInfo, "New server registered.")
	return nil
}

// notInName tells whether HAProxy has no such character in names.
func notInName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:", r))
}

// newServer reads what stands behind the name.
func (x *call) newServer(backend, name string) (NewServer, error) {
	n := NewServer{Address: x.arg(1), Weight: 1}
	if err := checkAddress(n.Address); err != nil {
		return n, err
	}
	verify := ""
	for args := x.args[2:]; len(args) > 0; args = args[1:] {
		if n.flag(args[0]) {
			continue
		}
		if slices.Contains(refusedKeywords, args[0]) {
			return n, fail("'%s' option is not accepted for dynamic server", args[0])
		}
		if !slices.Contains(valueKeywords, args[0]) {
			return n, fail("unknown keyword '%s'.", args[0])
		}
		if len(args) == 1 {
			return n, fail("'%s' expects an argument.", args[0])
		}
		if err := n.value(args[0], args[1], name, &verify); err != nil {
			return n, err
		}
		args = args[1:]
	}
	n.Verify = n.TLS && verify != "none"
	if n.Track != "" {
		return n, x.checkTrack(&n, backend)
	}
	return n, nil
}

func checkAddress(address string) error {
	if path, ok := strings.CutPrefix(address, "unix@"); ok {
		if !strings.HasPrefix(path, "/") {
			return fail("'%s': a unix socket's path is expected to begin with '/'.", address)
		}
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fail("missing port in '%s'.", address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fail("invalid port '%s'", port)
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return fail("'%s' is not an IP address; names are not resolved for a dynamic server.", host)
	}
	return nil
}

// Keywords of HAProxy's servers beside the flags.
var (
	valueKeywords   = []string{"ca-file", "cookie", "maxconn", "sni", "track", "verify", "weight"}
	refusedKeywords = []string{
		"addr", "agent-addr", "agent-inter", "agent-port", "agent-send", "allow-0rtt", "alpn", "check-alpn", "check-proto",
		"check-send-proxy", "check-sni", "check-ssl", "check-via-socks4", "ciphers", "ciphersuites", "crl-file", "crt",
		"downinter", "enabled", "error-limit", "fall", "fastinter", "force-sslv3", "force-tlsv10", "force-tlsv11",
		"force-tlsv12", "force-tlsv13", "guid", "hash-key", "id", "init-addr", "init-state", "inter", "log-bufsize",
		"log-proto", "max-reuse", "maxqueue", "minconn", "namespace", "no-check", "no-ssl", "no-verifyhost", "non-stick",
		"npn", "observe", "on-error", "on-marked-down", "on-marked-up", "pool-low-conn", "pool-max-conn",
		"pool-purge-delay", "port", "proto", "proxy-v2-options", "redir", "resolve-net", "resolve-opts", "resolve-prefer",
		"resolvers", "rise", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn", "shard", "slowstart", "socks4", "source",
		"ssl-max-ver", "ssl-min-ver", "stick", "tcp-ut", "tfo", "usesrc", "verifyhost", "ws",
	}
)

// flag takes a keyword without a value.
func (n *NewServer) flag(keyword string) bool {
	switch keyword {
	case "backup":
		n.Backup = true
	case "check":
		n.Check = true
	case "agent-check":
		n.Agent = true
	case "send-proxy":
		n.SendProxy = "v1"
	case "send-proxy-v2":
		n.SendProxy = "v2"
	case "ssl":
		n.TLS = true
	case "disabled": // it is, until it is enabled
	default:
		return false
	}
	return true
}

// value takes a keyword with its value.
func (n *NewServer) value(keyword, value, name string, verify *string) error {
	switch keyword {
	case "ca-file":
		n.CA = value
	case "cookie":
		n.Cookie = value
	case "sni":
		n.SNI = strings.TrimSuffix(strings.TrimPrefix(value, "str("), ")")
	case "track":
		n.Track = value
	case "verify":
		if value != "none" && value != "required" {
			return fail("'verify' : unknown verify method '%s', only 'none' and 'required' are supported.", value)
		}
		*verify = value
	default: // weight and maxconn
		number, err := strconv.Atoi(value)
		if err != nil || number < 0 {
			return fail("'%s' expects a number, not '%s'.", keyword, value)
		}
		if keyword == "maxconn" {
			n.Maxconn = number
			return nil
		}
		if number > maxWeight {
			return fail("weight of server %s is not within 0 and 256 (%d).", name, number)
		}
		n.Weight = number
	}
	return nil
}

// checkTrack says whether the server that is tracked can be. Without a backend it is of the same.
func (x *call) checkTrack(n *NewServer, backend string) error {
	if !strings.Contains(n.Track, "/") {
		n.Track = backend + "/" + n.Track
	}
	of, name, _ := strings.Cut(n.Track, "/")
	for _, s := range x.balancer().Servers() {
		switch {
		case s.Backend != of || s.Server != name:
		case s.Dynamic:
			return fail("unable to use %s for tracking as it is a dynamic server.", n.Track)
		case s.Check == nil && s.Agent == nil && s.Tracks == "":
			return fail("unable to use %s for tracking as it does not have any check nor agent enabled.", n.Track)
		default:
			return nil
		}
	}
	return fail("unable to find required server '%s' for tracking.", name)
}

var (
	errNotInMaintenance = fail("Only servers in maintenance mode can be deleted.")
	errTracked          = fail("This server cannot be removed at runtime due to other configuration elements pointing to it.")
)

func (x *call) delServer() error {
	s, err := x.namedServer(0)
	if err != nil {
		return err
	}
	if err := x.removable(s); err != nil {
		return err
	}
	if err := x.balancer().DeleteServer(s.Name, x.note); err != nil {
		return err
	}
	x.say(severityInfo, "Server deleted.")
	return nil
}

// removable tells what stands in the way of deleting a server for good, which does not pass by
// itself.
func (x *call) removable(s *Server) error {
	name := s.Backend + "/" + s.Server
	if slices.ContainsFunc(x.balancer().Servers(), func(o Server) bool { return o.Tracks == name }) {
		return errTracked
	}
	if !s.Maint && !s.Disabled {
		return errNotInMaintenance
	}
	return nil
}
