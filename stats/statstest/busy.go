package statstest

import (
	"math"
	"time"

	"relais/stats"
	"relais/stats/latency"
)

// Busy returns a snapshot of five minutes of traffic: a server that is as it should be, one that
// has just stopped to answer, a slow one, one that has long been idle, requests in the queue,
// failures by cause, a timeline, and certificates of all ages.
func Busy() stats.Snapshot {
	s := Healthy()
	s.Process.ConfigHash, s.Process.Reloads = "9f86d081884c7d65", 3
	s.Timeline = happenings()
	s.Certificates = certificates()

	rows := s.Proxies[1].Rows
	idle := rows[2]
	idle.SID, idle.Server, idle.Sessions, idle.Rate, idle.LastSession = 4, "web4", 0, 0, 42*time.Minute
	backend := rows[3]
	rows[0].Times, rows[0].Oldest = Times(200, 0, 2*time.Millisecond), 4*time.Millisecond
	rows[1].Times, rows[1].Oldest, rows[1].Sessions = Times(150, 3, 2*time.Millisecond), 3200*time.Millisecond, 12
	rows[2].Times, rows[2].Oldest, rows[2].SessionsLimit = Times(3, 0, 700*time.Millisecond), 1700*time.Millisecond, 5
	rows[1].Failures = map[string]uint64{"the server did not answer in time": 31, "connection refused": 4}
	rows[2].Failures = map[string]uint64{"the server did not answer in time": 2}
	rows[1].RetryCauses = map[string]uint64{"connection refused": 4}
	backend.Failures = map[string]uint64{"the server did not answer in time": 33, "no server is usable": 1}
	backend.Queue, backend.QueueMax, backend.OldestQueued, backend.Oldest = 1234, 2345, 1400*time.Millisecond, 3200*time.Millisecond
	backend.Active, backend.ServersByState = 4, map[string]int{"UP": 4}
	s.Proxies[1].Rows = []stats.Row{rows[0], rows[1], rows[2], idle, backend}
	return s
}

// Times returns what five minutes leave behind until Now, of rate answers a second that take about
// typical, the last of them some seconds ago.
func Times(rate int, silent int, typical time.Duration) *latency.Times {
	const seconds = 300
	t, scratch := &latency.Times{}, &latency.Counts{}
	n := uint64(0)
	for second := range seconds {
		for range rate {
			if second < seconds-silent {
				n++
				t.Total.Observe(uint64(typical.Microseconds()) * spread(n) / 64)
			}
		}
		if second%20 == 0 {
			t.Errors.Observe(5_000_000)
		}
		t.Tick(Now.Add(time.Duration(second-seconds)*time.Second), scratch)
	}
	return t
}

// spread is by how many 64ths of the typical latency the nth answer takes longer or shorter.
func spread(n uint64) uint64 {
	wave := 32 + uint64(24*(1+math.Sin(float64(n)/4000)))
	switch {
	case n%997 == 0:
		return 20 * wave
	case n%61 == 0:
		return 4 * wave
	}
	return wave + n*7919%48
}

func happenings() []stats.Happening {
	at := func(ago time.Duration) time.Time { return Now.Add(-ago) }
	return []stats.Happening{
		{At: at(26 * time.Hour), What: "start"},
		{At: at(3 * time.Hour), Proxy: "app", Server: "web2", What: "DOWN", Reason: "3 failures: timeout", Trouble: true},
		{At: at(179 * time.Minute), Proxy: "app", Server: "web2", What: "UP", Reason: "2 successes"},
		{At: at(90 * time.Minute), What: "reload", By: "maria", Reason: "1 server more"},
		{At: at(28 * time.Minute), Proxy: "app", Server: "web3", What: "state drain", By: "ops", Reason: `<b>"disk" & swap</b>`},
		{At: at(10 * time.Minute), Proxy: "app", Server: "web3", What: "state ready", By: "ops"},
		{At: at(5 * time.Minute), What: "reload refused", Reason: "balancer.yml:31: weight: 300 is not from 0 to 256", Trouble: true},
		{At: at(12 * time.Second), Proxy: "app", Server: "web2", What: "fails its checks", Reason: "no answer in 2s", Trouble: true},
	}
}

func certificates() []stats.Certificate {
	day := 24 * time.Hour
	return []stats.Certificate{
		{Bind: ":8443", Names: []string{"www.example.com", "example.com"}, File: "/etc/relais/site.pem", NotAfter: Now.Add(81 * day)},
		{Bind: ":8443", Names: []string{"api.example.com"}, File: "/etc/relais/api.pem", NotAfter: Now.Add(9*day + 5*time.Hour)},
		{Bind: ":9443", File: "/etc/relais/old.pem", NotAfter: Now.Add(-3 * day)},
	}
}
