package ctl

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

const stateHeader = "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"

func (x *call) showServersState() error {
	servers, err := x.serversOf(0)
	if err != nil {
		return err
	}
	draining := drainingServers(x.balancer().Servers())
	x.printf("1\n" + stateHeader)
	for _, s := range servers {
		check := s.check()
		x.printf("%d %s %d %s %s %d %d %d %d %d %d %d %d %d %d 0 0 %s %d %s %d %d %s %s %d\n",
			s.BackendID, s.Backend, s.ID, s.Server, orNone(s.Address), s.operation(), s.administration(draining[s.Tracks]),
			s.Weight, s.InitialWeight, int64(s.LastChange/time.Second),
			check.status, check.result, check.level, s.checkState(s.Check), s.agentState(),
			orNone(s.HostName), s.Port, orNone(s.SRV), digit(s.TLS),
			s.CheckPort, orNone(s.CheckAddress), orNone(s.AgentAddress), s.AgentPort)
	}
	return nil
}

func (x *call) showServersConn() error {
	servers, err := x.serversOf(0)
	if err != nil {
		return err
	}
	x.printf("# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max need_est idle_sess unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[1]\n")
	for _, s := range servers {
		x.printf("%s/%s %d/%d %s %d - 0 %d %d %d %d 0 0 %d -1 %d %d\n", s.Backend, s.Server, s.BackendID, s.ID,
			orNone(s.Address), s.Port, s.Served, s.Used, s.UsedMax, s.NeedEstimate, s.Idle, s.Idle, s.Idle)
	}
	return nil
}

// serversOf returns the servers of the backend that an argument names, or all.
func (x *call) serversOf(i int) ([]Server, error) {
	servers := x.balancer().Servers()
	backend := x.arg(i)
	if backend == "" {
		return servers, nil
	}
	if x.backend(backend) == nil {
		return nil, fail("Can't find backend.")
	}
	return slices.DeleteFunc(slices.Clone(servers), func(s Server) bool { return !named(backend, s.Backend, s.BackendID) }), nil
}

// operation is HAProxy's srv_op_state.
func (s *Server) operation() int {
	switch {
	case s.inMaintenance(), !s.Up:
		return 0 // stopped
	case s.Starting:
		return 1
	case s.NoLB:
		return 3 // stopping
	}
	return 2 // running
}

// inMaintenance tells whether a server is in maintenance for any reason.
func (s *Server) inMaintenance() bool {
	return s.Maint || s.Disabled || s.TrackedMaint || s.Unresolved
}

// administration is HAProxy's srv_admin_state. A server that the configuration disables has both
// bits, as there.
func (s *Server) administration(trackedDrain bool) int {
	const forced, inherited, configured, drain, inheritedDrain, resolution, renamed = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40
	return bits(s.Maint || s.Disabled, forced) | bits(s.TrackedMaint, inherited) | bits(s.Disabled, configured) |
		bits(s.Drain, drain) | bits(trackedDrain, inheritedDrain) | bits(s.Unresolved, resolution) | bits(s.Renamed, renamed)
}

// drainingServers are those in drain, by backend/server, and those that track one of them.
func drainingServers(servers []Server) map[string]bool {
	draining := map[string]bool{}
	for before := -1; before < len(draining); {
		before = len(draining)
		for i := range servers {
			if s := &servers[i]; s.Drain || draining[s.Tracks] {
				draining[s.Backend+"/"+s.Server] = true
			}
		}
	}
	return draining
}

// statuses are HAProxy's, by their numbers.
var statuses = []string{"UNK", "INI", "", "CHECKED", "HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT",
	"L6RSP", "L7TOUT", "L7RSP", "", "L7OK", "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK"}

// checked is what HAProxy says of a check in numbers.
type checked struct{ status, result, level int }

func (s *Server) check() checked {
	const unknown, failed, passed, conditionally = 0, 2, 3, 4
	c := s.Check
	if c == nil {
		return checked{status: 1}
	}
	word := strings.TrimPrefix(c.Status, "* ")
	number := checked{slices.Index(statuses, cmp.Or(word, "INI")), failed, c.Level}
	switch {
	case number.status < 0:
		number.status, number.result = 0, unknown
	case number.status <= 2:
		number.result = unknown
	case word == "L7OKC":
		number.result = conditionally
	case c.Passed:
		number.result = passed
	}
	return number
}

// checkState is HAProxy's srv_check_state.
func (s *Server) checkState(c *Check) int {
	const running, configured, enabled, paused = 1, 2, 4, 8
	if c == nil {
		return 0
	}
	return configured | bits(c.Running, running) | bits(c.Enabled, enabled) | bits(c.Enabled && s.inMaintenance(), paused)
}

func (s *Server) agentState() int {
	const agent = 16
	if s.Agent == nil {
		return 0
	}
	return agent | s.checkState(s.Agent)
}

func bits(on bool, mask int) int {
	if on {
		return mask
	}
	return 0
}

func digit(b bool) int { return bits(b, 1) }

func orNone(s string) string { return cmp.Or(s, "-") }
