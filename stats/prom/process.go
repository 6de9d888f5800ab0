package prom

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"relais/stats"
)

// processFamily is one metric of the whole process, or one series of it if it has a label.
type processFamily struct {
	name, help string
	counter    bool
	value      func(*stats.Snapshot) float64
	label      string
	text       func(*stats.Snapshot) string
	optional   bool // absent when its text is empty
	desc       *prometheus.Desc
}

func (f *processFamily) collect(out chan<- prometheus.Metric, s *stats.Snapshot) {
	var labels []*dto.LabelPair
	if f.text != nil {
		text := f.text(s)
		if text == "" && f.optional {
			return
		}
		labels = []*dto.LabelPair{label(f.label, text)}
	}
	out <- &series{f.desc, labels, f.counter, f.value(s)}
}

func processFamilies(version string) []processFamily {
	families := append(haproxyFamilies(), relaisFamilies()...)
	for _, name := range []string{"haproxy_process_build_info", "relais_build_info"} {
		families = append(families, info(name, "Version of the program", "version", func(*stats.Snapshot) string { return version }))
	}
	for i := range families {
		families[i].desc = prometheus.NewDesc(families[i].name, families[i].help, nil, nil)
	}
	return families
}

// haproxyFamilies are those of HAProxy's process metrics that Relais has a figure for.
func haproxyFamilies() []processFamily {
	const p = "haproxy_process_"
	return []processFamily{
		gauge(p+"nbthread", "Number of threads that run at once", func(s *stats.Snapshot) float64 { return float64(s.Process.Threads) }),
		gauge(p+"nbproc", "Number of processes, always 1", one),
		gauge(p+"relative_process_id", "Relative process number, always 1", one),
		gauge(p+"uptime_seconds", "Time since the process started", func(s *stats.Snapshot) float64 { return s.Now.Sub(s.Process.Started).Seconds() }),
		gauge(p+"start_time_seconds", "When the process started", func(s *stats.Snapshot) float64 { return unix(s.Process.Started) }),
		gauge(p+"max_memory_bytes", "Limit on memory, 0: none", func(s *stats.Snapshot) float64 { return float64(s.Process.MemoryLimit) }),
		gauge(p+"max_fds", "Limit on open files", func(s *stats.Snapshot) float64 { return float64(s.Process.MaxFDs) }),
		gauge(p+"max_connections", "Limit on client connections at once", func(s *stats.Snapshot) float64 { return float64(s.Process.Maxconn) }),
		gauge(p+"current_connections", "Current number of client connections", func(s *stats.Snapshot) float64 { return float64(s.Process.Conns) }),
		counter(p+"connections_total", "Total number of client connections", func(s *stats.Snapshot) float64 { return float64(s.Process.ConnsTotal) }),
		counter(p+"requests_total", "Total number of requests", func(s *stats.Snapshot) float64 { return float64(s.Process.Requests) }),
		gauge(p+"current_connection_rate", "Client connections over the last second", connRate),
		gauge(p+"max_connection_rate", "Highest number of client connections in one second", connRateMax),
		gauge(p+"current_session_rate", "Sessions over the last second; every connection is one", connRate),
		gauge(p+"max_session_rate", "Highest number of sessions in one second; every connection is one", connRateMax),
		info(p+"node", "Name of the node", "node", func(s *stats.Snapshot) string { return s.Process.Node }),
		gauge(p+"stopping", "1 while the process stops, else 0", stopping),
		gauge(p+"listeners", "Current number of listeners", func(s *stats.Snapshot) float64 { return float64(s.Process.Listeners) }),
		counter(p+"dropped_logs_total", "Total number of log lines dropped because their reader was too slow", droppedLogs),
		counter(p+"bytes_out_total", "Total number of bytes sent to clients", func(s *stats.Snapshot) float64 { return float64(s.Process.BytesOut) }),
		gauge(p+"bytes_out_rate", "Bytes sent to clients over the last second", func(s *stats.Snapshot) float64 { return float64(s.Process.BytesOutRate) }),
	}
}

// relaisFamilies are what HAProxy does not have, or not under a name of Relais.
func relaisFamilies() []processFamily {
	return []processFamily{
		gauge("relais_config_on_disk_valid", "1 if what is on disk would be taken, 0 if a restart would fail", onDiskValid),
		gauge("relais_config_pending", "1 if what is on disk is valid and not what is in force, else 0", func(s *stats.Snapshot) float64 { return yes(s.Process.ConfigPending) }),
		gauge("relais_config_last_reload_successful", "0 if the last reload was refused, else 1", lastReloadSuccessful),
		reloads("success", func(s *stats.Snapshot) float64 { return float64(s.Process.Reloads) }),
		reloads("failure", func(s *stats.Snapshot) float64 { return float64(s.Process.ReloadFailures) }),
		gauge("relais_config_generations", "Number of configurations in use: the one in force and those that something still runs on", func(s *stats.Snapshot) float64 { return float64(s.Process.Generations) }),
		fault("relais_config_on_disk_fault_info", "Why what is on disk would not be taken; absent if it would", func(s *stats.Snapshot) string { return s.Process.ConfigFault }),
		fault("relais_config_reload_fault_info", "Why the last reload was refused; absent if it was not", func(s *stats.Snapshot) string { return s.Process.ReloadFault }),
		info("relais_config_info", "Hash of the configuration in force", "hash", func(s *stats.Snapshot) string { return s.Process.ConfigHash }),
		gauge("relais_config_loaded_timestamp_seconds", "When the running configuration was loaded", func(s *stats.Snapshot) float64 { return unix(s.Process.ConfigLoaded) }),
		counter("relais_dropped_log_lines_total", "Total number of log lines dropped because their reader was too slow", droppedLogs),
	}
}

func gauge(name, help string, value func(*stats.Snapshot) float64) processFamily {
	return processFamily{name: name, help: help, value: value}
}

func counter(name, help string, value func(*stats.Snapshot) float64) processFamily {
	return processFamily{name: name, help: help, value: value, counter: true}
}

// info is always 1 and tells what it has to tell in its label.
func info(name, help, label string, text func(*stats.Snapshot) string) processFamily {
	return processFamily{name: name, help: help, label: label, text: text, value: one}
}

// fault is absent as long as there is none. Only the first line of it is told.
func fault(name, help string, text func(*stats.Snapshot) string) processFamily {
	f := info(name, help, "fault", func(s *stats.Snapshot) string {
		first, _, _ := strings.Cut(text(s), "\n")
		return first
	})
	f.optional = true
	return f
}

// reloads is one of the two series of its metric.
func reloads(result string, value func(*stats.Snapshot) float64) processFamily {
	f := counter("relais_config_reloads_total", "Total number of reloads by result; those that found nothing new are successes", value)
	f.label, f.text = "result", func(*stats.Snapshot) string { return result }
	return f
}

func one(*stats.Snapshot) float64 { return 1 }

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
