package config

import "time"

// New returns a configuration that holds every default and has no frontend and no backend.
func New() *Config {
	return &Config{
		Version:         1,
		Log:             Log{Level: "info", Format: "json", Output: "stderr", Syslog: newSyslog("daemon")},
		AccessLog:       AccessLog{Output: "stdout", Format: "json", Sample: 1, Errors: true, Syslog: newSyslog("local0")},
		Explain:         Explain{Mode: "on", Slow: time.Second},
		Stats:           Stats{Bind: ":8404", Path: "/haproxy-stats"},
		ShutdownTimeout: 30 * time.Second,
		Resolvers:       Resolvers{Timeout: time.Second},
		Limits:          Limits{MaxHeaderSize: 16 << 10, MaxHeaders: 101},
	}
}

func newSyslog(facility string) Syslog {
	return Syslog{Facility: facility, Format: "rfc3164", Tag: "relais", Len: 8 << 10}
}

// NewFrontend returns a frontend that holds every default; it lacks a name, a bind and a backend.
func NewFrontend() *Frontend {
	return &Frontend{
		Mode:   "http",
		Syntax: "refuse",
		Timeout: Timeouts{
			Client:        50 * time.Second,
			HTTPRequest:   10 * time.Second,
			HTTPKeepAlive: 75 * time.Second,
		},
	}
}

// NewBackend returns a backend that holds every default; it lacks a name and servers, and its
// servers are not checked.
func NewBackend() *Backend {
	return &Backend{
		Mode:          "http",
		Balance:       Balance{Algorithm: "roundrobin", Draws: 2},
		Hash:          Hash{Type: "map", Function: "sdbm"},
		Retries:       3,
		RetryOn:       []string{"conn-failure", "empty-response"},
		RetryBudget:   RetryBudget{Ratio: 0.2, Floor: 10},
		ErrorLimit:    10,
		OnError:       "fail-check",
		HardStopAfter: time.Hour,
		Timeout:       Timeouts{Connect: 5 * time.Second, Server: 50 * time.Second, Queue: 5 * time.Second, Tunnel: time.Hour},
	}
}

// NewHealthCheck returns an HTTP check that holds every default.
func NewHealthCheck() *HealthCheck {
	return &HealthCheck{
		Type:         "http",
		Method:       "GET",
		Version:      "1.1",
		Path:         "/health",
		ExpectStatus: StatusRanges{{From: 200, To: 399}},
		Inter:        2 * time.Second,
		Timeout:      2 * time.Second,
		Rise:         2,
		Fall:         3,
		Initial:      "auto",
	}
}

// NewServer returns a server that holds every default; it lacks a name and an address.
func NewServer() *Server {
	return &Server{Weight: 1, Resolve: "first", ResolveInterval: time.Second}
}

// NewAdminSocket returns a socket that holds every default; it lacks a path.
func NewAdminSocket() *AdminSocket { return &AdminSocket{Mode: 0o600, Level: "admin"} }

// NewServerTLS returns settings of TLS to a server that hold every default.
func NewServerTLS() *ServerTLS {
	return &ServerTLS{Verify: true}
}

// NewTLS returns settings of TLS that hold every default; they lack certificates.
func NewTLS() *TLS {
	return &TLS{MinVersion: "1.2"}
}

// NewCookie returns a cookie that holds every default; it lacks a name.
func NewCookie() *Cookie {
	return &Cookie{Mode: "insert", Indirect: true, Nocache: true, Path: "/", HTTPOnly: true, SameSite: "lax"}
}

// NewAgent returns an agent check that holds every default; it lacks a port.
func NewAgent() *Agent { return &Agent{Inter: 2 * time.Second} }

// NewMonitor returns a monitor that holds every default; it lacks a path.
func NewMonitor() *Monitor { return &Monitor{FailBelow: 1} }

// NewRedirect returns a redirect that holds every default.
func NewRedirect() *Redirect { return &Redirect{Code: 302} }

// NewReturn returns a fixed answer that holds every default.
func NewReturn() *Return { return &Return{Status: 200, ContentType: "text/plain"} }

// NewSplit returns a share that holds every default; it lacks a backend.
func NewSplit() *Split { return &Split{Weight: 1} }
