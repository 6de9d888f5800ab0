// Package prom shows a stats.Snapshot to Prometheus, under the names that HAProxy's exporter
// uses and, for what HAProxy does not have, under relais_*.
package prom

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"relais/stats"
)

// maxScrapes bounds the scrapes at once, each of which has a snapshot in memory. Those beyond are
// turned away and may come again.
const maxScrapes = 4

// piece is how much of an answer goes out at once.
const piece = 64 << 10

// handler answers scrapes.
type handler struct {
	snapshot func(time.Time) stats.Snapshot
	families []family
	runtime  prometheus.Gatherer // what the runtime and the system know of the process
	scrapes  chan struct{}       // as many as are under way
}

// Handler returns what answers scrapes: in text, or in Prometheus' protocol buffers, which have
// the native histograms, with gzip for who takes it. Each takes a snapshot anew, so that no series
// outlives what it is about, and is written metric by metric while it is made, so that it takes
// little more memory than its largest metric. It understands the query parameters of HAProxy's
// exporter. snapshot must be safe for concurrent use.
func Handler(snapshot func(time.Time) stats.Snapshot, version string) http.Handler {
	runtime := prometheus.NewRegistry()
	runtime.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return &handler{snapshot: snapshot, families: families(version), runtime: runtime, scrapes: make(chan struct{}, maxScrapes)}
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wanted, err := parseSelection(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case h.scrapes <- struct{}{}:
		defer func() { <-h.scrapes }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, fmt.Sprintf("%d scrapes are under way, which is as many as there may be", maxScrapes), http.StatusServiceUnavailable)
		return
	}
	runtime, err := h.runtime.Gather()
	if err != nil {
		http.Error(w, fmt.Sprintf("read the figures of the process: %v", err), http.StatusInternalServerError)
		return
	}
	format := expfmt.NegotiateAccept(r.Header, expfmt.NewFormat(expfmt.TypeProtoDelim), expfmt.NewFormat(expfmt.TypeTextPlain))
	w.Header().Set("Content-Type", string(format))
	w.Header().Add("Vary", "Accept, Accept-Encoding")
	if r.Method == http.MethodHead {
		return
	}
	_ = h.answer(w, takesGzip(r.Header), format, wanted, runtime) // else the client is gone
}

// answer writes what is wanted.
func (h *handler) answer(w http.ResponseWriter, compress bool, format expfmt.Format, wanted selection, runtime []*dto.MetricFamily) error {
	out := bufio.NewWriterSize(&stream{w: w}, piece)
	to := io.Writer(out)
	var compressed *gzip.Writer
	if compress {
		w.Header().Set("Content-Encoding", "gzip")
		compressed, _ = gzip.NewWriterLevel(out, gzip.BestSpeed) // which is a level that there is
		to = compressed
	}
	page := newSheet(format.FormatType() == expfmt.TypeProtoDelim)
	if err := h.write(expfmt.NewEncoder(to, format), page, wanted, runtime); err != nil {
		return err
	}
	if compressed != nil {
		if err := compressed.Close(); err != nil {
			return err
		}
	}
	return out.Flush()
}

// write encodes one metric after the other.
func (h *handler) write(out expfmt.Encoder, page *sheet, wanted selection, runtime []*dto.MetricFamily) error {
	all := newFigures(h.snapshot(time.Now()), wanted.noMaint)
	for i := range h.families {
		f := &h.families[i]
		if !wanted.wants(f.scope, f.name) {
			continue
		}
		page.begin(f)
		f.collect(page, all)
		if err := page.encode(out); err != nil {
			return err
		}
	}
	for _, f := range runtime {
		if !wanted.wants(global, f.GetName()) {
			continue
		}
		if err := out.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// takesGzip tells whether the client has said so (RFC 9110, 12.5.3).
func takesGzip(h http.Header) bool {
	for _, field := range h.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(field, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			weight = strings.ReplaceAll(weight, " ", "")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") && strings.Trim(weight, "0.") != "q=" {
				return true
			}
		}
	}
	return false
}

// stream makes a server that collects small answers to give their length send large ones while
// they are made.
type stream struct {
	w    http.ResponseWriter
	more bool // something has been written
}

// Write implements io.Writer.
func (s *stream) Write(p []byte) (int, error) {
	if s.more {
		if f, ok := s.w.(http.Flusher); ok {
			f.Flush()
		}
	}
	s.more = true
	return s.w.Write(p)
}
