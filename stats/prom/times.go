package prom

import (
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"relais/stats"
	"relais/stats/latency"
)

// duration is one thing that servers take their time for.
type duration struct {
	name, help string
	bounds     []float64
	of         func(*latency.Times) *latency.Histogram
}

// times are how long things took, as histograms: classic and native in one. A server has one from
// its first observation on, a backend the sum of those of the servers that it has.
func times() (all []family) {
	bounds := latency.Bounds()
	for _, d := range [...]duration{
		{"queue_time_seconds", "How long those of the answered requests waited that had to wait for a server with room", bounds, func(t *latency.Times) *latency.Histogram { return &t.Queue }},
		{"connect_time_seconds", "How long it took to open a connection to the server, for answered requests that did not find an idle one", bounds, func(t *latency.Times) *latency.Histogram { return &t.Connect }},
		{"response_time_seconds", "How long it took from the request to the head of the answer", bounds, func(t *latency.Times) *latency.Histogram { return &t.Response }},
		{"total_time_seconds", "How long answered requests took, from their first byte to the last of the answer", bounds, func(t *latency.Times) *latency.Histogram { return &t.Total }},
		{"error_time_seconds", "How long requests took that failed, from their first byte to their end", bounds, func(t *latency.Times) *latency.Histogram { return &t.Errors }},
		{"tunnel_time_seconds", "How long tunnels lasted; more than an hour counts as one", tunnelBounds(), func(t *latency.Times) *latency.Histogram { return &t.Tunnels }},
	} {
		all = append(all,
			family{"relais_backend_" + d.name, d.help, dto.MetricType_HISTOGRAM, stats.Backend, d.ofBackends},
			family{"relais_server_" + d.name, d.help, dto.MetricType_HISTOGRAM, stats.Server, d.ofServers})
	}
	return all
}

// tunnelBounds are for what lasts as long as its users want.
func tunnelBounds() []float64 { return []float64{0.1, 1, 5, 10, 50, 100, 500, 1000, 2500} }

func (d duration) ofServers(p *sheet, f *figures) {
	for _, o := range f.objects[stats.Server] {
		p.scratch.Reset()
		d.add(&p.scratch, o.Row)
		p.addHistogram(d.bounds, o.labels)
	}
}

func (d duration) ofBackends(p *sheet, f *figures) {
	for _, o := range f.objects[stats.Backend] {
		p.scratch.Reset()
		for i := range o.proxy {
			d.add(&p.scratch, &o.proxy[i])
		}
		p.addHistogram(d.bounds, o.labels)
	}
}

func (d duration) add(to *latency.Counts, r *stats.Row) {
	if r.Times != nil {
		d.of(r.Times).AddTotal(to)
	}
}

// histogram is a series of a histogram.
type histogram struct {
	metric             dto.Metric
	value              dto.Histogram
	count, zero        uint64
	sum, zeroThreshold float64
	schema             int32
	buckets            []bucket
}

// bucket is one of a classic histogram.
type bucket struct {
	dto        dto.Bucket
	cumulative uint64
	bound      float64
}

// addHistogram adds a series of what is in scratch, if there is something.
func (p *sheet) addHistogram(bounds []float64, labels []*dto.LabelPair) {
	if p.scratch.Count() == 0 {
		return
	}
	i := len(p.family.Metric)
	if i == len(p.histograms) {
		p.histograms = append(p.histograms, newHistogram())
	}
	p.histograms[i].set(&p.scratch, bounds)
	if p.native {
		p.histograms[i].setNative(&p.scratch)
	}
	p.send(&p.histograms[i].metric, labels, nil)
}

func newHistogram() *histogram {
	h := &histogram{schema: latency.Schema, zeroThreshold: latency.ZeroThreshold}
	h.metric.Histogram = &h.value
	h.value.SampleCount, h.value.SampleSum = &h.count, &h.sum
	return h
}

// set makes a sum of counts a classic histogram.
func (h *histogram) set(c *latency.Counts, bounds []float64) {
	h.count, h.sum = c.Count(), c.Sum()
	if len(h.buckets) < len(bounds) {
		h.buckets = make([]bucket, len(bounds))
	}
	h.value.Bucket = h.value.Bucket[:0]
	for i, n := range c.Classic(bounds) {
		b := &h.buckets[i]
		b.cumulative, b.bound = n, bounds[i]
		b.dto.CumulativeCount, b.dto.UpperBound = &b.cumulative, &b.bound
		h.value.Bucket = append(h.value.Bucket, &b.dto)
	}
}

// setNative makes it a native one as well.
func (h *histogram) setNative(c *latency.Counts) {
	zero, positive := c.Native()
	h.zero = zero
	h.value.Schema, h.value.ZeroThreshold, h.value.ZeroCount = &h.schema, &h.zeroThreshold, &h.zero
	h.value.PositiveSpan, h.value.PositiveDelta = spans(positive)
}

// spans writes buckets by their numbers as runs of neighbours, and the differences of their counts.
func spans(buckets map[int]int64) (spans []*dto.BucketSpan, deltas []int64) {
	next, last := 0, int64(0)
	for _, number := range slices.Sorted(maps.Keys(buckets)) {
		if len(spans) == 0 || number != next {
			offset, length := int32(number-next), uint32(0)
			spans = append(spans, &dto.BucketSpan{Offset: &offset, Length: &length})
		}
		*spans[len(spans)-1].Length++
		deltas = append(deltas, buckets[number]-last)
		next, last = number+1, buckets[number]
	}
	return spans, deltas
}
