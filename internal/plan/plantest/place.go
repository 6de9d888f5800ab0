package plantest

// first tells whether something has not been edited yet, and takes note of it.
func (m *model) first(what string) bool {
	if m.used[what] {
		return false
	}
	m.used[what] = true
	return true
}

// frontend returns a frontend whose key has not been edited yet; nil: there is none.
func (m *model) frontend(key string) *frontend {
	for _, i := range m.rand.Perm(len(m.frontends)) {
		if f := m.frontends[i]; !m.used["frontend "+f.name] && m.first("frontend "+f.name+"."+key) {
			return f
		}
	}
	return nil
}

// backend returns a backend whose key has not been edited yet; nil: there is none.
func (m *model) backend(key string) *backend {
	for _, i := range m.rand.Perm(len(m.backends)) {
		if b := m.backends[i]; !m.used["backend "+b.name] && m.first("backend "+b.name+"."+key) {
			m.used["within "+b.name] = true
			return b
		}
	}
	return nil
}

// server returns a server that has not been edited yet; nil: there is none.
func (m *model) server() (*backend, *server) {
	for _, i := range m.rand.Perm(len(m.backends)) {
		b := m.backends[i]
		for _, s := range b.servers {
			if !m.used["backend "+b.name] && m.first(b.name+"/"+s.name) {
				m.used["within "+b.name] = true
				return b, s
			}
		}
	}
	return nil, nil
}

// use keeps edits away from a backend that is new.
func (m *model) use(b *backend) { m.used["backend "+b.name] = true }

func (m *model) useFrontend(f *frontend) { m.used["frontend "+f.name] = true }

// isUsed tells whether a backend, or a server of it, has been edited.
func (m *model) isUsed(b *backend) bool { return m.used["backend "+b.name] || m.used["within "+b.name] }
