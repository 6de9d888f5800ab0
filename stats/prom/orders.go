package prom

import "relais/stats"

// orders are the standing orders of operators on the states of servers. A server without one has
// no series.
func orders() []family {
	return []family{
		ofObjects(gauge, stats.Server, "relais_server_operator_state", "1 for the state that an operator has ordered for the server", func(p *sheet, o *object) {
			if order := o.StateOrder(); order != nil {
				p.add(1, o.labels, p.word("state", order.State()))
			}
		}),
		ofObjects(gauge, stats.Server, "relais_server_operator_until_timestamp_seconds", "When the operator's order on the state of the server ends", func(p *sheet, o *object) {
			if order := o.StateOrder(); order != nil && !order.Until.IsZero() {
				p.add(unix(order.Until), o.labels)
			}
		}),
	}
}
