package prom

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"relais/stats"
)

// faultFamilies are the breaches of the rules of HTTP, which HAProxy does not tell apart. Only
// reasons that there have been have a series.
type faultFamilies struct{ request, response *prometheus.Desc }

func newFaultFamilies() faultFamilies {
	return faultFamilies{
		request: prometheus.NewDesc("relais_frontend_request_faults_total",
			"Total number of requests that broke the rules of HTTP, by reason, and what they got: refused, or reported and passed on", nil, nil),
		response: prometheus.NewDesc("relais_backend_response_faults_total",
			"Total number of answers of servers that broke the rules of HTTP, by reason; clients got 502 or a cut answer", nil, nil),
	}
}

func (f *faultFamilies) collect(out chan<- prometheus.Metric, r *stats.Row) {
	switch r.Scope {
	case stats.Frontend:
		collectFaults(out, f.request, r, r.FaultsRefused, label("action", "refused"))
		collectFaults(out, f.request, r, r.FaultsReported, label("action", "reported"))
	case stats.Backend:
		collectFaults(out, f.response, r, r.FaultsRefused)
	}
}

func collectFaults(out chan<- prometheus.Metric, desc *prometheus.Desc, r *stats.Row, counts map[string]uint64, action ...*dto.LabelPair) {
	for reason, n := range counts {
		labels := append(action[:len(action):len(action)], label("proxy", r.Proxy), label("reason", reason))
		out <- &series{desc, labels, true, float64(n)}
	}
}
