package stats

import "time"

// infos is the table of "show info": HAProxy's figures in HAProxy's order. Consumers read typed
// output by position, so a figure that Relais does not have keeps its place.
var infos = [...]info{
	infoOf("Name", "POS", "Product name", func(*Snapshot) Value { return text("Relais") }),
	infoOf("Version", "POS", "Product version", version),
	infoOf("Release_date", "POS", "Date of the release", func(*Snapshot) Value { return text("unknown") }),
	infoOf("Nbthread", "CGS", "Number of threads (GOMAXPROCS)", func(s *Snapshot) Value { return number(s.Process.Threads) }),
	infoOf("Nbproc", "CGS", "Number of worker processes (always 1)", one),
	infoOf("Process_num", "KGP", "Relative number of the process (1)", one),
	infoOf("Pid", "SGP", "Number of the process in the system", func(s *Snapshot) Value { return number(s.Process.PID) }),
	infoOf("Uptime", "MDP", "How long ago the process was started (days+hours+minutes+seconds)", func(s *Snapshot) Value { return text(uptime(age(s))) }),
	precise(infoOf("Uptime_sec", "MDP", "How long ago the process was started (seconds)", func(s *Snapshot) Value { return seconds(age(s)) })),
	infoOf("Memmax_MB", "CLP", "Limit on the memory of the process in MB (GOMEMLIMIT), 0: none", func(s *Snapshot) Value { return number(s.Process.MemoryLimit >> 20) }),
	lacking("PoolAlloc_MB"),
	lacking("PoolUsed_MB"),
	infoOf("PoolFailed", "MCP", "Number of failed pool allocations (there are no pools)", zero),
	infoOf("Ulimit-n", "CLP", "Limit on the number of file descriptors", descriptors),
	infoOf("Maxsock", "CLP", "Limit on the number of sockets", descriptors),
	infoOf("Maxconn", "CLP", "Limit on the number of client connections", maxconn),
	infoOf("Hard_maxconn", "CLP", "Limit on the number of client connections", maxconn),
	infoOf("CurrConns", "MGP", "Current number of client connections", func(s *Snapshot) Value { return number(s.Process.Conns) }),
	infoOf("CumConns", "MCP", "Total number of client connections", func(s *Snapshot) Value { return total(s.Process.ConnsTotal) }),
	infoOf("CumReq", "MCP", "Total number of requests", func(s *Snapshot) Value { return total(s.Process.Requests) }),
	infoOf("MaxSslConns", "MMP", "Limit on the number of TLS connections, 0: none", zero),
	lacking("CurrSslConns"),
	lacking("CumSslConns"),
	infoOf("Maxpipes", "CLP", "Limit on the number of pipes, 0: none", zero),
	infoOf("PipesUsed", "MGP", "Current number of pipes in use", zero),
	infoOf("PipesFree", "MGP", "Current number of pipes that are free", zero),
	precise(infoOf("ConnRate", "MRP", "Client connections over the last second", connRate)),
	infoOf("ConnRateLimit", "CLP", "Limit on ConnRate, 0: none", zero),
	infoOf("MaxConnRate", "MMP", "Highest ConnRate", connRateMax),
	precise(infoOf("SessRate", "MRP", "Sessions over the last second", connRate)),
	infoOf("SessRateLimit", "CLP", "Limit on SessRate, 0: none", zero),
	infoOf("MaxSessRate", "MRP", "Highest SessRate", connRateMax),
	lacking("SslRate"),
	infoOf("SslRateLimit", "CLP", "Limit on SslRate, 0: none", zero),
	lacking("MaxSslRate"),
	lacking("SslFrontendKeyRate"),
	lacking("SslFrontendMaxKeyRate"),
	lacking("SslFrontendSessionReuse_pct"),
	lacking("SslBackendKeyRate"),
	lacking("SslBackendMaxKeyRate"),
	lacking("SslCacheLookups"),
	lacking("SslCacheMisses"),
	precise(infoOf("CompressBpsIn", "MRP", "Bytes to compress over the last second (nothing is compressed)", zero)),
	precise(infoOf("CompressBpsOut", "MRP", "Bytes compressed over the last second (nothing is compressed)", zero)),
	infoOf("CompressBpsRateLim", "CLP", "Limit on CompressBpsOut, 0: none", zero),
	lacking("ZlibMemUsage"),
	lacking("MaxZlibMemUsage"),
	infoOf("Tasks", "MGP", "Number of tasks (not counted)", zero),
	infoOf("Run_queue", "MGP", "Number of tasks that wait for a processor (not counted)", zero),
	lacking("Idle_pct"),
	infoOf("node", "COS", "Name of the host", func(s *Snapshot) Value { return text(s.Process.Node) }),
	lacking("description"),
	infoOf("Stopping", "MGP", "1 if the process is stopping", func(s *Snapshot) Value { return flag(s.Process.Stopping) }),
	infoOf("Jobs", "MGP", "Current number of client connections and listeners", func(s *Snapshot) Value { return number(s.Process.Conns + int64(s.Process.Listeners)) }),
	infoOf("Unstoppable Jobs", "MGP", "Jobs that do not end when the process stops", zero),
	infoOf("Listeners", "MGP", "Current number of listeners", func(s *Snapshot) Value { return number(s.Process.Listeners) }),
	infoOf("ActivePeers", "MGP", "Current number of peers (there are none)", zero),
	infoOf("ConnectedPeers", "MGP", "Current number of connected peers (there are none)", zero),
	infoOf("DroppedLogs", "MGP", "Total number of log lines that were dropped", func(s *Snapshot) Value { return total(s.Process.DroppedLogs) }),
	infoOf("BusyPolling", "MGP", "1 if the process polls without sleeping", zero),
	lacking("FailedResolutions"),
	infoOf("TotalBytesOut", "MGP", "Total number of bytes sent to clients", func(s *Snapshot) Value { return total(s.Process.BytesOut) }),
	lacking("TotalSplicedBytesOut"),
	infoOf("BytesOutRate", "MRP", "Bytes sent to clients over the last second", func(s *Snapshot) Value { return total(s.Process.BytesOutRate) }),
	infoOf("DebugCommandsIssued", "MGP", "Number of debug commands (there are none)", zero),
	infoOf("CumRecvLogs", "MCP", "Total number of log messages received (none are)", zero),
	infoOf("Build info", "POS", "Product version", version),
	infoOf("Memmax_bytes", "CLP", "Limit on the memory of the process in bytes (GOMEMLIMIT), 0: none", func(s *Snapshot) Value { return total(uint64(s.Process.MemoryLimit)) }),
	lacking("PoolAlloc_bytes"),
	lacking("PoolUsed_bytes"),
	precise(infoOf("Start_time_sec", "MDP", "When the process was started (seconds since 1970)", func(s *Snapshot) Value { return seconds(time.Duration(s.Process.Started.UnixNano())) })),
	infoOf("Tainted", "SGP", "Experimental features in use (there are none)", func(*Snapshot) Value { return text("0") }),
	lacking("TotalWarnings"),
	lacking("MaxconnReached"),
	lacking("BootTime_ms"),
	infoOf("Niced_tasks", "MGP", "Number of tasks that wait with another priority (there are none)", zero),
	lacking("CurrStreams"),
	lacking("CumStreams"),
	lacking("BlockedTrafficWarnings"),
	lacking("PatternsAdded"),
	lacking("PatternsFreed"),
	infoOf("NbThreadGroups", "CGS", "Number of thread groups (always 1)", one),
}

func infoOf(name string, kind Kind, help string, value func(*Snapshot) Value) info {
	return info{name: name, kind: kind, help: help, value: value}
}

// lacking keeps the place of a figure that Relais does not have.
func lacking(name string) info { return info{name: name} }

func precise(i info) info {
	i.precise = true
	return i
}

func zero(*Snapshot) Value { return number(0) }

func one(*Snapshot) Value { return number(1) }

func version(s *Snapshot) Value { return text(s.Process.Version) }

func age(s *Snapshot) time.Duration { return max(0, s.Now.Sub(s.Process.Started)) }

func descriptors(s *Snapshot) Value { return number(int64(s.Process.MaxFDs)) }

func maxconn(s *Snapshot) Value { return number(s.Process.Maxconn) }

func connRate(s *Snapshot) Value { return rate(s.Process.ConnRate) }

func connRateMax(s *Snapshot) Value { return rate(s.Process.ConnRateMax) }
