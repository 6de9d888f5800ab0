package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"relais/stats"
)

// orderFamilies are the standing orders of operators on the states of servers. A server without
// one has no series.
type orderFamilies struct{ state, until *prometheus.Desc }

func newOrderFamilies() orderFamilies {
	return orderFamilies{
		state: prometheus.NewDesc("relais_server_operator_state", "1 for the state that an operator has ordered for the server", nil, nil),
		until: prometheus.NewDesc("relais_server_operator_until_timestamp_seconds", "When the operator's order on the state of the server ends", nil, nil),
	}
}

func (f *orderFamilies) collect(out chan<- prometheus.Metric, r *stats.Row) {
	o := r.StateOrder()
	if o == nil {
		return
	}
	labels := rowLabels(r)
	out <- &series{f.state, append(labels[:len(labels):len(labels)], label("state", o.State())), false, 1}
	if !o.Until.IsZero() {
		out <- &series{f.until, labels, false, unix(o.Until)}
	}
}
