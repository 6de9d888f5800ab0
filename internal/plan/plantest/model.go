package plantest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// model is a configuration that can be edited.
type model struct {
	rand    *rand.Rand
	options Options
	used    map[string]bool // what has been edited
	binds   int             // so many addresses have been given away
	servers int

	shutdown   string
	maxHeaders int
	frontends  []*frontend
	backends   []*backend
}

type frontend struct {
	name           string
	binds          []string
	keys           keys
	rules          []string
	defaultBackend string
}

type backend struct {
	name    string
	spare   bool // nobody leads to it
	keys    keys
	servers []*server
}

type server struct {
	name, address string
	keys          keys
}

// keys are settings in the order of the documentation, each with its value as in the file; an
// empty value leaves the key out.
type keys []struct{ name, value string }

func (k keys) get(name string) string {
	for _, one := range k {
		if one.name == name {
			return one.value
		}
	}
	return ""
}

func (k keys) set(name, value string) {
	for i := range k {
		if k[i].name == name {
			k[i].value = value
		}
	}
}

// flow is the keys that are given, in one line.
func (k keys) flow() string {
	var parts []string
	for _, one := range k {
		if one.value != "" {
			parts = append(parts, one.name+": "+one.value)
		}
	}
	return strings.Join(parts, ", ")
}

func newModel(r *rand.Rand, o Options) *model {
	m := &model{rand: r, options: o.complete(), used: map[string]bool{}, shutdown: "30s", maxHeaders: 101}
	for i := range 4 {
		m.backends = append(m.backends, m.newBackend(fmt.Sprintf("app%d", i), 4))
	}
	for i := range 2 {
		b := m.newBackend(fmt.Sprintf("spare%d", i), 2)
		b.spare = true
		m.backends = append(m.backends, b)
	}
	for i := range 4 {
		m.frontends = append(m.frontends, m.newFrontend(fmt.Sprintf("web%d", i), m.backends[i].name))
	}
	return m
}

func (m *model) newFrontend(name, backend string) *frontend {
	return &frontend{
		name: name, binds: []string{m.bind(), m.bind()}, defaultBackend: backend,
		keys: keys{{"maxconn", "500"}, {"syntax", "refuse"}, {"trusted_proxies", "[10.0.0.0/8, 192.168.0.1]"}, {"monitor", "{path: /lb-health}"}},
		rules: []string{
			"{path: /forbidden, deny: 403}",
			"{path_prefix: /app/, backend: " + backend + "}",
			"{path: /old, redirect: {location: /new}}",
			"{host: other.example.com, backend: " + backend + "}",
		},
	}
}

func (m *model) newBackend(name string, servers int) *backend {
	b := &backend{name: name, keys: keys{
		{"balance", "roundrobin"}, {"retries", "3"}, {"maxqueue", "100"}, {"slowstart", ""}, {"cookie", "{name: SRV}"},
		{"health_check", "{path: /health, inter: 1s}"}, {"timeout", "{connect: 4s, server: 40s}"},
	}}
	for i := range servers {
		b.servers = append(b.servers, m.newServer(fmt.Sprintf("s%d", i)))
	}
	return b
}

func (m *model) newServer(name string) *server {
	return &server{name: name, address: m.address(), keys: keys{
		{"weight", "2"}, {"maxconn", ""}, {"backup", ""}, {"disabled", ""}, {"cookie", ""},
	}}
}

func (m *model) bind() string {
	m.binds++
	return m.options.Bind(m.binds - 1)
}

func (m *model) address() string {
	m.servers++
	return m.options.Server(m.servers - 1)
}

// yaml is the whole file.
func (m *model) yaml() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("version: 1\naccess_log: off\nstats: {bind: %q}\nshutdown_timeout: %s\nlimits: {max_headers: %d}", m.options.Stats, m.shutdown, m.maxHeaders)
	line("frontends:")
	for _, f := range m.frontends {
		line("  - name: %s\n    bind: [%s]\n    default_backend: %s", f.name, quoted(f.binds), f.defaultBackend)
		block(line, f.keys)
		if len(f.rules) > 0 {
			line("    rules:")
		}
		for _, r := range f.rules {
			line("      - %s", r)
		}
	}
	line("backends:")
	for _, s := range m.backends {
		line("  - name: %s", s.name)
		block(line, s.keys)
		line("    servers:")
		for _, s := range s.servers {
			line("      - %s", s.yaml())
		}
	}
	return b.String()
}

func block(line func(string, ...any), k keys) {
	for _, one := range k {
		if one.value != "" {
			line("    %s: %s", one.name, one.value)
		}
	}
}

func (s *server) yaml() string {
	return fmt.Sprintf("{name: %s, address: %q%s}", s.name, s.address, behind(s.keys.flow()))
}

// told is what a plan tells of a server that comes or goes.
func (s *server) told() string { return "{address: " + s.address + behind(s.keys.flow()) + "}" }

func behind(flow string) string {
	if flow == "" {
		return ""
	}
	return ", " + flow
}

func quoted(list []string) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(parts, ", ")
}
