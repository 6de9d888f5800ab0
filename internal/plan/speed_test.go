package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"relais/internal/config"
	"relais/internal/plan"
)

// farms is a configuration of 100 backends with 10 servers each.
func farms(weight int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "access_log: off\nfrontends: [{name: web, bind: \":8080\", default_backend: b0}]\nbackends:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  - name: b%d\n    health_check: /health\n    servers:\n", i)
		for j := range 10 {
			fmt.Fprintf(&b, "      - {name: s%d, address: \"10.%d.%d.1:80\", weight: %d}\n", j, i, j, weight)
		}
	}
	return b.String()
}

// BenchmarkThousandServers compares 1,000 servers in 100 backends. It is to take less than 50 ms.
func BenchmarkThousandServers(b *testing.B) {
	for _, test := range []struct {
		name      string
		now, next *config.Config
	}{
		{"nothing changes", parse(b, farms(1)), parse(b, farms(1))},
		{"every server changes", parse(b, farms(1)), parse(b, farms(2))},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				plan.Compare(test.now, test.next, plan.Facts{Now: at})
			}
		})
	}
}
