package statstest

import (
	"math/rand/v2"
	"time"

	"relais/stats"
	"relais/stats/latency"
)

// Full returns the operated sample with everything that can be told of it: percentiles of the
// servers, what failed and was tried again, what waits, and certificates.
func Full() stats.Snapshot {
	s := Operated()
	rows := s.Proxies[2].Rows
	backend := &rows[len(rows)-1]
	for i := range rows[:2] {
		rows[i].Times = every(uint64(i), 200)
	}
	rows[0].Oldest, rows[1].Oldest = 1500*time.Millisecond, 40*time.Second
	backend.Oldest, backend.OldestQueued = 40*time.Second, 2*time.Second
	rows[0].Failures = map[string]uint64{"the server did not answer in time": 2}
	rows[1].Failures = map[string]uint64{"the server refused the connection": 4, "the server did not answer in time": 1}
	rows[1].RetryCauses = map[string]uint64{"the server refused the connection": 3}
	backend.Failures = map[string]uint64{"the server refused the connection": 4, "the server did not answer in time": 3, "no server was usable": 5}
	backend.RetryCauses, backend.RacesAvoided = rows[1].RetryCauses, 8*17
	s.Certificates = []stats.Certificate{
		{Bind: ":443", Names: []string{"example.org", "www.example.org"}, File: "/etc/relais/example.pem", NotAfter: Now.Add(20 * 24 * time.Hour)},
		{Bind: ":8404", File: "/etc/relais/admin.pem", NotAfter: Now.Add(-time.Hour)},
	}
	return s
}

// Loaded returns a snapshot of one backend with n servers that have taken their time for everything.
func Loaded(n int) stats.Snapshot {
	s := Large(n)
	for i := range n {
		s.Proxies[1].Rows[i].Times = every(uint64(i), 200)
	}
	return s
}

// every is what a server took for n requests of each kind, spread as such times are.
func every(seed uint64, n int) *latency.Times {
	t, random := &latency.Times{}, rand.New(rand.NewPCG(seed, 0))
	for range n {
		us := uint64(1000 * random.ExpFloat64())
		t.Queue.Observe(us / 100)
		t.Connect.Observe(us / 10)
		t.Response.Observe(3 * us)
		t.Total.Observe(4 * us)
		t.Errors.Observe(100 * us)
		t.Tunnels.Observe(60_000 * us)
	}
	return t
}
