package page

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"relais/stats"
	"relais/stats/latency"
)

// table is one proxy.
type table struct {
	Name, About string
	Anchor      template.URL
	Why         string // where the shares of a backend's servers are explained; empty: nowhere
	Form        *form  // nil: nothing can be changed
	Layout      []group
	Rows        []row
}

// row is one line of a table.
type row struct {
	ID, Name, Class string
	Find            string // where a filter looks for the row; empty: it goes with the others of its table
	State           string // in a word, beside the name where the column is out of sight
	Anchor          template.URL
	Pick            bool     // there is a column to choose servers in
	Server          bool     // it can be chosen
	Dynamic         bool     // a server added at run time
	Orders          []string // standing orders of operators, in short
	Tip             *tip
	Cells           []cell
}

// builder makes tables.
type builder struct {
	options Options
	now     time.Time
	window  latency.Window
	latency group // the columns of latencyCells

	servers []*latency.Times // of the proxy under way
	id      string           // of the row under way
	counts  latency.Counts   // scratch paper
}

// newBuilder returns a builder of the tables of a page.
func newBuilder(now time.Time, o Options) *builder {
	return &builder{options: o, now: now, window: o.window(), latency: latencyGroup(o.window())}
}

// table shows some rows of a proxy. What is said about a backend as a whole still counts all of
// its servers.
func (b *builder) table(proxy stats.Proxy, shown []stats.Row) table {
	t := table{Name: proxy.Name, Anchor: anchor(proxy.Name), About: about(proxy.Rows), Form: newForm(shown, b.options), Layout: frontendLayout}
	if proxy.Rows[0].Scope != stats.Frontend {
		t.Layout = slices.Insert(slices.Clone(backendLayout), 0, b.latency) // where it is seen first
		t.Why = b.options.why(url.Values{"backend": {proxy.Name}})
	}
	b.servers = timesOf(proxy.Rows...)
	for i := range shown {
		t.Rows = append(t.Rows, b.row(&shown[i], t.Form != nil))
	}
	return t
}

func (b *builder) row(r *stats.Row, pick bool) row {
	id := r.Proxy + "/" + rowName(r)
	b.id = id
	out := row{
		ID: id, Find: find(r), Anchor: anchor(id), Name: rowName(r), Class: class(r), State: r.Status(),
		Pick: pick, Server: r.Scope == stats.Server, Dynamic: r.Dynamic, Tip: newTip(id, "about", nameTip(r, b.now)),
	}
	if r.Scope == stats.Server {
		out.Tip.More = link{"Slow and failed requests", b.options.why(url.Values{"backend": {r.Proxy}, "server": {r.Server}, "abnormal": {"1"}})}
	}
	for i := range r.Orders {
		out.Orders = append(out.Orders, orderNote(&r.Orders[i], b.now))
	}
	groups := frontendLayout
	if r.Scope != stats.Frontend {
		groups = backendLayout
		out.Cells = b.latencyCells(make([]cell, 0, len(latencyLabels)+columns(groups)), r)
	}
	for _, g := range groups {
		for i := range g.Columns {
			out.Cells = append(out.Cells, b.cell(&g.Columns[i], r))
		}
	}
	return out
}

func columns(groups []group) (n int) {
	for _, g := range groups {
		n += len(g.Columns)
	}
	return n
}

func (b *builder) cell(c *column, r *stats.Row) cell {
	var out cell
	if !c.of.On.Has(r) {
		return out
	}
	c.write(&out, c.of.Of(r), r)
	out.label(c.Words)
	if c.tip != nil {
		out.Tip = newTip(b.id, c.of.Name, c.tip(r))
	}
	return out
}

// find is what people look for a row by: names, state, address.
func find(r *stats.Row) string {
	if r.Scope == stats.Backend {
		return ""
	}
	return strings.TrimSpace(r.Proxy + "/" + rowName(r) + " " + r.Status() + " " + r.Address)
}

// rowName is HAProxy's name of the row on its page and in its anchors.
func rowName(r *stats.Row) string {
	if r.Scope == stats.Server {
		return r.Server
	}
	return r.Scope.String()
}

func anchor(id string) template.URL {
	return template.URL((&url.URL{Fragment: id}).String())
}

// class is HAProxy's class of the row, which gives it its colour.
func class(r *stats.Row) string {
	switch r.Scope {
	case stats.Frontend:
		return "frontend"
	case stats.Backend:
		return "backend"
	}
	kind := "active_"
	if r.Backup {
		kind = "backup_"
	}
	switch state := r.State(); {
	case state == stats.StateMaint:
		return "maintain"
	case r.GoingUp():
		return kind + "going_up"
	case state == stats.StateDown:
		return kind + "down"
	case state == stats.StateDrain, state == stats.StateNoLB, r.Weight == 0:
		return kind + "draining"
	case r.GoingDown():
		return kind + "going_down"
	case r.Health == stats.NoCheck:
		return kind + "no_check"
	}
	return kind + "up"
}

// about is the small print behind a proxy's name.
func about(rows []stats.Row) string {
	r := &rows[len(rows)-1] // the FRONTEND or, behind its servers, the BACKEND
	if r.Scope == stats.Frontend {
		return "frontend, mode " + r.Mode
	}
	up, all := 0, len(rows)-1
	for i := range rows[:all] {
		if state := rows[i].State(); state != stats.StateDown && state != stats.StateMaint {
			up++
		}
	}
	return fmt.Sprintf("backend, mode %s, balance %s, %d of %s up", r.Mode, r.Algo, up, servers(all))
}
