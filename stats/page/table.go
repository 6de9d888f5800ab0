package page

import (
	"fmt"
	"html/template"
	"net/url"
	"time"

	"relais/stats"
)

// table is one proxy.
type table struct {
	Name, About string
	Anchor      template.URL
	Form        *form // nil: nothing can be changed
	Rows        []row
	Events      []event
}

// row is one line of a table.
type row struct {
	ID, Name, Class string
	State           string // in a word, beside the name where the column is out of sight
	Anchor          template.URL
	Server          bool     // can be chosen where there is a form
	Dynamic         bool     // a server added at run time
	Orders          []string // standing orders of operators, in short
	Tip             *tip
	Cells           []cell
}

// builder makes rows and numbers their tips.
type builder struct {
	now  time.Time
	tips int
}

func (b *builder) rows(rows []stats.Row) (out []row) {
	for i := range rows {
		out = append(out, b.row(&rows[i]))
	}
	return out
}

func (b *builder) row(r *stats.Row) row {
	id := r.Proxy + "/" + rowName(r)
	out := row{
		ID: id, Anchor: anchor(id), Name: rowName(r), Class: class(r), State: r.Status(),
		Server: r.Scope == stats.Server, Dynamic: r.Dynamic, Tip: b.tip(nameTip(r, b.now)),
	}
	for i := range r.Orders {
		out.Orders = append(out.Orders, orderNote(&r.Orders[i], b.now))
	}
	for _, g := range layout {
		for i := range g.Columns {
			out.Cells = append(out.Cells, b.cell(&g.Columns[i], r))
		}
	}
	return out
}

func (b *builder) cell(c *column, r *stats.Row) cell {
	out := cell{Label: c.Words}
	if !c.of.On.Has(r) {
		return out
	}
	c.write(&out, c.of.Of(r), r)
	if c.tip != nil {
		out.Tip = b.tip(c.tip(r))
	}
	return out
}

func (b *builder) tip(lines []line) *tip {
	if len(lines) == 0 {
		return nil
	}
	b.tips++
	return &tip{ID: fmt.Sprintf("tip%d", b.tips), Lines: lines}
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
