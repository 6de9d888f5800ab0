package stats

import (
	"time"

	"relais/stats/latency"
)

// Scope tells what a Row is about. The numbers are HAProxy's column "type".
type Scope int

// The scopes of HAProxy; Listener is not filled.
const (
	Frontend Scope = iota
	Backend
	Server
	Listener
)

// String returns HAProxy's word, as in its JSON.
func (s Scope) String() string {
	return [...]string{"Frontend", "Backend", "Server", "Listener"}[s]
}

// Snapshot is every figure at one moment, made by package app. Writers (CSV, JSON, page,
// Prometheus) read nothing else.
type Snapshot struct {
	Now          time.Time
	Process      Process
	Proxies      []Proxy
	Timeline     []Happening // newest last, at most some hundreds
	Certificates []Certificate
}

// Happening is something that an admin wants to know of afterwards: a server or a backend that
// went down or up, what an operator did, a reload.
type Happening struct {
	At      time.Time
	Proxy   string // empty: it concerns all of them
	Server  string // empty: it concerns the proxy
	What    string // such as DOWN, UP, "state drain", reload
	By      string // who wanted it; empty: nobody, it happened
	Reason  string // in words; empty: none is known
	Trouble bool   // something got worse
}

// Certificate is one that a listener shows to clients.
type Certificate struct {
	Bind     string   // address of the listener
	Names    []string // that it is good for
	File     string
	NotAfter time.Time
}

// Process is what concerns the whole balancer.
type Process struct {
	Version      string
	Node         string // host name
	PID          int
	Started      time.Time
	Maxconn      int    // client connections at once
	MaxFDs       uint64 // open-files limit
	Conns        int64
	ConnsTotal   uint64
	ConnRate     uint64
	ConnRateMax  uint64
	Requests     uint64
	BytesOut     uint64
	BytesOutRate uint64 // per second
	DroppedLogs  uint64 // log lines dropped because their reader was too slow
	Stopping     bool
	Listeners    int
	Threads      int   // GOMAXPROCS
	MemoryLimit  int64 // GOMEMLIMIT in bytes, 0: none
	ConfigFile   string
	ConfigLoaded time.Time // when what is in force was loaded
	ConfigHash   string    // of what is in force

	ConfigFault    string // why what is on disk now would not be taken; empty: it would
	ConfigPending  bool   // what is on disk now is sound and not what is in force
	ReloadFault    string // why the last reload was refused; empty: it was not
	Reloads        uint64 // that have changed something, or nothing
	ReloadFailures uint64
	Generations    int // of the configuration: the one in force and those that something still runs on
}

// Order is a standing change that an operator has made at run time.
type Order struct {
	What   string // such as "state maint"
	By     string
	At     time.Time
	Reason string    // empty: none was given
	Until  time.Time // zero: until it is set back
}

// Proxy is one frontend or one backend with its servers: rows in HAProxy's order (FRONTEND; or
// the servers, then BACKEND).
type Proxy struct {
	Name string
	Rows []Row
}

// HealthState is a server's state as the health check sees it.
type HealthState int

// The health states of a server.
const (
	NoCheck HealthState = iota // not checked: always taken as up
	Up
	Down
)

// Row is one line of figures. A field that does not concern the row's Scope is zero and is not
// shown: the column table knows which scope has which column.
type Row struct {
	Scope  Scope
	Proxy  string
	Server string // "FRONTEND", "BACKEND", or the server's name
	IID    int    // number of the proxy, from 2 on
	SID    int    // number of the server in its backend, from 1 on
	Mode   string // http
	Algo   string // backend: balance
	Cookie string // backend: its name; server: its value; empty: none

	Queue, QueueMax int64 // backend and server: requests that wait for a free slot
	QueueLimit      int   // server: 0: none

	// Sessions: connections of a frontend, requests of a backend or server.
	Sessions, SessionsMax int64
	SessionsLimit         int // 0: none
	SessionsTotal         uint64
	LastSession           time.Duration // since the last request; negative: never
	Rate, RateMax         uint64        // frontend: connections per second; else requests per second
	ReqRate, ReqRateMax   uint64        // frontend
	Requests              uint64        // frontend; of a backend or server every session is one
	ConnsTotal            uint64        // frontend
	Balanced              uint64        // requests placed by the algorithm
	Denied                uint64        // frontend: requests turned away by a rule
	Intercepted           uint64        // frontend: answered by itself, such as with a redirect; error pages do not count

	BytesIn, BytesOut uint64

	RequestErrors, ConnectErrors, ResponseErrors uint64
	Retries, Redispatches                        uint64
	ClientAborts, ServerAborts                   uint64
	Internal                                     uint64

	Responses [6]uint64 // by class; 0: other

	// Breaches of the rules of HTTP by reason: requests of a frontend, answers to a backend. Those
	// that were reported went on all the same.
	FaultsRefused, FaultsReported map[string]uint64

	// Failures are those of a backend or server by cause in words, such as "the server did not
	// answer in time"; RetryCauses those that another attempt followed.
	Failures, RetryCauses map[string]uint64

	Oldest       time.Duration // backend and server: age of the oldest request that waits for its answer; 0: none does
	OldestQueued time.Duration // backend: how long the first in the queue has waited; 0: nobody waits

	QueueTime, ConnectTime, ResponseTime, TotalTime             time.Duration // averages of about the last 1024 requests
	QueueTimeMax, ConnectTimeMax, ResponseTimeMax, TotalTimeMax time.Duration

	Times *latency.Times // server; nil: none

	Connects, Reuses, RacesAvoided uint64
	IdleConns, UsedConns           int64 // server

	// State. Maintenance (the operator's) and Health (observed) are separate.
	Address        string  // server
	Resolved       string  // server: the name that Address comes from, and how that went last; empty: it was given
	Unresolved     bool    // server: its name has no address, so that it is in maintenance
	Dynamic        bool    // server: added at run time
	ChecksPaused   bool    // server: an operator has paused its checks
	Orders         []Order // server: of operators, the latest last
	Health         HealthState
	Maintenance    bool
	Draining       bool // server: takes no new requests but those bound to it
	NoLB           bool // server: its check has found that it is well and wants no new requests
	Backup         bool // server: used when no other one is usable
	Stopped        bool // frontend: accepts no more connections
	Paused         bool // frontend: it is stopped, until an operator enables it again
	Weight         int  // effective; backend: sum over usable servers
	UserWeight     int  // configured; backend: sum over usable servers
	Throttle       int  // server in slowstart: percent of its weight; 0: not in slowstart
	Active         int  // backend: usable servers with a weight
	Backups        int  // backend: usable backup servers with a weight
	LastChange     time.Duration
	Downtime       time.Duration
	Downs          uint64         // backend: how often its last usable server was lost
	Check          *Check         // server with a health check
	Agent          *Check         // server with an agent, which has no failures, downs and events of its own
	Tracked        string         // backend/server whose health is this one's; empty: it has its own
	ServersByState map[string]int // backend: how many servers are UP, DOWN, MAINT, DRAIN, NOLB
	ServersByCheck map[string]int // backend: how many checked servers have which check status, such as L7OK

	hidden string // backend behind a Filter that hides servers: HAProxy's " (up/all)"
}

// Check is the state of a server's health check.
type Check struct {
	Running     bool
	Status      string // HAProxy's, such as L7OK; INI before the first result
	Code        int    // HTTP status, 0: none
	Duration    time.Duration
	Detail      string // what the server or the system said, such as "connection refused"
	Description string // HAProxy's words for Status, such as "Layer7 check passed"
	Rise, Fall  int
	Level       int     // 0..Rise-1: down, Rise..Rise+Fall-1: up
	Failures    uint64  // checks failed while the server was up
	Downs       uint64  // transitions from up to down
	Observed    bool    // live traffic is looked at as well
	Analyzed    uint64  // failures that it has shown
	Events      []Event // newest last, at most a few tens
}

// Event is a transition of a server.
type Event struct {
	At     time.Time
	Up     bool
	NoLB   bool   // it is up and wants no new requests
	Reason string // such as "3 failures: connection refused"

	// The check that made the difference; Check is empty if that is not known.
	Check    string // its status, such as L7STS
	Code     int    // HTTP status, 0: none
	Duration time.Duration
}
