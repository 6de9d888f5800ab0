package ctl

import (
	"net/netip"
	"strconv"
	"strings"
)

const setServerUsage = "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | check-port | fqdn | health | ssl | state | weight"

func (x *call) setServer() error {
	s, err := x.namedServer(0)
	if err != nil {
		return err
	}
	value, given := x.arg(2), len(x.args) > 2
	if key := x.arg(1); x.note.For > 0 && key != "state" && key != "weight" {
		return fail("'set server <srv> %s' cannot be set back after a time: leave out 'for'.", key)
	}
	switch x.arg(1) {
	case "weight":
		return x.changeWeight(s, value)
	case "state":
		return x.setState(s, State(value))
	case "health":
		return x.setHealth(s, Health(value))
	case "agent":
		return x.setAgent(s, value)
	case "addr":
		return x.setAddress(s, value)
	case "check-addr":
		return x.setCheckAddress(s, value)
	case "check-port":
		return x.setCheckPort(s, value)
	case "agent-addr":
		return x.setAgentAddress(s, value)
	case "agent-port":
		return x.setAgentPort(s, value)
	case "agent-send":
		return x.setAgentSend(s, value, given)
	case "fqdn":
		return x.setHostName(s, value)
	case "name":
		return fail("A server cannot be renamed: add one with the other name, then delete '%s/%s'.", s.Backend, s.Server)
	case "ssl":
		return fail("'set server <srv> ssl' cannot be set: the configuration says whether a server speaks TLS.")
	}
	return &failure{severityError, setServerUsage}
}

func (x *call) setState(s *Server, state State) error {
	switch state {
	case StateReady, StateDrain, StateMaint:
		return x.warn(x.balancer().SetState(s.Name, state, x.note))
	}
	return fail("'set server <srv> state' expects 'ready', 'drain' and 'maint'.")
}

func (x *call) setHealth(s *Server, health Health) error {
	switch {
	case s.Tracks != "":
		return fail("cannot change health on a tracking server.")
	case health == HealthUp, health == HealthStopping, health == HealthDown:
		return x.balancer().SetHealth(s.Name, health, x.note)
	}
	return fail("'set server <srv> health' expects 'up', 'stopping', or 'down'.")
}

func (x *call) setAgent(s *Server, value string) error {
	switch {
	case s.Agent == nil:
		return errNoAgent
	case value == "up", value == "down":
		return x.balancer().SetAgentHealth(s.Name, value == "up", x.note)
	}
	return fail("'set server <srv> agent' expects 'up' or 'down'.")
}

var (
	errNoAgent  = fail("agent checks are not enabled on this server.")
	errNoAgent4 = failWarning("agent checks are not enabled on this server")
	errNoCheck4 = failWarning("health checks are not enabled on this server")
)

// byStatsSocket is what HAProxy puts behind what is said of an address.
const byStatsSocket = " by 'stats socket command'"

func (x *call) setAddress(s *Server, address string) error {
	if address == "" {
		return fail("set server <b>/<s> addr requires an address and optionally a port.")
	}
	if _, err := netip.ParseAddr(address); err != nil {
		return failWarning("Invalid addr '%s'"+byStatsSocket, address)
	}
	port := 0
	if x.arg(3) == "port" {
		var err error
		if port, err = strconv.Atoi(x.arg(4)); err != nil {
			return failWarning("problem converting port '%s' to an int"+byStatsSocket, x.arg(4))
		}
		if port < 1 || port > 65535 {
			return failWarning("provided port is invalid" + byStatsSocket)
		}
	}
	said, err := x.balancer().SetAddress(s.Name, address, port, x.note)
	return x.warn(said, err)
}

func (x *call) setCheckAddress(s *Server, address string) error {
	if address == "" {
		return fail("set server <b>/<s> check-addr requires an address and optionally a port.")
	}
	if s.Check == nil {
		return errNoCheck4
	}
	port, err := x.addressAndPort(address)
	if err != nil {
		return err
	}
	return x.balancer().SetCheckAddress(s.Name, address, port, x.note)
}

func (x *call) setCheckPort(s *Server, value string) error {
	if value == "" {
		return fail("set server <b>/<s> check-port requires a port.")
	}
	if s.Check == nil {
		return errNoCheck4
	}
	port, err := parsePort(value)
	if err != nil {
		return err
	}
	return x.balancer().SetCheckAddress(s.Name, "", port, x.note)
}

func (x *call) setAgentAddress(s *Server, address string) error {
	if address == "" {
		return fail("set server <b>/<s> agent-addr requires an address and optionally a port.")
	}
	if s.Agent == nil {
		return errNoAgent4
	}
	port, err := x.addressAndPort(address)
	if err != nil {
		return err
	}
	return x.balancer().SetAgentAddress(s.Name, address, port, x.note)
}

func (x *call) setAgentPort(s *Server, value string) error {
	if value == "" {
		return fail("set server <b>/<s> agent-port requires a port.")
	}
	if s.Agent == nil {
		return errNoAgent4
	}
	port, err := parsePort(value)
	if err != nil {
		return err
	}
	return x.balancer().SetAgentAddress(s.Name, "", port, x.note)
}

// addressAndPort checks an address and reads the port that may follow it; 0: none.
func (x *call) addressAndPort(address string) (port int, err error) {
	if _, err := netip.ParseAddr(address); err != nil {
		return 0, failWarning("invalid addr '%s'", address)
	}
	if x.arg(3) != "port" {
		return 0, nil
	}
	return parsePort(x.arg(4))
}

func parsePort(s string) (int, error) {
	port, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, failWarning("provided port is not an integer")
	case port < 1 || port > 65535:
		return 0, failWarning("provided port is invalid")
	}
	return port, nil
}

func (x *call) setAgentSend(s *Server, text string, given bool) error {
	switch {
	case s.Agent == nil:
		return errNoAgent
	case !given:
		return fail("set server <b>/<s> agent-send requires a string.")
	}
	return x.balancer().SetAgentSend(s.Name, text, x.note)
}

func (x *call) setHostName(s *Server, name string) error {
	if name == "" {
		return fail("set server <b>/<s> fqdn requires a FQDN.")
	}
	if s.HostName == "" {
		return fail("set server <b>/<s> fqdn failed because no resolution is configured.")
	}
	if strings.ContainsAny(name, " \t:/") {
		return fail("set server <b>/<s> fqdn requires a FQDN.")
	}
	return x.warn(x.balancer().SetHostName(s.Name, name, x.note))
}

// enableServer is the old name of "set server state ready" and "maint".
func (x *call) enableServer(on bool) error {
	s, err := x.namedServer(0)
	if err != nil {
		return err
	}
	if on {
		return x.setState(s, StateReady)
	}
	return x.setState(s, StateMaint)
}

func (x *call) enableHealth(on bool) error {
	s, err := x.namedServer(0)
	switch {
	case err != nil:
		return err
	case s.Check == nil && on:
		return fail("Health check was not configured on this server, cannot enable.")
	case s.Check == nil:
		return nil
	}
	return x.balancer().EnableCheck(s.Name, on, x.note)
}

func (x *call) enableAgent(on bool) error {
	s, err := x.namedServer(0)
	switch {
	case err != nil:
		return err
	case s.Agent == nil && on:
		return fail("Agent was not configured on this server, cannot enable.")
	case s.Agent == nil:
		return nil
	}
	return x.balancer().EnableAgent(s.Name, on, x.note)
}
