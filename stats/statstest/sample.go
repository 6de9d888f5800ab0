// Package statstest holds the sample figures that the tests of everything that shows statistics
// share. Only test files import it.
package statstest

import (
	"fmt"
	"time"

	"relais/stats"
)

// Now is the moment of the sample.
var Now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// Sample returns a rich snapshot: two frontends, a backend with a server in every state, one
// whose servers are all down, and one without servers.
func Sample() stats.Snapshot {
	return stats.Snapshot{
		Now:     Now,
		Process: process(),
		Proxies: []stats.Proxy{
			{Name: "web", Rows: []stats.Row{frontend("web", 2)}},
			{Name: "old", Rows: []stats.Row{stopped()}},
			{Name: "app", Rows: app()},
			{Name: "api", Rows: api()},
			{Name: "empty", Rows: []stats.Row{{Scope: stats.Backend, Proxy: "empty", Server: "BACKEND",
				IID: 6, Mode: "http", Algo: "leastconn", LastSession: -1, LastChange: 26 * time.Hour}}},
		},
	}
}

// Healthy returns a snapshot where all is well: one frontend, one backend with three servers.
func Healthy() stats.Snapshot {
	s := Sample()
	rows := app()[:1]
	for sid := 2; sid <= 3; sid++ {
		row := rows[0]
		row.SID, row.Server = sid, fmt.Sprintf("web%d", sid)
		rows = append(rows, row)
	}
	backend := app()[len(app())-1]
	backend.Active, backend.Backups, backend.Weight, backend.UserWeight = 3, 0, 3, 3
	backend.Downs, backend.Downtime = 0, 0
	backend.ServersByState = map[string]int{"UP": 3}
	backend.ServersByCheck = map[string]int{"L7OK": 3}
	s.Proxies = []stats.Proxy{s.Proxies[0], {Name: "app", Rows: append(rows, backend)}}
	return s
}

// Large returns a snapshot of one backend with n servers that are up.
func Large(n int) stats.Snapshot {
	s := Healthy()
	rows := make([]stats.Row, n)
	for i := range rows {
		rows[i] = s.Proxies[1].Rows[0]
		rows[i].SID, rows[i].Server = i+1, fmt.Sprintf("web%d", i+1)
	}
	s.Proxies[1].Rows = append(rows, s.Proxies[1].Rows[3])
	return s
}

func process() stats.Process {
	return stats.Process{
		Version: "1.2.3", Node: "lb1", PID: 4711,
		Started: Now.Add(-26*time.Hour - 3*time.Minute - 4*time.Second),
		Maxconn: 9983, MaxFDs: 20000,
		Conns: 42, ConnsTotal: 123456, ConnRate: 17, ConnRateMax: 250,
		Requests: 9876543, BytesOut: 123456789012, BytesOutRate: 532750,
		DroppedLogs: 3, Listeners: 2, Threads: 2, MemoryLimit: 512 << 20,
		ConfigFile: "/etc/relais/balancer.yml", ConfigLoaded: Now.Add(-90 * time.Minute),
	}
}

func frontend(name string, iid int) stats.Row {
	return stats.Row{
		Scope: stats.Frontend, Proxy: name, Server: "FRONTEND", IID: iid, Mode: "http",
		Sessions: 42, SessionsMax: 260, SessionsLimit: 9983, SessionsTotal: 123456,
		Rate: 17, RateMax: 250, ReqRate: 1234, ReqRateMax: 15678,
		Requests: 9876543, ConnsTotal: 123456, Intercepted: 12, Denied: 5,
		BytesIn: 987654321, BytesOut: 123456789012,
		RequestErrors: 7, Internal: 1, Responses: [6]uint64{0, 2, 9800000, 70000, 6000, 529},
		FaultsRefused: map[string]uint64{"bare_lf": 4, "target": 3}, FaultsReported: map[string]uint64{"target": 12},
	}
}

func stopped() stats.Row {
	row := stats.Row{Scope: stats.Frontend, Proxy: "old", Server: "FRONTEND", IID: 3, Mode: "tcp", Stopped: true}
	return row
}

// app is a backend with a server in every state.
func app() []stats.Row {
	up := server("app", 4, 1, "web1")

	down := server("app", 4, 2, "web2")
	down.Health, down.Sessions, down.Rate = stats.Down, 0, 0
	down.LastChange, down.Downtime = 12*time.Second, 72*time.Second
	down.Check = check("L4CON", "Layer4 connection problem", "connection refused", 0)
	down.Check.Level, down.Check.Failures, down.Check.Downs = 0, 5, 2
	down.Check.Events = []stats.Event{
		{At: Now.Add(-3 * time.Hour), Reason: "3 failures: timeout"},
		{At: Now.Add(-179 * time.Minute), Up: true, Reason: "2 successes"},
		{At: Now.Add(-12 * time.Second), Reason: "3 failures: connection refused"},
	}

	goingDown := server("app", 4, 3, "web3")
	goingDown.Check = check("L7STS", "Layer7 wrong status", "said \"no\", then\n<script>alert(1)</script>", 500)
	goingDown.Check.Level, goingDown.Check.Failures, goingDown.Check.Running = 2, 2, true

	goingUp := server("app", 4, 4, "web4")
	goingUp.Health, goingUp.LastChange = stats.Down, 5*time.Minute
	goingUp.Check.Level, goingUp.Check.Failures, goingUp.Check.Downs = 1, 3, 1
	goingUp.Check.Events = []stats.Event{{At: Now.Add(-5 * time.Minute), Reason: "3 failures: no answer in 2s"}}

	maint := server("app", 4, 5, "web5")
	maint.Maintenance, maint.LastChange, maint.LastSession = true, 2*time.Hour, -1

	unchecked := server("app", 4, 6, "web6")
	unchecked.Health, unchecked.Check, unchecked.SessionsLimit, unchecked.QueueLimit = stats.NoCheck, nil, 100, 10

	draining := server("app", 4, 7, "web7")
	draining.Draining, draining.Weight = true, 0

	backup := server("app", 4, 8, "web8")
	backup.Backup, backup.Throttle = true, 40

	sum := server("app", 4, 0, "BACKEND")
	sum.Scope, sum.Algo, sum.Address, sum.Check = stats.Backend, "roundrobin", "", nil
	sum.Active, sum.Backups, sum.Weight, sum.UserWeight, sum.Downs, sum.Downtime = 3, 1, 3, 3, 1, 4*time.Second
	sum.SessionsTotal = 8 * up.SessionsTotal
	sum.FaultsRefused = map[string]uint64{"status_line": 1}
	sum.ServersByState = map[string]int{"UP": 4, "DOWN": 2, "MAINT": 1, "DRAIN": 1}
	sum.ServersByCheck = map[string]int{"L7OK": 4, "L4CON": 1, "L7STS": 1}
	return []stats.Row{up, down, goingDown, goingUp, maint, unchecked, draining, backup, sum}
}

// api is a backend whose only server is down.
func api() []stats.Row {
	down := server("api", 5, 1, "api1")
	down.Health, down.LastChange, down.Downtime = stats.Down, 90*time.Second, 90*time.Second
	down.Check = check("L7TOUT", "Layer7 timeout", "no answer in 2s", 0)
	down.Check.Level, down.Check.Failures, down.Check.Downs = 0, 3, 1
	down.Check.Events = []stats.Event{{At: Now.Add(-90 * time.Second), Reason: "3 failures: no answer in 2s"}}

	sum := down
	sum.Scope, sum.Server, sum.SID, sum.Algo, sum.Address, sum.Check = stats.Backend, "BACKEND", 0, "random", "", nil
	sum.Weight, sum.UserWeight, sum.Downs = 0, 0, 1
	sum.ServersByState = map[string]int{"DOWN": 1}
	sum.ServersByCheck = map[string]int{"L7TOUT": 1}
	return []stats.Row{down, sum}
}

// server is one that is up and busy.
func server(proxy string, iid, sid int, name string) stats.Row {
	return stats.Row{
		Scope: stats.Server, Proxy: proxy, Server: name, IID: iid, SID: sid, Mode: "http",
		Queue: 0, QueueMax: 3,
		Sessions: 5, SessionsMax: 61, SessionsTotal: 1234567, LastSession: 1500 * time.Millisecond,
		Rate: 154, RateMax: 1960, Balanced: 1234500,
		BytesIn: 123456790, BytesOut: 15432098626,
		ConnectErrors: 4, ResponseErrors: 2, Retries: 3, Redispatches: 2, ClientAborts: 11, ServerAborts: 1,
		Responses: [6]uint64{0, 1, 1225000, 8750, 750, 66},
		QueueTime: 0, ConnectTime: 350 * time.Microsecond, ResponseTime: 3200 * time.Microsecond, TotalTime: 4100 * time.Microsecond,
		QueueTimeMax: 2 * time.Millisecond, ConnectTimeMax: 21 * time.Millisecond, ResponseTimeMax: 812 * time.Millisecond, TotalTimeMax: 1640 * time.Millisecond,
		Connects: 1300, Reuses: 1233267, RacesAvoided: 17, IdleConns: 8, UsedConns: 5,
		Address: fmt.Sprintf("127.0.0.1:%d", 5000+sid),
		Health:  stats.Up, Weight: 1, UserWeight: 1,
		LastChange: 62 * time.Minute, Check: check("L7OK", "Layer7 check passed", "", 200),
	}
}

func check(status, description, detail string, code int) *stats.Check {
	return &stats.Check{
		Status: status, Description: description, Detail: detail, Code: code,
		Duration: 3 * time.Millisecond, Rise: 2, Fall: 3, Level: 4,
	}
}
