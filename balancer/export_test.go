package balancer

import "relais/stats"

// Mislead makes every request that a rule sends to a backend panic, since that has no servers to
// choose from, nor a way to choose.
func (f *Frontend) Mislead() {
	for name := range f.backends {
		f.backends[name] = &Backend{Name: name, Counters: &stats.BackendCounters{}}
	}
}
