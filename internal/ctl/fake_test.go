package ctl

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"relais/stats"
)

// fake is a Balancer of values: a change is made in them and noted down.
type fake struct {
	mu        sync.Mutex
	servers   []Server
	orders    []Order
	frontends []stats.Row
	backends  []stats.Row
	streams   []Stream
	refusals  []Refusal
	began     time.Time
	done      []string // what was asked for
	notes     []Note
}

var _ Balancer = (*fake)(nil)

// newFake returns a balancer with a server of each kind: be/s1 is checked, be/s2 has an agent, be/s3
// is disabled, be/s4 has neither, st/a1 tracks be/s1.
func newFake() *fake {
	up := Server{BackendID: 3, Mode: "http", Address: "127.0.0.1", Port: 80, Weight: 1, InitialWeight: 1, Up: true}
	s1, s2, s3, s4, a1 := up, up, up, up, up
	s1.Name, s1.ID, s1.Weight, s1.InitialWeight = Name{"be", "s1"}, 1, 10, 10
	s1.Check = &Check{Status: "L4OK", Passed: true, Level: 4, Enabled: true}
	s2.Name, s2.ID, s2.Weight, s2.InitialWeight = Name{"be", "s2"}, 2, 20, 20
	s2.Agent, s2.AgentPort = &Check{Status: "L7OK", Passed: true, Level: 1, Enabled: true}, 81
	s3.Name, s3.ID, s3.Disabled, s3.Up = Name{"be", "s3"}, 3, true, false
	s4.Name, s4.ID = Name{"be", "s4"}, 4
	a1.Name, a1.ID, a1.BackendID, a1.Tracks = Name{"st", "a1"}, 1, 4, "be/s1"
	return &fake{
		servers:   []Server{s1, s2, s3, s4, a1},
		frontends: []stats.Row{{Scope: stats.Frontend, Proxy: "fe", Server: "FRONTEND", IID: 2, Mode: "http"}},
		backends: []stats.Row{
			{Scope: stats.Backend, Proxy: "be", Server: "BACKEND", IID: 3, Mode: "http", Algo: "roundrobin", Active: 3, LastSession: -1},
			{Scope: stats.Backend, Proxy: "st", Server: "BACKEND", IID: 4, Mode: "http", Algo: "source", Active: 1, LastSession: -1},
		},
		began: time.Now(),
	}
}

func (f *fake) Snapshot(now time.Time) stats.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := stats.Snapshot{Now: now, Process: stats.Process{Version: "1.2.3", Node: "lb1", PID: 4711, Started: f.began, Threads: 2, Maxconn: 100, MaxFDs: 233}}
	for _, row := range f.frontends {
		s.Proxies = append(s.Proxies, stats.Proxy{Name: row.Proxy, Rows: []stats.Row{row}})
	}
	for _, row := range f.backends {
		rows := f.rows(row.Proxy)
		s.Proxies = append(s.Proxies, stats.Proxy{Name: row.Proxy, Rows: append(rows, row)})
	}
	return s
}

func (f *fake) rows(backend string) []stats.Row {
	var rows []stats.Row
	for _, s := range f.servers {
		if s.Backend != backend {
			continue
		}
		row := stats.Row{
			Scope: stats.Server, Proxy: s.Backend, Server: s.Server, IID: s.BackendID, SID: s.ID, Mode: s.Mode, LastSession: -1,
			Address: fmt.Sprintf("%s:%d", s.Address, s.Port), Weight: s.Weight, UserWeight: s.Weight, Maintenance: s.inMaintenance(), Draining: s.Drain, Tracked: s.Tracks,
		}
		if s.Check != nil {
			row.Health = stats.Up
			row.Check = &stats.Check{Status: s.Check.Status, Rise: 2, Fall: 3, Level: s.Check.Level, Description: "Layer4 check passed"}
		}
		if s.Tracks != "" {
			row.Health = stats.Up
		}
		if s.Agent != nil {
			row.Agent = &stats.Check{Status: s.Agent.Status, Rise: 1, Fall: 1, Level: s.Agent.Level, Description: "Layer7 check passed"}
		}
		rows = append(rows, row)
	}
	return rows
}

func (f *fake) Servers() []Server {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.servers)
}

func (f *fake) Orders() []Order {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.orders)
}

func (f *fake) Streams() []Stream   { return f.streams }
func (f *fake) Refusals() []Refusal { return f.refusals }
func (f *fake) Environ() []string   { return []string{"HOME=/root", "PATH=/bin"} }

// change notes a change down and makes it.
func (f *fake) change(n Name, note Note, change func(*Server), format string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, strings.TrimSpace(fmt.Sprintf(format, args...)+" "+strings.Trim(n.Backend+"/"+n.Server, "/")))
	f.notes = append(f.notes, note)
	for i := range f.servers {
		if f.servers[i].Name == n && change != nil {
			change(&f.servers[i])
		}
	}
	return nil
}

func (f *fake) SetState(n Name, state State, note Note) (string, error) {
	return "", f.change(n, note, func(s *Server) {
		s.Maint, s.Drain, s.Disabled = state == StateMaint, state == StateDrain, false
		s.Up = true
		o := Order{Object: n.Backend + "/" + n.Server, What: "state " + string(state), By: note.By, At: time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC), Reason: note.Reason}
		if note.For > 0 {
			o.Until = o.At.Add(note.For)
		}
		f.orders = append(f.orders, o)
	}, "state %s", state)
}

func (f *fake) SetWeight(n Name, weight int, note Note) (string, error) {
	return "", f.change(n, note, func(s *Server) { s.Weight = weight }, "weight %d", weight)
}

func (f *fake) SetMaxconn(n Name, maxconn int, note Note) (string, error) {
	return "", f.change(n, note, nil, "maxconn %d", maxconn)
}

func (f *fake) SetHealth(n Name, health Health, note Note) error {
	return f.change(n, note, nil, "health %s", health)
}

func (f *fake) SetAgentHealth(n Name, up bool, note Note) error {
	return f.change(n, note, nil, "agent %t", up)
}

func (f *fake) EnableCheck(n Name, on bool, note Note) error {
	return f.change(n, note, func(s *Server) { s.Check.Enabled = on }, "check %t", on)
}

func (f *fake) EnableAgent(n Name, on bool, note Note) error {
	return f.change(n, note, func(s *Server) { s.Agent.Enabled = on }, "agent checks %t", on)
}

func (f *fake) SetAddress(n Name, address string, port int, note Note) (said string, err error) {
	err = f.change(n, note, func(s *Server) {
		said = "no need to change the addr"
		if s.Address != address {
			said = fmt.Sprintf("IP changed from '%s' to '%s'", s.Address, address)
		}
		if port != 0 && port != s.Port {
			said += fmt.Sprintf(", port changed from '%d' to '%d'", s.Port, port)
			s.Port = port
		}
		s.Address = address
		said += byStatsSocket
	}, "addr %s %d", address, port)
	return said, err
}

func (f *fake) SetCheckAddress(n Name, address string, port int, note Note) error {
	return f.change(n, note, func(s *Server) {
		if address != "" {
			s.CheckAddress = address
		}
		if port != 0 {
			s.CheckPort = port
		}
	}, "check-addr %s %d", address, port)
}

func (f *fake) SetAgentAddress(n Name, address string, port int, note Note) error {
	return f.change(n, note, func(s *Server) {
		if address != "" {
			s.AgentAddress = address
		}
		if port != 0 {
			s.AgentPort = port
		}
	}, "agent-addr %s %d", address, port)
}

func (f *fake) SetAgentSend(n Name, text string, note Note) error {
	return f.change(n, note, nil, "agent-send %q", text)
}

func (f *fake) SetHostName(n Name, fqdn string, note Note) (string, error) {
	return "", f.change(n, note, func(s *Server) { s.HostName = fqdn }, "fqdn %s", fqdn)
}

func (f *fake) AddServer(n Name, s NewServer, note Note) error {
	address, port, _ := strings.Cut(s.Address, ":")
	f.mu.Lock()
	id := 1 + len(f.servers)
	f.servers = append(f.servers, Server{Name: n, BackendID: 3, ID: id, Mode: "http", Address: address, Port: number(port), Weight: s.Weight, InitialWeight: s.Weight, Maint: true, Dynamic: true, Tracks: s.Track})
	f.mu.Unlock()
	return f.change(n, note, nil, "add %+v", s)
}

func (f *fake) DeleteServer(n Name, note Note) error {
	f.mu.Lock()
	f.servers = slices.DeleteFunc(slices.Clone(f.servers), func(s Server) bool { return s.Name == n })
	f.mu.Unlock()
	return f.change(n, note, nil, "delete")
}

func (f *fake) EnableFrontend(frontend string, on bool, note Note) error {
	f.mu.Lock()
	f.frontends[0].Stopped = !on
	f.mu.Unlock()
	return f.change(Name{}, note, nil, "frontend %s %t", frontend, on)
}

func (f *fake) SetFrontendMaxconn(frontend string, maxconn int, note Note) (string, error) {
	return "", f.change(Name{}, note, nil, "frontend %s maxconn %d", frontend, maxconn)
}

func (f *fake) SetGlobalMaxconn(maxconn int, note Note) (string, error) {
	if maxconn > 100 {
		return "", fail("Value out of range.")
	}
	return "", f.change(Name{}, note, nil, "maxconn %d", maxconn)
}

func (f *fake) ShutdownFrontend(frontend string, note Note) error {
	return f.change(Name{}, note, nil, "shutdown %s", frontend)
}

func (f *fake) ShutdownStream(id string, note Note) error {
	return f.change(Name{}, note, nil, "shutdown stream %s", id)
}

func (f *fake) ShutdownStreams(n Name, note Note) (int, error) {
	return 2, f.change(n, note, nil, "shutdown streams")
}

func (f *fake) ClearCounters(all bool, note Note) { _ = f.change(Name{}, note, nil, "clear %t", all) }

func (f *fake) ClearServerCounters(n Name, note Note) error {
	return f.change(n, note, nil, "clear counters")
}
