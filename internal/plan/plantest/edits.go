package plantest

import (
	"fmt"
	"slices"
	"strings"
)

// Edits are the kinds of edits.
func Edits() []Edit {
	return slices.Concat(serverEdits(), backendEdits(), frontendEdits(), []Edit{
		{"shutdown_timeout", func(m *model) []string {
			if !m.first("shutdown_timeout") {
				return nil
			}
			m.shutdown = "1m30s"
			return []string{"~ shutdown_timeout: 30s -> 1m30s"}
		}},
		{"limits", func(m *model) []string {
			if !m.first("limits") {
				return nil
			}
			m.maxHeaders = 200
			return []string{"~ limits.max_headers: 101 -> 200"}
		}},
	})
}

func serverEdits() []Edit {
	return []Edit{
		{"server added", addServer},
		{"server removed", removeServer},
		{"server readdressed", func(m *model) []string {
			b, s := m.server()
			if s == nil {
				return nil
			}
			old := s.address
			s.address = m.address()
			return []string{serverLine(b, s, "address", old, s.address)}
		}},
		setServer("server reweighted", "weight", "2", "5"),
		setServer("server drained", "weight", "2", "0"),
		setServer("server disabled", "disabled", "false", "true"),
		setServer("server limited", "maxconn", "0", "50"),
		setServer("server a backup", "backup", "false", "true"),
		setServer("server's cookie", "cookie", `""`, "other"),
	}
}

// setServer is an edit of one key, whose value was is told where the file has none.
func setServer(name, key, was, is string) Edit {
	return Edit{name, func(m *model) []string {
		b, s := m.server()
		if s == nil {
			return nil
		}
		s.keys.set(key, is)
		return []string{serverLine(b, s, key, was, is)}
	}}
}

func serverLine(b *backend, s *server, key, was, is string) string {
	return fmt.Sprintf("~ backends[%s].servers[%s].%s: %s -> %s", b.name, s.name, key, was, is)
}

func addServer(m *model) []string {
	b := m.backend("servers")
	if b == nil {
		return nil
	}
	s := m.newServer(fmt.Sprintf("new%d", m.servers))
	s.keys.set("weight", "3")
	m.used[b.name+"/"+s.name] = true
	b.servers = slices.Insert(b.servers, m.rand.IntN(len(b.servers)+1), s)
	return []string{fmt.Sprintf("+ backends[%s].servers[%s]: %s", b.name, s.name, s.told())}
}

func removeServer(m *model) []string {
	b, s := m.server()
	if s == nil || len(b.servers) < 2 {
		return nil
	}
	b.servers = slices.DeleteFunc(b.servers, func(o *server) bool { return o == s })
	return []string{fmt.Sprintf("- backends[%s].servers[%s]: %s", b.name, s.name, s.told())}
}

func backendEdits() []Edit {
	return []Edit{
		{"backend added", func(m *model) []string {
			b := m.newBackend(fmt.Sprintf("new%d", m.servers), 2)
			m.use(b)
			m.backends = slices.Insert(m.backends, m.rand.IntN(len(m.backends)+1), b)
			return []string{fmt.Sprintf("+ backends[%s]: http, roundrobin, 2 servers", b.name)}
		}},
		{"backend removed", removeBackend},
		setBackend("balance", "balance", "leastconn", "balance: roundrobin -> leastconn"),
		setBackend("retries", "retries", "0", "retries: 3 -> 0"),
		setBackend("maxqueue", "maxqueue", "", "maxqueue: 100 -> 0"),
		setBackend("slowstart", "slowstart", "30s", "slowstart: 0s -> 30s"),
		setBackend("cookie's name", "cookie", "{name: OTHER}", "cookie.name: SRV -> OTHER"),
		setBackend("check's path", "health_check", "{path: /up, inter: 1s}", "health_check.path: /health -> /up"),
		setBackend("check's fall", "health_check", "{path: /health, inter: 1s, fall: 7}", "health_check.fall: 3 -> 7"),
		{"check removed", func(m *model) []string {
			b := m.backend("health_check")
			if b == nil {
				return nil
			}
			b.keys.set("health_check", "")
			return []string{fmt.Sprintf("- backends[%s].health_check: {path: /health, inter: 1s}", b.name)}
		}},
		setBackend("server time-out", "timeout", "{connect: 4s, server: 1m}", "timeout.server: 40s -> 1m"),
		setBackend("connect time-out", "timeout", "{connect: 500ms, server: 40s}", "timeout.connect: 4s -> 500ms"),
	}
}

func setBackend(name, key, value, line string) Edit {
	return Edit{name, func(m *model) []string {
		b := m.backend(key)
		if b == nil {
			return nil
		}
		b.keys.set(key, value)
		return []string{fmt.Sprintf("~ backends[%s].%s", b.name, line)}
	}}
}

func removeBackend(m *model) []string {
	i := slices.IndexFunc(m.backends, func(b *backend) bool { return b.spare && !m.isUsed(b) })
	if i < 0 {
		return nil
	}
	b := m.backends[i]
	m.backends = slices.Delete(m.backends, i, i+1)
	return []string{fmt.Sprintf("- backends[%s]: http, roundrobin, 2 servers", b.name)}
}

func frontendEdits() []Edit {
	return []Edit{
		{"frontend added", func(m *model) []string {
			f := &frontend{name: fmt.Sprintf("new%d", m.binds), binds: []string{m.bind()}, defaultBackend: m.backends[0].name}
			for _, b := range m.backends {
				if !b.spare {
					f.defaultBackend = b.name
				}
			}
			m.frontends = append(m.frontends, f)
			m.useFrontend(f)
			return []string{
				fmt.Sprintf("+ frontends[%s]: http, default_backend %s", f.name, f.defaultBackend),
				fmt.Sprintf("+ frontends[%s].bind[%s]: plain", f.name, f.binds[0]),
			}
		}},
		{"bind opened", func(m *model) []string {
			f := m.frontend("bind")
			if f == nil {
				return nil
			}
			f.binds = append(f.binds, m.bind())
			return []string{fmt.Sprintf("+ frontends[%s].bind[%s]: plain", f.name, f.binds[len(f.binds)-1])}
		}},
		{"bind closed", func(m *model) []string {
			f := m.frontend("bind")
			if f == nil {
				return nil
			}
			closed := f.binds[0]
			f.binds = f.binds[1:]
			return []string{fmt.Sprintf("- frontends[%s].bind[%s]: plain", f.name, closed)}
		}},
		setFrontend("connections", "maxconn", "600", "~ frontends[%s].maxconn: 500 -> 600"),
		setFrontend("syntax", "syntax", "report", "~ frontends[%s].syntax: refuse -> report"),
		setFrontend("trusted proxies", "trusted_proxies", "[10.0.0.0/8]", "~ frontends[%s].trusted_proxies: [10.0.0.0/8, 192.168.0.1] -> [10.0.0.0/8]"),
		setFrontend("monitor removed", "monitor", "", "- frontends[%s].monitor: {path: /lb-health}"),
		editRules("rule added", func(m *model, f *frontend) string {
			i := m.rand.IntN(len(f.rules) + 1)
			f.rules = slices.Insert(f.rules, i, "{path: /new, deny: 404}")
			return fmt.Sprintf("+ frontends[%s].rules[%d]: %s", f.name, i, f.rules[i])
		}),
		editRules("rule removed", func(m *model, f *frontend) string {
			i := m.rand.IntN(len(f.rules))
			line := fmt.Sprintf("- frontends[%s].rules[%d]: %s", f.name, i, f.rules[i])
			f.rules = slices.Delete(f.rules, i, i+1)
			return line
		}),
		editRules("rule edited", func(_ *model, f *frontend) string {
			f.rules[0] = strings.Replace(f.rules[0], "403", "404", 1)
			return fmt.Sprintf("~ frontends[%s].rules[0].deny: 403 -> 404", f.name)
		}),
		editRules("rule moved", func(_ *model, f *frontend) string {
			last := len(f.rules) - 1
			f.rules = append([]string{f.rules[last]}, f.rules[:last]...)
			return fmt.Sprintf("~ frontends[%s].rules[0]: moved from rules[%d]: %s", f.name, last, f.rules[0])
		}),
	}
}

func setFrontend(name, key, value, line string) Edit {
	return Edit{name, func(m *model) []string {
		f := m.frontend(key)
		if f == nil {
			return nil
		}
		f.keys.set(key, value)
		return []string{fmt.Sprintf(line, f.name)}
	}}
}

func editRules(name string, edit func(m *model, f *frontend) string) Edit {
	return Edit{name, func(m *model) []string {
		f := m.frontend("rules")
		if f == nil {
			return nil
		}
		return []string{edit(m, f)}
	}}
}
