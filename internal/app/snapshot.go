package app

import (
	"os"
	"runtime"
	"time"

	"relais/stats"
)

// Snapshot is every figure at one moment.
func (a *App) Snapshot(now time.Time) stats.Snapshot {
	s := stats.Snapshot{Now: now, Proxies: a.figures.proxies(now, a.isClosed), Timeline: a.timeline.happenings()}
	node, _ := os.Hostname() // without a name the figures are still right
	a.mu.RLock()
	defer a.mu.RUnlock()
	s.Certificates = a.certificates()
	p := &s.Process
	*p = stats.Process{
		Version: Version, Node: node, PID: os.Getpid(), Started: a.started,
		Maxconn: a.limits.maxconn, MaxFDs: a.limits.openFiles, MemoryLimit: a.limits.memory,
		DroppedLogs: a.logs.dropped(), Stopping: a.isStopping(), Listeners: len(a.binds),
		Threads: runtime.GOMAXPROCS(0), ConfigFile: a.file, ConfigLoaded: time.Unix(0, a.loaded.Load()),
	}
	if a.admin != nil {
		p.Listeners++
	}
	a.disk.describe(p)
	p.Generations = len(a.proxy.Generations())
	for _, f := range a.proxy.Table().Frontends {
		conns, _ := f.Counters.Conns.Load()
		p.Conns += conns
		p.ConnsTotal += f.Counters.ConnsTotal.Load()
		p.Requests += f.Counters.Requests.Load()
		p.BytesOut += f.Counters.BytesOut.Load()
	}
	p.ConnRate, p.ConnRateMax = a.figures.rates.At(now, rateKey{}, p.ConnsTotal)
	p.BytesOutRate, _ = a.figures.rates.At(now, rateKey{bytes: true}, p.BytesOut)
	return s
}

// isClosed tells whether a frontend takes no more connections, and whether that may end.
func (a *App) isClosed(frontend string) (stopped, paused bool) {
	if a.isStopping() {
		return true, false
	}
	how := closing("")
	if closed := a.closed.Load(); closed != nil {
		how = (*closed)[frontend]
	}
	return how != "", how == disabled
}

func (a *App) isStopping() bool {
	select {
	case <-a.stopping:
		return true
	default:
		return false
	}
}
