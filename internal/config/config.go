// Package config holds the balancer's configuration as plain values, with their defaults and
// their validation. It knows no file format: package file reads YAML into these types.
package config

import (
	"io/fs"
	"net/netip"
	"time"
)

// Config is one complete configuration. It is never changed once it has been validated.
type Config struct {
	Version         int           `yaml:"version"`
	Log             Log           `yaml:"log"`
	AccessLog       AccessLog     `yaml:"access_log"`
	Explain         Explain       `yaml:"explain"`
	Stats           Stats         `yaml:"stats"`
	AdminSocket     *AdminSocket  `yaml:"admin_socket"` // of the runtime commands; nil: none
	StateFile       string        `yaml:"state_file"`   // keeps what operators have changed; empty: only in memory
	Resolvers       Resolvers     `yaml:"resolvers"`
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout"` // how long a graceful stop waits for running requests
	Limits          Limits        `yaml:"limits"`
	Frontends       []*Frontend   `yaml:"frontends"`
	Backends        []*Backend    `yaml:"backends"`

	// Sources are the files that this was read from: the main one, then those that it includes.
	Sources []Source
	// Variables are those of the environment that the sources name, and what they held.
	Variables map[string]string
}

// Source is a file as it was read.
type Source struct {
	Name string // as it was given, or joined to the directory of the one that includes it
	Data []byte
}

// Stats is the listener of the admins: page, CSV, JSON, metrics, health.
type Stats struct {
	Bind string `yaml:"bind"` // HOST:PORT; empty: no such listener
	Path string `yaml:"path"` // where the page is

	Admin            bool           `yaml:"admin"`              // the page has buttons that change things, for Users who may
	Users            []User         `yaml:"users"`              // empty: everybody may look, nobody may change anything
	MetricsFrom      []netip.Prefix `yaml:"metrics_from"`       // who may read the metrics without being a user
	MetricsTokenFile Path           `yaml:"metrics_token_file"` // a bearer token that may do the same
	Hosts            []string       `yaml:"hosts"`              // names of the listener, beside its addresses and the machine's name
	TLS              *TLS           `yaml:"tls"`                // nil: plain
}

// User is somebody who may use the admin listener.
type User struct {
	Name         string `yaml:"name"`
	PasswordFile Path   `yaml:"password_file"` // holds a bcrypt hash
	Role         string `yaml:"role"`          // read or operate
}

// AdminSocket is the unix socket of the runtime commands (HAProxy's stats socket).
type AdminSocket struct {
	Path  string      `yaml:"path"`
	Mode  fs.FileMode `yaml:"mode"`
	Group string      `yaml:"group"` // of the file; empty: the process's
	Level string      `yaml:"level"` // user, operator or admin
}

// Resolvers say who is asked for the addresses of names.
type Resolvers struct {
	Nameservers []string      `yaml:"nameservers"` // IP:PORT; empty: those of /etc/resolv.conf
	Timeout     time.Duration `yaml:"timeout"`     // of one question
}

// Limits bound what clients can make the balancer hold.
type Limits struct {
	Maxconn       int   `yaml:"maxconn"`         // client connections at once; 0: from the open-files limit
	MaxHeaderSize Bytes `yaml:"max_header_size"` // of a request line with its header fields
	MaxHeaders    int   `yaml:"max_headers"`     // header fields of one message
}

// Timeouts are HAProxy's. The tag "of" names the section that uses a timeout: a frontend uses
// Client, HTTPRequest and HTTPKeepAlive, a backend Connect, Server and Tunnel.
type Timeouts struct {
	Connect       time.Duration `yaml:"connect" of:"backend"`          // to open a connection to a server
	Client        time.Duration `yaml:"client" of:"frontend"`          // silence of a client in the middle of a body, or not reading its answer
	Server        time.Duration `yaml:"server" of:"backend"`           // silence of a server, before its answer and in the middle of it
	HTTPRequest   time.Duration `yaml:"http_request" of:"frontend"`    // from the first byte of a request head to its last
	HTTPKeepAlive time.Duration `yaml:"http_keep_alive" of:"frontend"` // wait for the next request of a connection
	Queue         time.Duration `yaml:"queue" of:"backend"`            // wait for a server with room
	Tunnel        time.Duration `yaml:"tunnel" of:"backend"`           // silence of both sides in TCP mode, and after an upgrade such as to a WebSocket
}

// Frontend accepts requests on its binds and hands them to a backend.
type Frontend struct {
	Name           string         `yaml:"name"`
	Mode           string         `yaml:"mode"`
	Bind           []Bind         `yaml:"bind"`            // at least one
	Maxconn        int            `yaml:"maxconn"`         // connections at once, more wait in the kernel; 0: no limit of its own
	RedirectHTTPS  bool           `yaml:"redirect_https"`  // on binds without TLS every request is answered with a 308 to https
	ErrorFiles     map[int]Path   `yaml:"error_files"`     // by status: a whole HTTP answer that takes the place of the balancer's own
	Syntax         string         `yaml:"syntax"`          // refuse or report: what harmless syntax faults of a request get
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"` // whose X-Forwarded-* are kept; those of others are replaced
	Monitor        *Monitor       `yaml:"monitor"`         // nil: none
	Request        []Edit         `yaml:"request"`         // of every request; Rules look at what the client sent
	Rules          []Rule         `yaml:"rules"`
	Response       []Edit         `yaml:"response"` // of every answer of a server
	Timeout        Timeouts       `yaml:"timeout"`
	DefaultBackend string         `yaml:"default_backend"`
}

// Backend is a set of servers that can answer the same requests.
type Backend struct {
	Name           string        `yaml:"name"`
	Mode           string        `yaml:"mode"`
	Balance        Balance       `yaml:"balance"`
	Hash           Hash          `yaml:"hash"`
	Retries        int           `yaml:"retries"`  // further attempts after the first one
	RetryOn        []string      `yaml:"retry_on"` // conn-failure, empty-response, junk-response, response-timeout, or a status
	RetryBudget    RetryBudget   `yaml:"retry_budget"`
	Maxqueue       int           `yaml:"maxqueue"`        // requests that may wait for a server with room; 0: any number
	AllBackups     bool          `yaml:"all_backups"`     // without it only the first usable backup is used
	Slowstart      time.Duration `yaml:"slowstart"`       // how long the weight of a server that returns grows; 0: not
	SlowstartFirst bool          `yaml:"slowstart_first"` // also when the balancer starts
	PanicThreshold int           `yaml:"panic_threshold"` // percent; with fewer servers up, all are used; 0: never
	Cookie         *Cookie       `yaml:"cookie"`          // nil: no stickiness
	HealthCheck    *HealthCheck  `yaml:"health_check"`
	Agent          *Agent        `yaml:"agent_check"`
	Observe        string        `yaml:"observe"`         // layer4 or layer7: traffic counts as checks too; empty: it does not
	ErrorLimit     int           `yaml:"error_limit"`     // observed errors in a row
	OnError        string        `yaml:"on_error"`        // fastinter, fail-check, sudden-death or mark-down
	OnMarkedDown   string        `yaml:"on_marked_down"`  // shutdown-sessions, or empty
	HardStopAfter  time.Duration `yaml:"hard_stop_after"` // how long a server that drains, or an old generation, keeps its tunnels
	Timeout        Timeouts      `yaml:"timeout"`
	Servers        []*Server     `yaml:"servers"`
}

// HealthCheck says how the servers of a backend are asked whether they are well.
type HealthCheck struct {
	Type  string `yaml:"type"`  // http, tcp, mysql or redis
	Steps []Step `yaml:"steps"` // tcp: what is said after the connection is there

	Method       string            `yaml:"method"`         // http: request method
	Path         string            `yaml:"path"`           // http: request target
	Version      string            `yaml:"version"`        // http: 1.0 or 1.1
	Host         string            `yaml:"host"`           // http: Host header; empty: the server's address
	Headers      map[string]string `yaml:"headers"`        // http: further fields
	Body         string            `yaml:"body"`           // http: of the request
	ExpectStatus StatusRanges      `yaml:"expect_status"`  // http: the statuses that mean well
	ExpectHeader []FieldMatch      `yaml:"expect_header"`  // http: fields of the answer, all of them
	ExpectString string            `yaml:"expect_string"`  // http: somewhere in the body
	ExpectRegex  string            `yaml:"expect_regex"`   // http: RE2, for the body
	DisableOn404 bool              `yaml:"disable_on_404"` // http: a 404 drains the server

	User         string `yaml:"user"`          // mysql and redis: who logs in
	PasswordFile Path   `yaml:"password_file"` // mysql and redis: with what; empty: nothing

	Address   string        `yaml:"address"`   // host of the checks; empty: the server's
	Port      int           `yaml:"port"`      // port of the checks; 0: the server's. With either, TLS and PROXY header are not the server's
	TLS       *ServerTLS    `yaml:"tls"`       // nil: as the server's
	Inter     time.Duration `yaml:"inter"`     // from the start of one check to the start of the next; jitter only shortens it
	Fastinter time.Duration `yaml:"fastinter"` // on the way from up to down or back; 0: Inter
	Downinter time.Duration `yaml:"downinter"` // while down; 0: Inter
	Timeout   time.Duration `yaml:"timeout"`   // of one check, connection included
	Rise      int           `yaml:"rise"`      // successes in a row that bring a server up
	Fall      int           `yaml:"fall"`      // failures in a row that take it down
	Initial   string        `yaml:"initial"`   // auto, up or down
}

// Step is one part of the conversation of a TCP check: exactly one key is given.
type Step struct {
	Send        string `yaml:"send"`         // text, in which \r, \n, \t, \\ and \xHH are understood
	Expect      string `yaml:"expect"`       // the same, somewhere in what the server says
	ExpectRegex string `yaml:"expect_regex"` // RE2
}

// Agent says where a program on the server tells what it can take (HAProxy's agent-check).
type Agent struct {
	Port  int           `yaml:"port"`
	Host  string        `yaml:"address"` // empty: the server's
	Send  string        `yaml:"send"`    // is said first
	Inter time.Duration `yaml:"inter"`
}

// Server is one address that answers requests.
type Server struct {
	Name      string     `yaml:"name"`
	Address   string     `yaml:"address"`    // HOST:PORT or unix@PATH
	Weight    int        `yaml:"weight"`     // 0 to 256; its share of the requests
	Maxconn   int        `yaml:"maxconn"`    // requests, or connections in TCP mode, at once; more are queued; 0: no limit
	Backup    bool       `yaml:"backup"`     // used when no other server is usable
	Disabled  bool       `yaml:"disabled"`   // starts in maintenance: no traffic, no checks
	Cookie    string     `yaml:"cookie"`     // value of the backend's cookie
	Track     string     `yaml:"track"`      // backend/server whose health is this one's
	SendProxy string     `yaml:"send_proxy"` // v1 or v2: connections begin with a header of the PROXY protocol; empty: they do not
	TLS       *ServerTLS `yaml:"tls"`        // nil: plain

	Resolve         string        `yaml:"resolve"`          // all: a server for each address of the name; first: one server, on the first of them
	ResolveInterval time.Duration `yaml:"resolve_interval"` // from one question for the addresses to the next
	HonorTTL        bool          `yaml:"honor_ttl"`        // the answer's time to live lengthens ResolveInterval

	// Set while the balancer runs, not by the file:
	Host       string // the name that Address was resolved from; empty: it was given
	Unresolved bool   // that name has no address
	Leaving    bool   // the name does not have this address any more
	Dynamic    bool   // an operator has added the server
	Unchecked  bool   // and did not want its health checked

	CheckAddress string // where an operator has the checks go; empty and 0: as the backend says
	CheckPort    int
	AgentAddress string
	AgentPort    int
	AgentSend    *string // nil: as the backend says
}

// ServerTLS says how a server is spoken to over TLS.
type ServerTLS struct {
	Verify bool   `yaml:"verify"` // whether the server's certificate must be sound and for its name
	CA     Path   `yaml:"ca"`     // PEM file of the authorities that may have signed it; empty: the system's
	SNI    string `yaml:"sni"`    // the name that the server is asked for; empty: the host of its address, if that is a name
}
