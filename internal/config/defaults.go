package config

import "time"

// New returns a configuration that holds every default and has no frontend and no backend.
func New() *Config {
	return &Config{
		Version:         1,
		Log:             Log{Level: "info", Format: "json"},
		AccessLog:       AccessLog{Output: "stdout", Format: "json"},
		Stats:           Stats{Bind: ":8404", Path: "/haproxy-stats"},
		ShutdownTimeout: 30 * time.Second,
		Limits:          Limits{MaxHeaderSize: 16 << 10, MaxHeaders: 101},
	}
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
		Mode:    "http",
		Balance: "roundrobin",
		Retries: 3,
		Timeout: Timeouts{Connect: 5 * time.Second, Server: 50 * time.Second, Queue: 5 * time.Second, Tunnel: time.Hour},
	}
}

// NewHealthCheck returns an HTTP check that holds every default.
func NewHealthCheck() *HealthCheck {
	return &HealthCheck{
		Type:         "http",
		Method:       "GET",
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
	return &Server{Weight: 1}
}

// NewServerTLS returns settings of TLS to a server that hold every default.
func NewServerTLS() *ServerTLS {
	return &ServerTLS{Verify: true}
}

// NewTLS returns settings of TLS that hold every default; they lack certificates.
func NewTLS() *TLS {
	return &TLS{MinVersion: "1.2"}
}
