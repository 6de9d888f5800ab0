// Package config holds the balancer's configuration as plain values, with their defaults and
// their validation. It knows no file format: package file reads YAML into these types.
package config

import (
	"net/netip"
	"time"
)

// Config is one complete configuration. It is never changed once it has been validated.
type Config struct {
	Version         int           `yaml:"version"`
	Log             Log           `yaml:"log"`
	AccessLog       AccessLog     `yaml:"access_log"`
	Stats           Stats         `yaml:"stats"`
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout"` // how long a graceful stop waits for running requests
	Limits          Limits        `yaml:"limits"`
	Frontends       []*Frontend   `yaml:"frontends"`
	Backends        []*Backend    `yaml:"backends"`
}

// Log says how the balancer's own messages are written to stderr.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // json or console
}

// AccessLog says where the line of each request goes.
type AccessLog struct {
	Output string `yaml:"output"` // stdout, stderr, off, or the path of a file
	Format string `yaml:"format"` // json
}

// Stats is the listener of the admins: page, CSV, JSON, metrics, health.
type Stats struct {
	Bind string `yaml:"bind"` // HOST:PORT; empty: no such listener
	Path string `yaml:"path"` // where the page is
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
	Timeout        Timeouts       `yaml:"timeout"`
	DefaultBackend string         `yaml:"default_backend"`
}

// Backend is a set of servers that can answer the same requests.
type Backend struct {
	Name        string       `yaml:"name"`
	Mode        string       `yaml:"mode"`
	Balance     string       `yaml:"balance"`
	Retries     int          `yaml:"retries"`  // further attempts after the first one
	Maxqueue    int          `yaml:"maxqueue"` // requests that may wait for a server with room; 0: any number
	HealthCheck *HealthCheck `yaml:"health_check"`
	Timeout     Timeouts     `yaml:"timeout"`
	Servers     []*Server    `yaml:"servers"`
}

// HealthCheck says how the servers of a backend are asked whether they are well.
type HealthCheck struct {
	Type         string        `yaml:"type"`          // http or tcp
	Method       string        `yaml:"method"`        // http: request method
	Path         string        `yaml:"path"`          // http: request target
	Host         string        `yaml:"host"`          // http: Host header; empty: the server's address
	ExpectStatus StatusRanges  `yaml:"expect_status"` // http: the statuses that mean well
	Inter        time.Duration `yaml:"inter"`         // from the start of one check to the start of the next; jitter only shortens it
	Timeout      time.Duration `yaml:"timeout"`       // of one check, connection included
	Rise         int           `yaml:"rise"`          // successes in a row that bring a server up
	Fall         int           `yaml:"fall"`          // failures in a row that take it down
	Initial      string        `yaml:"initial"`       // auto, up or down
}

// Server is one address that answers requests.
type Server struct {
	Name      string     `yaml:"name"`
	Address   string     `yaml:"address"`    // HOST:PORT or unix@PATH
	Weight    int        `yaml:"weight"`     // 0 to 256; its share of the requests
	Maxconn   int        `yaml:"maxconn"`    // requests, or connections in TCP mode, at once; more are queued; 0: no limit
	Disabled  bool       `yaml:"disabled"`   // starts in maintenance: no traffic, no checks
	SendProxy string     `yaml:"send_proxy"` // v1 or v2: connections begin with a header of the PROXY protocol; empty: they do not
	TLS       *ServerTLS `yaml:"tls"`        // nil: plain
}

// ServerTLS says how a server is spoken to over TLS.
type ServerTLS struct {
	Verify bool   `yaml:"verify"` // whether the server's certificate must be sound and for its name
	CA     Path   `yaml:"ca"`     // PEM file of the authorities that may have signed it; empty: the system's
	SNI    string `yaml:"sni"`    // the name that the server is asked for; empty: the host of its address, if that is a name
}
