package statstest

import (
	"time"

	"relais/stats"
)

// Operated returns the sample after operators have been at work: standing orders of all kinds, a
// server added at run time, one whose checks are paused, one without an address, one that follows
// another into maintenance, and a configuration on disk that would not be taken.
func Operated() stats.Snapshot {
	s := Sample()
	p := &s.Process
	p.ConfigHash, p.Reloads, p.ReloadFailures, p.Generations = "9f86d081884c7d65", 12, 1, 2
	p.ConfigFault = `/etc/relais/balancer.yml:31: backends.app.servers[2].weight: 300 is not from 0 to 256`
	p.ReloadFault = p.ConfigFault

	rows := s.Proxies[2].Rows
	rows[1].Dynamic = true
	rows[3].Health, rows[3].Check.Level, rows[3].ChecksPaused = stats.Up, 4, true
	rows[4].LastChange = 28 * time.Minute
	rows[4].Orders = []stats.Order{{What: "state maint", By: "ops", At: Now.Add(-28 * time.Minute), Reason: "disk swap", Until: Now.Add(2 * time.Minute)}}
	rows[5].Health, rows[5].Maintenance, rows[5].Tracked = stats.Down, true, "app/web5"
	rows[6].Agent = check("L7OK", "Layer7 check passed", "", 0)
	rows[6].Orders = []stats.Order{
		{What: "weight 10", By: "maria", At: Now.Add(-26 * time.Hour)},
		{What: "state drain", By: "ops", At: Now.Add(-62 * time.Minute), Reason: `<b>"looks" & odd</b>`},
	}
	rows[7].Address, rows[7].Unresolved, rows[7].Resolved = "", true, "web8.example: no such host"

	api := s.Proxies[3].Rows
	api[0].Resolved = "api.example, 2 s ago"
	return s
}
