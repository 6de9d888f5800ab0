package prom

import (
	"strings"
	"time"

	"relais/stats"
)

// haproxyProcess are those of HAProxy's process metrics that Relais has a figure for, and limits
// that it does not have.
func haproxyProcess(version string) []family {
	const p = "haproxy_process_"
	return []family{
		ofProcess(gauge, p+"nbthread", "Number of threads that run at once", func(s *stats.Snapshot) float64 { return float64(s.Process.Threads) }),
		ofProcess(gauge, p+"nbproc", "Number of processes, always 1", one),
		ofProcess(gauge, p+"relative_process_id", "Relative process number, always 1", one),
		ofProcess(gauge, p+"uptime_seconds", "Time since the process started", func(s *stats.Snapshot) float64 { return s.Now.Sub(s.Process.Started).Seconds() }),
		ofProcess(gauge, p+"start_time_seconds", "When the process started", func(s *stats.Snapshot) float64 { return unix(s.Process.Started) }),
		ofProcess(gauge, p+"max_memory_bytes", "Limit on memory, 0: none", func(s *stats.Snapshot) float64 { return float64(s.Process.MemoryLimit) }),
		ofProcess(gauge, p+"max_fds", "Limit on open files", maxFDs),
		ofProcess(gauge, p+"max_sockets", "Limit on sockets, which are open files", maxFDs),
		ofProcess(gauge, p+"max_connections", "Limit on client connections at once", maxconn),
		ofProcess(gauge, p+"hard_max_connections", "Limit on client connections at once", maxconn),
		ofProcess(gauge, p+"current_connections", "Current number of client connections", func(s *stats.Snapshot) float64 { return float64(s.Process.Conns) }),
		ofProcess(counter, p+"connections_total", "Total number of client connections", func(s *stats.Snapshot) float64 { return float64(s.Process.ConnsTotal) }),
		ofProcess(counter, p+"requests_total", "Total number of requests", func(s *stats.Snapshot) float64 { return float64(s.Process.Requests) }),
		ofProcess(gauge, p+"max_ssl_connections", "Limit on TLS connections at once, 0: none", none),
		ofProcess(gauge, p+"limit_ssl_rate", "Limit on the TLS connections of one second, 0: none", none),
		ofProcess(gauge, p+"limit_connection_rate", "Limit on the client connections of one second, 0: none", none),
		ofProcess(gauge, p+"limit_session_rate", "Limit on the sessions of one second, 0: none", none),
		ofProcess(gauge, p+"current_connection_rate", "Client connections over the last second", connRate),
		ofProcess(gauge, p+"max_connection_rate", "Highest number of client connections in one second", connRateMax),
		ofProcess(gauge, p+"current_session_rate", "Sessions over the last second; every connection is one", connRate),
		ofProcess(gauge, p+"max_session_rate", "Highest number of sessions in one second; every connection is one", connRateMax),
		info(p+"node", "Name of the node", "node", func(s *stats.Snapshot) string { return s.Process.Node }),
		ofProcess(gauge, p+"stopping", "1 while the process stops, else 0", stopping),
		ofProcess(gauge, p+"jobs", "Current number of client connections and listeners", jobs),
		ofProcess(gauge, p+"unstoppable_jobs", "Jobs that do not end when the process stops, always 0", none),
		ofProcess(gauge, p+"nb_thread_groups", "Number of groups of threads, always 1", one),
		info(p+"build_info", "Version of the program", "version", func(*stats.Snapshot) string { return version }),
		ofProcess(gauge, p+"listeners", "Current number of listeners", func(s *stats.Snapshot) float64 { return float64(s.Process.Listeners) }),
		ofProcess(counter, p+"dropped_logs_total", "Total number of log lines dropped because their reader was too slow", droppedLogs),
		ofProcess(counter, p+"bytes_out_total", "Total number of bytes sent to clients", func(s *stats.Snapshot) float64 { return float64(s.Process.BytesOut) }),
		ofProcess(gauge, p+"bytes_out_rate", "Bytes sent to clients over the last second", func(s *stats.Snapshot) float64 { return float64(s.Process.BytesOutRate) }),
	}
}

// process are what HAProxy does not have, or not under a name of Relais.
func process(version string) []family {
	return []family{
		ofProcess(gauge, "relais_config_on_disk_valid", "1 if what is on disk would be taken, 0 if a restart would fail", onDiskValid),
		ofProcess(gauge, "relais_config_pending", "1 if what is on disk is valid and not what is in force, else 0", func(s *stats.Snapshot) float64 { return yes(s.Process.ConfigPending) }),
		ofProcess(gauge, "relais_config_last_reload_successful", "0 if the last reload was refused, else 1", lastReloadSuccessful),
		{"relais_config_reloads_total", "Total number of reloads by result; those that found nothing new are successes", counter, global, collectReloads},
		ofProcess(gauge, "relais_config_generations", "Number of configurations in use: the one in force and those that something still runs on", func(s *stats.Snapshot) float64 { return float64(s.Process.Generations) }),
		fault("relais_config_on_disk_fault_info", "Why what is on disk would not be taken; absent if it would", func(s *stats.Snapshot) string { return s.Process.ConfigFault }),
		fault("relais_config_reload_fault_info", "Why the last reload was refused; absent if it was not", func(s *stats.Snapshot) string { return s.Process.ReloadFault }),
		info("relais_config_info", "Hash of the configuration in force", "hash", func(s *stats.Snapshot) string { return s.Process.ConfigHash }),
		ofProcess(gauge, "relais_config_loaded_timestamp_seconds", "When the running configuration was loaded", func(s *stats.Snapshot) float64 { return unix(s.Process.ConfigLoaded) }),
		info("relais_build_info", "Version of the program", "version", func(*stats.Snapshot) string { return version }),
		ofProcess(counter, "relais_dropped_log_lines_total", "Total number of log lines dropped because their reader was too slow", droppedLogs),
	}
}

// info is always 1 and tells what it has to tell in its label.
func info(name, help, key string, text func(*stats.Snapshot) string) family {
	return family{name, help, gauge, global, func(p *sheet, f *figures) {
		p.add(1, nil, label(key, text(&f.Snapshot)))
	}}
}

// fault is absent as long as there is none. Only the first line of it is told.
func fault(name, help string, text func(*stats.Snapshot) string) family {
	return family{name, help, gauge, global, func(p *sheet, f *figures) {
		if first, _, _ := strings.Cut(text(&f.Snapshot), "\n"); first != "" {
			p.add(1, nil, label("fault", first))
		}
	}}
}

func collectReloads(p *sheet, f *figures) {
	p.add(float64(f.Process.Reloads), nil, label("result", "success"))
	p.add(float64(f.Process.ReloadFailures), nil, label("result", "failure"))
}

func one(*stats.Snapshot) float64 { return 1 }

func none(*stats.Snapshot) float64 { return 0 }

func maxFDs(s *stats.Snapshot) float64 { return float64(s.Process.MaxFDs) }

func maxconn(s *stats.Snapshot) float64 { return float64(s.Process.Maxconn) }

func jobs(s *stats.Snapshot) float64 { return float64(s.Process.Conns) + float64(s.Process.Listeners) }

func connRate(s *stats.Snapshot) float64 { return float64(s.Process.ConnRate) }

func connRateMax(s *stats.Snapshot) float64 { return float64(s.Process.ConnRateMax) }

func droppedLogs(s *stats.Snapshot) float64 { return float64(s.Process.DroppedLogs) }

func stopping(s *stats.Snapshot) float64 { return yes(s.Process.Stopping) }

func onDiskValid(s *stats.Snapshot) float64 { return yes(s.Process.ConfigFault == "") }

func lastReloadSuccessful(s *stats.Snapshot) float64 { return yes(s.Process.ReloadFault == "") }

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
