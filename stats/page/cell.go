package page

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
	"time"

	"relais/stats"
)

// cell is one figure in a table.
type cell struct {
	Label  string // its column in words, for the cards of narrow screens
	Class  string
	Digits []string // a number, in groups of three
	Text   string   // or anything else
	Trend  *trend   // nil: none
	Tip    *tip
}

// label names the cell's column where there is something to be named.
func (c *cell) label(words string) {
	if len(c.Digits) > 0 || c.Text != "" || c.Trend != nil {
		c.Label = words
	}
}

// tip is what HAProxy shows when the pointer rests on a figure.
type tip struct {
	ID    string
	Lines []line
	More  link // with an address: leads to more
}

type line struct{ Name, Value string }

// newTip returns the tip of a figure of a row, or nil if there is nothing to tell.
func newTip(row, figure string, lines []line) *tip {
	if len(lines) == 0 {
		return nil
	}
	return &tip{ID: row + "/" + figure, Lines: lines}
}

// Figure is the figure as markup. Pages have thousands, so it is not left to a template.
func (c *cell) Figure() template.HTML {
	var b strings.Builder
	for _, group := range c.Digits {
		b.WriteString("<i>" + group + "</i>")
	}
	b.WriteString(html.EscapeString(c.Text))
	return template.HTML(b.String())
}

// Words is what the tip tells, as markup.
func (t *tip) Words() template.HTML {
	var b strings.Builder
	for _, l := range t.Lines {
		if l.Value == "" {
			b.WriteString(`<span class="head">` + html.EscapeString(l.Name) + "</span> ")
			continue
		}
		b.WriteString("<span>" + html.EscapeString(l.Name) + "</span> <b>" + html.EscapeString(l.Value) + "</b> ")
	}
	if t.More.Address != "" {
		b.WriteString(`<a href="` + html.EscapeString(t.More.Address) + `">` + html.EscapeString(t.More.Text) + "</a>")
	}
	return template.HTML(b.String())
}

// format writes a figure into a cell.
type format func(*cell, stats.Value, *stats.Row)

func count(c *cell, v stats.Value, _ *stats.Row) {
	if v.Type != stats.Empty {
		c.Digits = digits(v.Int())
	}
}

// size shows bytes in the largest unit; the tip has them all.
func size(c *cell, v stats.Value, _ *stats.Row) { c.Text = byteSize(float64(v.Int())) }

// atMost shows a limit, and "-" where an object could have one but has none.
func atMost(c *cell, v stats.Value, _ *stats.Row) {
	if v.Type == stats.Empty {
		c.Text = "-"
		return
	}
	c.Digits = digits(v.Int())
}

func age(c *cell, v stats.Value, _ *stats.Row) {
	switch {
	case v.Type == stats.Empty:
	case v.Int() < 0:
		c.Text = "?" // never
	default:
		c.Text = short(time.Duration(v.Int()) * time.Second)
	}
}

// status says for how long the state has lasted and where a server is heading.
func status(c *cell, v stats.Value, r *stats.Row) {
	c.Class, c.Text = "status", v.String()
	if r.Scope == stats.Frontend || c.Text == "no check" {
		return
	}
	c.Text = short(r.LastChange) + " " + c.Text
	switch {
	case r.GoingDown():
		c.Text += " ↓"
	case r.GoingUp():
		c.Text += " ↑"
	}
}

func lastCheck(c *cell, v stats.Value, r *stats.Row) {
	c.Class = "text"
	switch {
	case r.Tracked != "":
		c.Text = "via " + r.Tracked
		return
	case v.Type == stats.Empty && r.Agent != nil:
		c.Text = r.Agent.Status + " (agent)"
		return
	case v.Type == stats.Empty:
		return
	}
	c.Text = v.String()
	if r.Check.Code > 0 {
		c.Text += "/" + strconv.Itoa(r.Check.Code)
	}
	if r.ChecksPaused {
		c.Text = "paused, " + c.Text
		return
	}
	c.Text += fmt.Sprintf(" in %dms", r.Check.Duration.Milliseconds())
}

func weight(c *cell, v stats.Value, r *stats.Row) {
	if v.Type != stats.Empty {
		c.Text = fmt.Sprintf("%d/%d", r.Weight, r.UserWeight)
	}
}

// yes shows Y or - for a server and the number for a backend.
func yes(c *cell, v stats.Value, r *stats.Row) {
	switch {
	case r.Scope != stats.Server:
		count(c, v, r)
	case v.Int() > 0:
		c.Text = "Y"
	default:
		c.Text = "-"
	}
}

func throttle(c *cell, v stats.Value, _ *stats.Row) {
	if v.Type == stats.Empty {
		c.Text = "-"
		return
	}
	c.Text = v.String() + "\u00a0%"
}
