package explain

import (
	"net/url"

	"relais/balancer/why"
)

// shares is how the requests to a backend were shared.
type shares struct {
	why.Account
	Backend string
	Rows    []share
	Links   []link
}

// share is one server in the table.
type share struct {
	Name, Address string // Address leads to what is known of this one
	Cells         []string
	Bar           bar
}

// bar shows a share of the requests beside that of the weights, in 100ths.
type bar struct {
	Share, Weight float64
	Weighed       bool // Weight is known
}

func newShares(a *why.Answer, p *Page) *shares {
	backend := a.Shares.Backend
	s := &shares{Account: a.Shares.Account(a.Server), Backend: backend, Links: []link{
		{"Slow and failed requests to " + backend, p.ask(url.Values{"backend": {backend}, "abnormal": {"1"}})},
		{"Figures of " + backend, p.figures(backend, "")},
	}}
	if a.Server != "" {
		s.Links = append(s.Links, link{"All servers of " + backend, p.ask(url.Values{"backend": {backend}, "last": {p.Field("last")}})})
	}
	for _, r := range s.Account.Rows {
		name := r.Cells[0]
		s.Rows = append(s.Rows, share{
			Name: name, Address: p.ask(url.Values{"backend": {backend}, "server": {name}, "last": {p.Field("last")}, "since": {p.Field("since")}}),
			Cells: r.Cells[1:], Bar: bar{100 * r.Share, 100 * r.Weight, r.Weight >= 0},
		})
	}
	return s
}
