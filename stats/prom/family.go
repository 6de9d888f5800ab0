package prom

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"relais/stats"
)

// family is one metric.
type family struct {
	name, help string
	kind       dto.MetricType
	scope      stats.Scope
	collect    func(*sheet, *figures) // adds its series
}

const (
	counter = dto.MetricType_COUNTER
	gauge   = dto.MetricType_GAUGE
)

// families returns all metrics but those of the runtime and the system, by name.
func families(version string) []family {
	all := slices.Concat(
		haproxyProcess(version), haproxyRows(),
		process(version), rows(), causes(), faults(), orders(), times(), certificates())
	slices.SortFunc(all, func(a, b family) int { return strings.Compare(a.name, b.name) })
	return all
}

// figures are what one scrape is made of, so that its metrics agree with each other.
type figures struct {
	stats.Snapshot
	objects [stats.Server + 1][]object // by scope
}

// object is a frontend, a backend or a server.
type object struct {
	*stats.Row
	labels []*dto.LabelPair // sorted by name
	proxy  []stats.Row      // that it is one of
}

// newFigures puts the objects in order. As in HAProxy, noMaint leaves out servers in maintenance
// and does not change the figures of their backends.
func newFigures(s stats.Snapshot, noMaint bool) *figures {
	f := &figures{Snapshot: s}
	for _, proxy := range s.Proxies {
		name := label("proxy", proxy.Name)
		for i := range proxy.Rows {
			o := object{Row: &proxy.Rows[i], labels: []*dto.LabelPair{name}, proxy: proxy.Rows}
			switch {
			case noMaint && o.Scope == stats.Server && o.State() == stats.StateMaint:
				continue
			case o.Scope == stats.Server:
				o.labels = append(o.labels, label("server", o.Server))
			}
			f.objects[o.Scope] = append(f.objects[o.Scope], o)
		}
	}
	return f
}

// ofProcess makes a metric with one series for the process.
func ofProcess(kind dto.MetricType, name, help string, value func(*stats.Snapshot) float64) family {
	return family{name, help, kind, global, func(p *sheet, f *figures) { p.add(value(&f.Snapshot), nil) }}
}

// ofObjects makes a metric of all objects of a scope.
func ofObjects(kind dto.MetricType, scope stats.Scope, name, help string, collect func(*sheet, *object)) family {
	return family{name, help, kind, scope, func(p *sheet, f *figures) {
		for i := range f.objects[scope] {
			collect(p, &f.objects[scope][i])
		}
	}}
}
