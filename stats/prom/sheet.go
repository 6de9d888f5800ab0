package prom

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"relais/stats/latency"
)

// sheet holds the series of one metric at a time until they are encoded, and what they are made of
// for the next one: a thousand servers have two hundred thousand series, which would be as many
// times some pieces of memory.
type sheet struct {
	family     dto.MetricFamily
	numbers    []*number
	histograms []*histogram
	words      map[[2]string]*dto.LabelPair
	scratch    latency.Counts
	native     bool // histograms get native buckets too, for those who understand them
}

// number is a series of a counter or a gauge.
type number struct {
	metric  dto.Metric
	counter dto.Counter
	gauge   dto.Gauge
	value   float64
}

func newSheet(native bool) *sheet {
	return &sheet{words: map[[2]string]*dto.LabelPair{}, native: native}
}

// begin makes the sheet one for f.
func (p *sheet) begin(f *family) {
	p.family.Name, p.family.Help, p.family.Type = &f.name, &f.help, &f.kind
	p.family.Metric = p.family.Metric[:0]
}

// encode writes the series, if there are any.
func (p *sheet) encode(out expfmt.Encoder) error {
	if len(p.family.Metric) == 0 {
		return nil
	}
	return out.Encode(&p.family)
}

// add adds a series. labels and more are neither changed nor kept longer than the sheet; labels are
// sorted by name.
func (p *sheet) add(value float64, labels []*dto.LabelPair, more ...*dto.LabelPair) {
	i := len(p.family.Metric)
	if i == len(p.numbers) {
		n := &number{}
		n.counter.Value, n.gauge.Value = &n.value, &n.value
		p.numbers = append(p.numbers, n)
	}
	n := p.numbers[i]
	n.value = value
	n.metric.Counter, n.metric.Gauge = nil, nil
	if *p.family.Type == dto.MetricType_COUNTER {
		n.metric.Counter = &n.counter
	} else {
		n.metric.Gauge = &n.gauge
	}
	p.send(&n.metric, labels, more)
}

func (p *sheet) send(m *dto.Metric, labels, more []*dto.LabelPair) {
	m.Label = append(m.Label[:0], labels...)
	for _, l := range more {
		i, _ := slices.BinarySearchFunc(m.Label, l, byName)
		m.Label = slices.Insert(m.Label, i, l)
	}
	p.family.Metric = append(p.family.Metric, m)
}

// word returns the label for one of few values, which it remembers.
func (p *sheet) word(name, value string) *dto.LabelPair {
	key := [2]string{name, value}
	if p.words[key] == nil {
		p.words[key] = label(name, value)
	}
	return p.words[key]
}

// label makes a label pair; what is not UTF-8, such as of a file's, would spoil the whole scrape.
func label(name, value string) *dto.LabelPair {
	value = strings.ToValidUTF8(value, "\uFFFD")
	return &dto.LabelPair{Name: &name, Value: &value}
}

func byName(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) }
