package balancer

import (
	"time"

	"relais/balancer/h1"
	"relais/internal/config"
	"relais/stats"
)

// maxServerIdle is how long a connection to a server is kept without being used.
const maxServerIdle = time.Minute

// Table is one generation: everything that a request needs to know, never changed once it is in
// force. The counters and states that its parts point to live on.
type Table struct {
	Frontends []*Frontend
	Backends  []*Backend

	frontends map[string]*Frontend
}

// Frontend is where requests come in.
type Frontend struct {
	Name     string
	IID      int // HAProxy's number of the proxy
	Mode     string
	Bind     []config.Bind
	Gate     *h1.Gate
	Counters *stats.FrontendCounters

	backend *Backend
}

// Backend is where requests go to.
type Backend struct {
	Name     string
	IID      int
	Mode     string
	Balance  string
	Servers  []*Server
	Counters *stats.BackendCounters

	connectTimeout time.Duration
	serverTimeout  time.Duration
	tunnelTimeout  time.Duration
	retry          retryPolicy
	maxHeaderSize  int
	maxHeaders     int
	roundRobin     roundRobin
}

// compile makes the table of a configuration.
func compile(cfg *config.Config, w *h1.Watcher) *Table {
	t := &Table{frontends: map[string]*Frontend{}}
	iid := 2 // HAProxy keeps 1 for itself
	backends := map[string]*Backend{}
	for _, c := range cfg.Frontends {
		f := &Frontend{
			Name: c.Name, IID: iid, Mode: c.Mode, Bind: c.Bind, Counters: &stats.FrontendCounters{},
			Gate: &h1.Gate{
				MaxHeaderSize: int(cfg.Limits.MaxHeaderSize), MaxHeaders: cfg.Limits.MaxHeaders,
				RequestTimeout: c.Timeout.HTTPRequest, KeepAliveTimeout: c.Timeout.HTTPKeepAlive,
				ClientTimeout: c.Timeout.Client, Watcher: w,
			},
		}
		t.Frontends = append(t.Frontends, f)
		t.frontends[f.Name] = f
		iid++
	}
	for _, c := range cfg.Backends {
		b := compileBackend(c, cfg.Limits, w)
		b.IID = iid
		t.Backends = append(t.Backends, b)
		backends[b.Name] = b
		iid++
	}
	for i, c := range cfg.Frontends {
		t.Frontends[i].backend = backends[c.DefaultBackend]
	}
	return t
}

func compileBackend(c *config.Backend, limits config.Limits, w *h1.Watcher) *Backend {
	b := &Backend{
		Name: c.Name, Mode: c.Mode, Balance: c.Balance, Counters: &stats.BackendCounters{},
		connectTimeout: c.Timeout.Connect, serverTimeout: c.Timeout.Server,
		tunnelTimeout: c.Timeout.Tunnel,
		retry:         retryPolicy{retries: c.Retries},
		maxHeaderSize: int(limits.MaxHeaderSize), maxHeaders: limits.MaxHeaders,
	}
	for i, s := range c.Servers {
		b.Servers = append(b.Servers, newServer(b.Name, i+1, s, h1.NewPool(w, maxServerIdle)))
	}
	b.roundRobin.current = make([]int, len(b.Servers))
	return b
}
