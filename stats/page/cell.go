package page

import (
	"fmt"
	"strconv"
	"time"

	"relais/stats"
)

// cell is one figure in a table.
type cell struct {
	Label  string // its column in words, for the cards of narrow screens
	Class  string
	Digits []string // a number, in groups of three
	Text   string   // or anything else
	Tip    *tip
}

// tip is what HAProxy shows when the pointer rests on a figure.
type tip struct {
	ID    string
	Lines []line
}

type line struct{ Name, Value string }

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
