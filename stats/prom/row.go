package prom

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"relais/stats"
)

// rowFamily is one metric of the rows of one scope: a column of the table.
type rowFamily struct {
	column stats.Column
	desc   *prometheus.Desc
	code   *dto.LabelPair // nil: no such label
}

// rowFamilies returns the metrics of each scope.
func rowFamilies() (families [stats.Server + 1][]rowFamily) {
	columns := stats.Columns()
	for scope := range families {
		for _, c := range columns {
			if name := c.Metric(stats.Scope(scope)); name != "" {
				families[scope] = append(families[scope], newRowFamily(name, c))
			}
		}
	}
	families[stats.Server] = append(families[stats.Server], newRowFamily("relais_server_races_avoided_total", racesAvoided))
	return families
}

// racesAvoided is a figure that HAProxy does not have.
var racesAvoided = stats.Column{
	Kind:  "MCP",
	On:    stats.OnServer,
	Help:  "Total number of idle connections found closed or dirty before a request was given to them",
	Value: func(r *stats.Row) stats.Value { return stats.Total(r.RacesAvoided) },
}

func newRowFamily(name string, c stats.Column) rowFamily {
	f := rowFamily{column: c, desc: prometheus.NewDesc(name, c.Help, nil, nil)}
	if c.Code != "" {
		f.code = label("code", c.Code)
	}
	return f
}

// collect sends the series of r: one, or one for each state. As in HAProxy, a figure that r
// does not have at the moment is NaN.
func (f *rowFamily) collect(out chan<- prometheus.Metric, r *stats.Row, labels []*dto.LabelPair) {
	switch {
	case !f.column.On.Has(r):
	case f.column.States != nil:
		for state, n := range f.column.States(r) {
			f.send(out, append(slices.Clone(labels), label("state", state)), n)
		}
	case f.code != nil:
		f.send(out, slices.Insert(slices.Clone(labels), 0, f.code), f.column.Value(r).Float())
	default:
		f.send(out, labels, f.column.Value(r).Float())
	}
}

func (f *rowFamily) send(out chan<- prometheus.Metric, labels []*dto.LabelPair, value float64) {
	out <- &series{f.desc, labels, f.column.Kind.Counter(), value}
}

// rowLabels returns the labels that all series of r have.
func rowLabels(r *stats.Row) []*dto.LabelPair {
	labels := []*dto.LabelPair{label("proxy", r.Proxy)}
	if r.Scope == stats.Server {
		labels = append(labels, label("server", r.Server))
	}
	return labels
}
