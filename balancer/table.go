package balancer

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"relais/balancer/dial"
	"relais/balancer/h1"
	"relais/balancer/lb"
	"relais/balancer/route"
	"relais/balancer/sticky"
	"relais/internal/config"
	"relais/stats"
)

// maxServerIdle is how long a connection to a server is kept without being used.
const maxServerIdle = time.Minute

// Table is one generation: everything that a request needs to know, never changed once it is in
// force. The servers, counters and queues that its parts point to live on from one generation to
// the next.
type Table struct {
	Generation int // goes up when frontends change; from 1 on
	Frontends  []*Frontend
	Backends   []*Backend

	settings map[*Server]*settings // what publishing gives to the servers
	panicked func(backend string, on bool)

	cookieKey []byte
}

// Frontend is where requests come in.
type Frontend struct {
	Name     string
	IID      int // HAProxy's number of the proxy
	Mode     string
	Maxconn  int // connections at once; 0: no limit of its own
	Bind     []config.Bind
	Gate     *h1.Gate
	Counters *stats.FrontendCounters

	config        *config.Frontend
	generation    int // in which it was compiled
	backend       *Backend
	gone          *atomic.Bool // the configuration does not have it any more
	refused       *lastRefusal
	startTimeout  time.Duration // for a PROXY header and a TLS handshake, in TCP mode
	trusted       []netip.Prefix
	redirectHTTPS bool
	securePort    string // of the URLs that redirectHTTPS leads to
	errorPages    map[int]*errorPage
	monitored     *config.Monitor // nil: no request is a monitor's
	rules         *route.Table    // nil: every request is for backend
	backends      map[string]*Backend
	requestEdits  *route.Edits // nil: none
	responseEdits *route.Edits
}

// Same tells whether f is compiled from the very configuration that o is.
func (f *Frontend) Same(o *Frontend) bool {
	return f.config == o.config && f.generation == o.generation
}

// Close says whether clients are told that their connections end with the next answer, because
// the frontend takes no more of them.
func (f *Frontend) Close(closed bool) { f.gone.Store(closed) }

// Backend is where requests go to.
type Backend struct {
	Name     string
	IID      int
	Mode     string
	Balance  string
	Servers  []*Server
	Counters *stats.BackendCounters

	config         *config.Backend
	refused        *lastRefusal
	limits         config.Limits
	farm           *farm
	lineup         farmSettings
	hasher         *lb.Hasher     // nil: the algorithm hashes nothing
	cookie         *sticky.Cookie // nil: none
	queueTimeout   time.Duration
	connectTimeout time.Duration
	serverTimeout  time.Duration
	tunnelTimeout  time.Duration
	hardStopAfter  time.Duration
	retry          retryPolicy
	maxHeaderSize  int
	maxHeaders     int

	shutdownSessions bool // those on a server that goes down
}

// compile makes the table of a configuration that follows prev, which is empty at first. It fails
// if a file that the configuration names is not there or not sound.
func compile(cfg *config.Config, prev *Table, p *Proxy) (*Table, error) {
	t := &Table{Generation: prev.next(cfg), settings: map[*Server]*settings{}, panicked: p.panicked, cookieKey: p.cookieKey}
	w := p.watcher
	iid := 2 // HAProxy keeps 1 for itself
	for _, c := range cfg.Frontends {
		f, err := t.frontend(c, cfg.Limits, prev.Frontend(c.Name), w)
		if err != nil {
			return nil, fmt.Errorf("frontend %s: %w", c.Name, err)
		}
		f.IID = iid
		t.Frontends = append(t.Frontends, f)
		iid++
	}
	for _, c := range cfg.Backends {
		b, err := t.compileBackend(c, cfg.Limits, prev, w)
		if err != nil {
			return nil, err
		}
		b.IID = iid
		t.Backends = append(t.Backends, b)
		iid++
	}
	for i, c := range cfg.Frontends {
		t.Frontends[i].backend = t.Backend(c.DefaultBackend)
		if err := t.Frontends[i].lead(t); err != nil {
			return nil, fmt.Errorf("frontend %s: %w", c.Name, err)
		}
	}
	return t, nil
}

// Frontend returns the frontend of that name, nil if there is none.
func (t *Table) Frontend(name string) *Frontend {
	for _, f := range t.Frontends {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Backend returns the backend of that name, nil if there is none.
func (t *Table) Backend(name string) *Backend {
	for _, b := range t.Backends {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// Server returns the server of that backend and name, nil if there is none.
func (t *Table) Server(backend, name string) *Server {
	b := t.Backend(backend)
	if b == nil {
		return nil
	}
	for _, s := range b.Servers {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// pools calls do for the connections of every server.
func (t *Table) pools(do func(*h1.Pool)) {
	for _, b := range t.Backends {
		for _, s := range b.Servers {
			do(s.settings.Load().pool)
		}
	}
}

// next is the number of the generation of a configuration that follows: another one if any
// frontend has changed.
func (t *Table) next(cfg *config.Config) int {
	same := len(cfg.Frontends) == len(t.Frontends) && len(t.Frontends) > 0
	for i, c := range cfg.Frontends {
		same = same && t.Frontends[i].config == c
	}
	if same {
		return t.Generation
	}
	return t.Generation + 1
}

// frontend compiles a frontend. Of one whose very configuration was in force before, a copy does,
// which may lead to other backends.
func (t *Table) frontend(c *config.Frontend, limits config.Limits, prev *Frontend, w *h1.Watcher) (*Frontend, error) {
	if prev != nil && prev.config == c && prev.generation == t.Generation {
		f := *prev
		return &f, nil
	}
	f, err := compileFrontend(c, limits, prev, w)
	if err == nil {
		f.config, f.generation = c, t.Generation
	}
	return f, err
}

// compileFrontend keeps what the frontend's last generation has counted and seen, and its gate as long as
// that holds.
func compileFrontend(c *config.Frontend, limits config.Limits, prev *Frontend, w *h1.Watcher) (*Frontend, error) {
	pages, err := loadErrorPages(c.ErrorFiles)
	if err != nil {
		return nil, err
	}
	f := &Frontend{
		Name: c.Name, Mode: c.Mode, Maxconn: c.Maxconn, Bind: c.Bind, Counters: &stats.FrontendCounters{},
		Gate: &h1.Gate{
			MaxHeaderSize: int(limits.MaxHeaderSize), MaxHeaders: limits.MaxHeaders,
			RequestTimeout: c.Timeout.HTTPRequest, KeepAliveTimeout: c.Timeout.HTTPKeepAlive,
			ClientTimeout: c.Timeout.Client, Watcher: w, Tolerant: c.Syntax == "report",
		},
		gone: &atomic.Bool{}, refused: &lastRefusal{}, startTimeout: c.Timeout.HTTPRequest, trusted: c.TrustedProxies, errorPages: pages,
		redirectHTTPS: c.RedirectHTTPS, securePort: securePort(c.Bind),
	}
	if err := f.compileRouting(c, prev); err != nil {
		return nil, err
	}
	if prev == nil {
		return f, nil
	}
	f.Counters, f.refused, f.gone = prev.Counters, prev.refused, prev.gone
	if f.Gate.Same(prev.Gate) {
		f.Gate = prev.Gate
	}
	return f, nil
}

// compileBackend keeps the backend of prev if its very configuration was in force before.
func (t *Table) compileBackend(c *config.Backend, limits config.Limits, prev *Table, w *h1.Watcher) (*Backend, error) {
	if old := prev.Backend(c.Name); old != nil && old.config == c && old.limits == limits {
		b := *old
		for _, s := range b.Servers {
			t.settings[s] = s.settings.Load()
		}
		return &b, nil
	}
	b := &Backend{
		config: c, limits: limits, hardStopAfter: c.HardStopAfter,
		Name: c.Name, Mode: c.Mode, Balance: c.Balance.String(), hasher: lb.NewHasher(c.Balance, c.Hash),
		queueTimeout: c.Timeout.Queue, connectTimeout: c.Timeout.Connect,
		serverTimeout: c.Timeout.Server, tunnelTimeout: c.Timeout.Tunnel,
		maxHeaderSize: int(limits.MaxHeaderSize), maxHeaders: limits.MaxHeaders,
		shutdownSessions: c.OnMarkedDown == "shutdown-sessions",
	}
	var err error
	if b.retry, err = newRetryPolicy(c.Retries, c.RetryOn); err != nil {
		return nil, fmt.Errorf("backend %s: %w", b.Name, err)
	}
	if b.cookie, err = compileCookie(c, t.cookieKey); err != nil {
		return nil, fmt.Errorf("backend %s: %w", b.Name, err)
	}
	if b.lineup, err = newFarmSettings(c); err != nil {
		return nil, fmt.Errorf("backend %s: %w", b.Name, err)
	}
	known := map[string]*Server{}
	if old := prev.Backend(c.Name); old != nil {
		b.Counters, b.farm, b.refused = old.Counters, old.farm, old.refused
		for _, s := range old.Servers {
			known[s.Name] = s
		}
	} else {
		b.Counters, b.refused = &stats.BackendCounters{}, &lastRefusal{}
		b.farm = newFarm(b.Counters, func(on bool) { t.panicked(c.Name, on) })
	}
	for i, sc := range c.Servers {
		s := known[sc.Name]
		if s == nil || s.another(sc) {
			s = newServer(b.Name, sc.Name, b.farm)
		}
		target, err := dial.New(sc, c.Mode)
		if err != nil {
			return nil, fmt.Errorf("backend %s: server %s: %w", b.Name, s.Name, err)
		}
		set := newSettings(i+1, sc, target, s.settings.Load(), w)
		set.trial = trial(c.HealthCheck, sc, len(prev.Backends) > 0)
		t.settings[s] = set
		b.Servers = append(b.Servers, s)
	}
	return b, nil
}

// settle gives servers and queues what the table says of them, and returns the connections that
// nobody needs any more.
func (t *Table) settle(prev *Table, now time.Time) (unused []*h1.Pool) {
	for s, set := range t.settings {
		old := s.settings.Load()
		if old == set {
			continue
		}
		maintenance := old != nil && s.Maintenance()
		s.settings.Store(set)
		if old != nil && old.pool != set.pool {
			unused = append(unused, old.pool)
		}
		if old == nil || old.Address != set.Address {
			s.try(set, now)
		}
		if old != nil {
			s.reenter(maintenance, now)
		}
		s.withdraw(now)
	}
	for _, b := range t.Backends {
		b.farm.set(b.Servers, b.lineup, now)
	}
	for _, b := range prev.Backends {
		for _, s := range b.Servers {
			if t.settings[s] == nil {
				unused = append(unused, s.settings.Load().pool)
			}
		}
	}
	return unused
}

// another tells whether c is another server of the same name: one that was resolved to another
// address.
func (s *Server) another(c *config.Server) bool {
	set := s.settings.Load()
	return set != nil && c.Resolve == "all" && c.Host != "" && set.Address != c.Address
}

// trial is how long it may take until a server that is new has passed the health check without
// which it gets no traffic; 0: it needs none.
func trial(c *config.HealthCheck, s *config.Server, running bool) time.Duration {
	if c == nil || s.Unchecked || s.Track != "" || c.Initial == "up" || c.Initial == "auto" && !running {
		return 0
	}
	return c.Timeout
}

func newFarmSettings(c *config.Backend) (farmSettings, error) {
	algorithm, err := lb.New(c.Balance, c.Hash)
	var weights []int
	for _, s := range c.Servers {
		weights = append(weights, s.Weight)
	}
	return farmSettings{
		name:    c.Name,
		balance: c.Balance, hash: c.Hash, weights: weights, algorithm: algorithm, maxqueue: c.Maxqueue, allBackups: c.AllBackups,
		slowstart: c.Slowstart, slowstartFirst: c.SlowstartFirst, panicThreshold: c.PanicThreshold, budget: c.RetryBudget,
	}, err
}

// newSettings keeps the connections to a server that is reached as it was.
func newSettings(sid int, c *config.Server, target *dial.Target, prev *settings, w *h1.Watcher) *settings {
	if prev != nil && prev.target.Same(target) {
		return &settings{Server: *c, sid: sid, target: prev.target, pool: prev.pool}
	}
	return &settings{Server: *c, sid: sid, target: target, pool: h1.NewPool(w, maxServerIdle)}
}
