// Package ctl is the runtime text protocol: HAProxy's commands on a unix socket, with its formats,
// its messages and its levels. It knows how things are said; a Balancer does them.
package ctl

import (
	"errors"
	"time"

	"relais/stats"
)

// Level is what a connection may do, as in HAProxy.
type Level int

// The levels: looking at figures, looking at everything, changing things.
const (
	User Level = iota
	Operator
	Admin
)

// Errors of a Balancer that have words of HAProxy's. Others are printed as they are.
var (
	ErrNoBackend  = errors.New("No such backend.")  //nolint:staticcheck // HAProxy's words
	ErrNoServer   = errors.New("No such server.")   //nolint:staticcheck // HAProxy's words
	ErrNoFrontend = errors.New("No such frontend.") //nolint:staticcheck // HAProxy's words
)

// Name names a server.
type Name struct{ Backend, Server string }

// Note is what goes with a change: who made it, and if given why and for how long.
type Note struct {
	By     string        // such as "root (pid 4711)"
	Reason string        // empty: none given
	For    time.Duration // 0: until it is set back
}

// Balancer is what the commands look at and act on. It is safe for concurrent use. A change has
// been written to the state file, if there is one, when its method returns nil; a warning that
// does not prevent it is returned as words.
type Balancer interface {
	Snapshot(now time.Time) stats.Snapshot
	Servers() []Server // of all backends, in the order of the configuration
	Orders() []Order   // that hold
	Streams() []Stream
	Refusals() []Refusal
	Environ() []string // NAME=value, without secrets

	SetState(n Name, state State, note Note) (warning string, err error)
	SetWeight(n Name, weight int, note Note) (warning string, err error) // 0 to 256
	SetMaxconn(n Name, maxconn int, note Note) (warning string, err error)
	SetHealth(n Name, health Health, note Note) error
	SetAgentHealth(n Name, up bool, note Note) error
	EnableCheck(n Name, on bool, note Note) error // health checks: go on, or pause
	EnableAgent(n Name, on bool, note Note) error
	SetAddress(n Name, address string, port int, note Note) (said string, err error) // port 0: as it was. said is HAProxy's message
	SetCheckAddress(n Name, address string, port int, note Note) error               // empty or 0: as it was
	SetAgentAddress(n Name, address string, port int, note Note) error               // empty or 0: as it was
	SetAgentSend(n Name, text string, note Note) error
	SetHostName(n Name, fqdn string, note Note) (said string, err error)
	AddServer(n Name, s NewServer, note Note) error // it is in maintenance until it is enabled
	DeleteServer(n Name, note Note) error

	EnableFrontend(frontend string, on bool, note Note) error
	SetFrontendMaxconn(frontend string, maxconn int, note Note) (warning string, err error)
	SetGlobalMaxconn(maxconn int, note Note) (warning string, err error)
	ShutdownFrontend(frontend string, note Note) error // for good, until a restart

	ShutdownStream(id string, note Note) error                // ErrNoStream
	ShutdownStreams(n Name, note Note) (ended int, err error) // those on a server
	ClearCounters(all bool, note Note)                        // the maxima, or everything
	ClearServerCounters(n Name, note Note) error
}

// ErrNoStream says that a stream is not there, or not any more.
var ErrNoStream = errors.New("No such session (use 'show sess').") //nolint:staticcheck // HAProxy's words

// State is what an operator wants of a server.
type State string

// The states of SetState. StateReady undoes the others.
const (
	StateReady State = "ready"
	StateDrain State = "drain"
	StateMaint State = "maint"
)

// Health is what SetHealth makes of a server, until its checks find otherwise.
type Health string

// The values of SetHealth.
const (
	HealthUp       Health = "up"
	HealthStopping Health = "stopping"
	HealthDown     Health = "down"
)

// NewServer is what "add server" says beside the name.
type NewServer struct {
	Address   string // IP:PORT or unix@PATH
	Weight    int
	Maxconn   int
	Backup    bool
	Check     bool // with the backend's health check
	Agent     bool // with the backend's agent
	SendProxy string
	TLS       bool
	Verify    bool
	CA, SNI   string
	Cookie    string
	Track     string
}

// Server is what there is to be said of a server beside its row of figures.
type Server struct {
	Name
	BackendID, ID int
	Mode          string
	Address       string // IP, or empty: not resolved yet, or a unix socket
	Port          int
	Path          string // of a unix socket
	HostName      string // that is resolved; empty: the address was given
	SRV           string // that is resolved; empty: none
	TLS           bool
	Dynamic       bool // added at run time

	Weight, InitialWeight int // as an operator has set it; as the configuration has it

	Up, Starting, NoLB bool
	Maint, Drain       bool   // an operator's
	Disabled           bool   // by the configuration
	Tracks             string // backend/server whose state is this one's
	TrackedMaint       bool   // that one is in maintenance
	Unresolved         bool   // there is no address
	Renamed            bool   // the host name was set at run time

	LastChange   time.Duration // since then
	Check, Agent *Check        // nil: none
	CheckAddress string        // empty: the server's
	CheckPort    int
	AgentAddress string
	AgentPort    int

	Served, Used, UsedMax, Idle, NeedEstimate int
}

// Check is what "show servers state" says of a check or an agent.
type Check struct {
	Status  string // HAProxy's short word, such as L4OK; INI before the first result
	Passed  bool
	Level   int
	Running bool
	Enabled bool // an operator may have paused it
}

// Order is a standing change of an operator.
type Order struct {
	Object string // such as "app/web1", "frontend web" or "process"
	What   string // such as "state maint"
	By     string
	At     time.Time
	Reason string
	Until  time.Time // zero: until it is set back
}

// Stream is a request or a TCP session under way, or a connection that waits for a request.
type Stream struct {
	ID         string // 0x and hexadecimal digits
	Proto      string // tcpv4, tcpv6 or unix_stream
	Source     string // IP:PORT of the client
	Frontend   string
	Backend    string // empty: none yet
	Server     string // empty: none yet
	Began      time.Time
	Requests   int // of the connection so far
	Generation int // of the configuration under which it began
	Tunnel     bool
	BytesIn    uint64
	BytesOut   uint64
	URI        string // empty: not known
}

// Refusal is the last message of a proxy that was not sound, for "show errors".
type Refusal struct {
	At       time.Time
	Frontend string
	FrontID  int
	Backend  string // empty: none
	BackID   int
	Server   string // empty: none
	ServerID int
	Answer   bool // of a server, not a request
	Number   uint64
	Source   string // IP:PORT of the client
	Reason   string
	Text     []byte // what stood there, or its beginning
	Position int    // of the fault in Text; below 0: not known
}

// Command is a command of the balancer's own, beside HAProxy's.
type Command struct {
	Words []string // with which it begins, such as "show", "generations"
	Usage string   // what may follow, for help
	Help  string   // one line
	Level Level
	// Run answers through say. args are the words that follow. An error is printed and makes ctl
	// exit with 1.
	Run func(args []string, note Note, say func(format string, args ...any)) error
}
