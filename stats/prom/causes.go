package prom

import (
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"relais/stats"
)

// causes are what went wrong between the balancer and servers, in words. Only causes that there
// have been have a series.
func causes() []family {
	failures := func(p *sheet, o *object) { collectCauses(p, o, "cause", o.Failures) }
	retries := func(p *sheet, o *object) { collectCauses(p, o, "cause", o.RetryCauses) }
	return []family{
		ofObjects(counter, stats.Backend, "relais_backend_failures_total", "Total number of failures by cause, of the backend's servers and of itself", failures),
		ofObjects(counter, stats.Server, "relais_server_failures_total", "Total number of failures of the server by cause", failures),
		ofObjects(counter, stats.Backend, "relais_backend_retries_total", "Total number of retries by the cause of the failure before", retries),
		ofObjects(counter, stats.Server, "relais_server_retries_total", "Total number of retries by the cause of the failure before, which was this server's", retries),
	}
}

// collectCauses adds a series for each cause, in order.
func collectCauses(p *sheet, o *object, name string, counts map[string]uint64, more ...*dto.LabelPair) {
	for _, cause := range slices.Sorted(maps.Keys(counts)) {
		p.add(float64(counts[cause]), o.labels, append(more[:len(more):len(more)], p.word(name, cause))...)
	}
}
