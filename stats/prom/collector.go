// Package prom shows a stats.Snapshot to Prometheus, under the names that HAProxy's exporter
// uses and, for what HAProxy does not have, under relais_*.
package prom

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"relais/stats"
)

// New returns a registry of its own with the figures of snapshot, taken anew for each scrape so
// that no series outlives what it is about, and with those of the Go runtime and the process.
// The caller serves it with promhttp. snapshot must be safe for concurrent use.
func New(snapshot func(time.Time) stats.Snapshot, version string) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		&collector{snapshot: snapshot, process: processFamilies(version), rows: rowFamilies(), faults: newFaultFamilies(), orders: newOrderFamilies()},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry
}

// collector makes all metrics from one snapshot, so that they agree with each other.
type collector struct {
	snapshot func(time.Time) stats.Snapshot
	process  []processFamily
	rows     [stats.Server + 1][]rowFamily // by scope
	faults   faultFamilies
	orders   orderFamilies
}

// Describe says nothing: which series exist changes with the configuration.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.snapshot(time.Now())
	for i := range c.process {
		c.process[i].collect(out, &s)
	}
	for _, proxy := range s.Proxies {
		for i := range proxy.Rows {
			row := &proxy.Rows[i]
			labels := rowLabels(row)
			for j := range c.rows[row.Scope] {
				c.rows[row.Scope][j].collect(out, row, labels)
			}
			c.faults.collect(out, row)
			c.orders.collect(out, row)
		}
	}
}
