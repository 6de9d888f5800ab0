package page

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strings"

	"relais/stats"
)

// failure is how often something went wrong for one reason in a proxy.
type failure struct {
	Proxy   string
	Anchor  template.URL
	What    string // failed, retried, refused or reported
	Cause   string
	Why     string // where such requests are explained; empty: nowhere
	Count   string
	Servers string // which of them, the most first
}

// newFailures lists what went wrong in the proxies that o shows, the most frequent first.
func newFailures(s *stats.Snapshot, o Options) (list []failure) {
	for _, proxy := range s.Proxies {
		if len(proxy.Rows) == 0 || !o.Filter.Shows(proxy.Name) {
			continue
		}
		for _, kind := range kinds {
			list = append(list, failuresOf(proxy, kind, o)...)
		}
	}
	return list
}

// kinds are the ways in which something can go wrong.
var kinds = []kind{
	{"failed", true, func(r *stats.Row) map[string]uint64 { return r.Failures }},
	{"retried", true, func(r *stats.Row) map[string]uint64 { return r.RetryCauses }},
	{"refused", true, func(r *stats.Row) map[string]uint64 { return r.FaultsRefused }},
	{"reported", false, func(r *stats.Row) map[string]uint64 { return r.FaultsReported }},
}

type kind struct {
	what   string
	kept   bool // such requests are kept apart from the ordinary ones
	counts func(*stats.Row) map[string]uint64
}

func failuresOf(proxy stats.Proxy, k kind, o Options) (list []failure) {
	last := len(proxy.Rows) - 1 // the FRONTEND or, behind its servers, the BACKEND
	total := maps.Clone(k.counts(&proxy.Rows[last]))
	servers := map[string]map[string]uint64{} // by cause
	for i := range proxy.Rows[:last] {
		for cause, n := range k.counts(&proxy.Rows[i]) {
			if servers[cause] == nil {
				servers[cause] = map[string]uint64{}
			}
			servers[cause][proxy.Rows[i].Server] = n
		}
	}
	if total == nil {
		total = map[string]uint64{}
	}
	for cause, of := range servers {
		if total[cause] == 0 {
			total[cause] = sum(of)
		}
	}
	why := ""
	if k.kept && proxy.Rows[last].Scope == stats.Backend {
		why = o.why(url.Values{"backend": {proxy.Name}, "abnormal": {"1"}})
	}
	for _, cause := range byCount(total) {
		list = append(list, failure{proxy.Name, anchor(proxy.Name), k.what, cause, why, grouped(total[cause]), shares(servers[cause])})
	}
	return list
}

// causeLines tells of counts by cause in a tip, the most frequent first.
func causeLines(head string, counts map[string]uint64) []line {
	if len(counts) == 0 {
		return nil
	}
	lines := []line{{Name: head}}
	for _, cause := range byCount(counts) {
		lines = append(lines, line{"– " + cause, grouped(counts[cause])})
	}
	return lines
}

// mostShares bounds the servers that are named for one cause.
const mostShares = 5

func shares(of map[string]uint64) string {
	var words []string
	for _, server := range byCount(of) {
		words = append(words, server+" "+grouped(of[server]))
	}
	if more := len(words) - mostShares; more > 0 {
		words = append(words[:mostShares], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}

func sum(counts map[string]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// byCount returns the keys of what was counted, the most frequent first.
func byCount(counts map[string]uint64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}
