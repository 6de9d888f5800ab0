package ctl

import (
	"slices"
	"strconv"

	"relais/stats"
)

// selection is which rows "show stat" shows.
type selection struct {
	proxy  string // its number; empty: all
	scopes int    // bits of stats.Scope
	server int    // below 0: all
}

func (x *call) showStat() error {
	args := x.args
	if len(args) > 0 && args[0] == "domain" {
		if x.arg(1) != "proxy" {
			return fail("Invalid statistics domain.")
		}
		args = args[2:]
	}
	chosen, err := x.selection(args)
	if err != nil {
		return err
	}
	s := x.snapshot()
	return x.writeStat(x.chosen(&s, chosen, stats.Filter{HideDown: slices.Contains(args, "up"), HideMaint: slices.Contains(args, "no-maint")}), args)
}

func (x *call) writeStat(s *stats.Snapshot, args []string) error {
	switch {
	case slices.Contains(args, "json"):
		err := stats.WriteJSON(x.out, s, stats.Filter{})
		x.printf("\n")
		return err
	case slices.Contains(args, "typed"):
		return stats.WriteTyped(x.out, s, stats.Filter{}, slices.Contains(args, "desc"))
	}
	return stats.WriteCSV(x.out, s, stats.Filter{})
}

// selection reads "{<iid>|<proxy>} <type> <sid>", which stand first if they are there; anything
// but a number is 0.
func (x *call) selection(args []string) (selection, error) {
	if len(args) < 3 {
		return selection{scopes: -1, server: -1}, nil
	}
	iid, err := strconv.Atoi(args[0])
	chosen := selection{scopes: number(args[1]), server: number(args[2])}
	switch {
	case err == nil && iid < 0:
	case err == nil:
		chosen.proxy = args[0]
	default:
		row := x.proxy(args[0], stats.Backend)
		if row == nil {
			row = x.proxy(args[0], stats.Frontend)
		}
		switch {
		case row != nil:
			chosen.proxy = strconv.Itoa(row.IID)
		case slices.ContainsFunc(args[:3], isStatOption):
			return selection{scopes: -1, server: -1}, nil
		default:
			return chosen, fail("No such proxy.")
		}
	}
	return chosen, nil
}

func isStatOption(s string) bool {
	return slices.Contains([]string{"typed", "json", "up", "no-maint", "desc"}, s)
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// chosen returns the rows that are asked for. As in HAProxy a user does not see addresses, cookies
// and algorithms.
func (x *call) chosen(s *stats.Snapshot, by selection, f stats.Filter) *stats.Snapshot {
	shown := *f.Apply(s)
	proxies := shown.Proxies
	shown.Proxies = nil
	for _, proxy := range proxies {
		rows := make([]stats.Row, 0, len(proxy.Rows))
		for _, row := range proxy.Rows {
			if by.has(&row) {
				if x.level < Operator {
					row.Address, row.Cookie, row.Algo = "", "", ""
				}
				rows = append(rows, row)
			}
		}
		shown.Proxies = append(shown.Proxies, stats.Proxy{Name: proxy.Name, Rows: rows})
	}
	return &shown
}

func (by selection) has(r *stats.Row) bool {
	if by.proxy != "" && by.proxy != strconv.Itoa(r.IID) || by.scopes&(1<<r.Scope) == 0 {
		return false
	}
	return by.server < 0 || r.Scope != stats.Server || by.server == r.SID
}
