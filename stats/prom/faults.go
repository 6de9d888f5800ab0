package prom

import "relais/stats"

// faults are the breaches of the rules of HTTP, which HAProxy does not tell apart. Only reasons
// that there have been have a series.
func faults() []family {
	return []family{
		ofObjects(counter, stats.Frontend, "relais_frontend_request_faults_total",
			"Total number of requests that broke the rules of HTTP, by reason, and what they got: refused, or reported and passed on",
			func(p *sheet, o *object) {
				collectCauses(p, o, "reason", o.FaultsRefused, p.word("action", "refused"))
				collectCauses(p, o, "reason", o.FaultsReported, p.word("action", "reported"))
			}),
		ofObjects(counter, stats.Backend, "relais_backend_response_faults_total",
			"Total number of answers of servers that broke the rules of HTTP, by reason; clients got 502 or a cut answer",
			func(p *sheet, o *object) { collectCauses(p, o, "reason", o.FaultsRefused) }),
	}
}
