package page

import (
	"relais/stats"
)

// group is a set of columns under a common head.
type group struct {
	Name    string
	Columns []column
}

// column is one column of the page: the figure of stats' table that it shows, and how.
type column struct {
	Name  string // HAProxy's short head
	Words string // what it means
	of    stats.Column
	write format
	tip   func(*stats.Row) []line
}

// The layouts are HAProxy's, in HAProxy's order, without the columns that Relais has no figure for
// and those that no row of the table has.
var (
	frontendLayout = haproxyLayout(stats.OnFrontend)
	backendLayout  = haproxyLayout(stats.OnBackend | stats.OnServer | stats.OnChecked | stats.OnAgent)
)

func haproxyLayout(scopes stats.Scopes) (out []group) {
	for _, g := range haproxyGroups(stats.Columns()) {
		var columns []column
		for _, c := range g.Columns {
			if c.of.Value != nil && c.of.On&scopes != 0 {
				columns = append(columns, c)
			}
		}
		if len(columns) > 0 {
			out = append(out, group{g.Name, columns})
		}
	}
	return out
}

func haproxyGroups(all []stats.Column) []group {
	of := map[string]stats.Column{}
	for _, c := range all {
		of[c.Name] = c
	}
	return []group{
		{"Queue", []column{
			{"Cur", "Queue, current", of["qcur"], count, queueTip},
			{"Max", "Queue, highest", of["qmax"], count, nil},
			{"Limit", "Queue, limit", of["qlimit"], atMost, nil},
		}},
		{"Session rate", []column{
			{"Cur", "Session rate, current", of["rate"], count, rateTip},
			{"Max", "Session rate, highest", of["rate_max"], count, rateMaxTip},
			{"Limit", "Session rate, limit", of["rate_lim"], atMost, nil},
		}},
		{"Sessions", []column{
			{"Cur", "Sessions, current", of["scur"], count, sessionsTip},
			{"Max", "Sessions, highest", of["smax"], count, nil},
			{"Limit", "Sessions, limit", of["slim"], atMost, nil},
			{"Total", "Sessions, total", of["stot"], count, totalTip},
			{"LbTot", "Sessions, placed by the algorithm", of["lbtot"], count, nil},
			{"Last", "Last session", of["lastsess"], age, nil},
		}},
		{"Bytes", []column{
			{"In", "Bytes in", of["bin"], size, bytesTip(func(r *stats.Row) uint64 { return r.BytesIn })},
			{"Out", "Bytes out", of["bout"], size, bytesTip(func(r *stats.Row) uint64 { return r.BytesOut })},
		}},
		{"Denied", []column{
			{"Req", "Denied requests", of["dreq"], count, nil},
			{"Resp", "Denied responses", of["dresp"], count, nil},
		}},
		{"Errors", []column{
			{"Req", "Request errors", of["ereq"], count, nil},
			{"Conn", "Connection errors", of["econ"], count, failuresTip},
			{"Resp", "Response errors", of["eresp"], count, abortsTip},
		}},
		{"Warnings", []column{
			{"Retr", "Retries", of["wretr"], count, retriesTip},
			{"Redis", "Redispatches", of["wredis"], count, nil},
		}},
		{"Server", []column{
			{"Status", "Status", of["status"], status, eventsTip},
			{"LastChk", "Last check", of["check_status"], lastCheck, checkTip},
			{"Wght", "Weight, effective / configured", of["weight"], weight, nil},
			{"Act", "Active", of["act"], yes, nil},
			{"Bck", "Backup", of["bck"], yes, nil},
			{"Chk", "Failed checks", of["chkfail"], count, nil},
			{"Dwn", "Times down", of["chkdown"], count, nil},
			{"Dwntme", "Downtime", of["downtime"], age, nil},
			{"Thrtle", "Throttle in slowstart", of["throttle"], throttle, nil},
		}},
	}
}
