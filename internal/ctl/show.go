package ctl

import (
	_ "embed"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"relais/stats"
)

func (x *call) showVersion() error {
	x.say(severityInfo, x.cli.options.Version)
	return nil
}

func (x *call) showBackend() error {
	x.printf("# name\n")
	for _, proxy := range x.snapshot().Proxies {
		for i := range proxy.Rows {
			if proxy.Rows[i].Scope == stats.Backend {
				x.printf("%s\n", proxy.Name)
			}
		}
	}
	return nil
}

func (x *call) showEnv() error {
	found := x.arg(0) == ""
	for _, variable := range x.balancer().Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if x.arg(0) == "" || x.arg(0) == name {
			found = true
			x.printf("%s\n", strings.ReplaceAll(variable, "\n", `\n`))
		}
	}
	if !found {
		return fail("Variable not found")
	}
	return nil
}

// showTable answers as HAProxy does without tables.
func (x *call) showTable() error {
	if x.arg(0) != "" {
		return fail("No such table")
	}
	return nil
}

func (x *call) showInfo() error {
	s := x.snapshot()
	o := stats.InfoOptions{Released: x.cli.options.Released}
	for _, arg := range x.args {
		switch arg {
		case "typed":
			o.Typed = true
		case "json":
			o.JSON = true
		case "desc":
			o.Desc = true
		case "float":
			o.Float = true
		}
	}
	err := stats.WriteInfo(x.out, &s, o)
	if o.JSON {
		x.printf("\n")
	}
	return err
}

//go:embed schema.json
var schema string

func (x *call) showSchema() error {
	x.printf("%s\n", strings.TrimSpace(schema))
	return nil
}

// showActivity has those of HAProxy's figures that mean something here.
func (x *call) showActivity() error {
	s := x.snapshot()
	x.printf("thread_id: 1 (1..%d)\n", max(1, s.Process.Threads))
	x.printf("date_now: %d.%06d\n", s.Now.Unix(), s.Now.Nanosecond()/1000)
	x.printf("stream_calls: %d\n", s.Process.Requests)
	x.printf("accepted: %d\n", s.Process.ConnsTotal)
	return nil
}

// order is one of "show orders json".
type order struct {
	Object string     `json:"object"`
	What   string     `json:"what"`
	By     string     `json:"by"`
	At     time.Time  `json:"at"`
	Reason string     `json:"reason"`
	Until  *time.Time `json:"until"` // null: until it is set back
}

func (x *call) showOrders() error {
	orders := []order{}
	for _, o := range x.balancer().Orders() {
		line := order{o.Object, o.What, o.By, o.At.UTC(), o.Reason, nil}
		if !o.Until.IsZero() {
			until := o.Until.UTC()
			line.Until = &until
		}
		orders = append(orders, line)
	}
	if x.arg(0) == "json" {
		return json.NewEncoder(x.out).Encode(orders)
	}
	x.printf("# object\twhat\tby\tat\tuntil\treason\n")
	for _, o := range orders {
		until := "-"
		if o.Until != nil {
			until = o.Until.Format(time.RFC3339)
		}
		x.printf("%s\t%s\t%s\t%s\t%s\t%s\n", o.Object, oneCell(o.What), oneCell(o.By), o.At.Format(time.RFC3339), until, oneCell(o.Reason))
	}
	return nil
}

// oneCell keeps a text within its column and its line.
func oneCell(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
