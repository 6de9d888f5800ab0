package main_test

import (
	"bufio"
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"relais/stats"
)

// figuresComparison compares figures by their classes.
type figuresComparison struct {
	byColumn map[string][]*figuresEntry
	differ   map[*figuresEntry]bool // those of which a figure has been seen to differ
	known    map[string]bool        // columns that HAProxy has too
}

func newFiguresComparison(t *testing.T) *figuresComparison {
	t.Helper()
	c := &figuresComparison{byColumn: map[string][]*figuresEntry{}, differ: map[*figuresEntry]bool{}, known: map[string]bool{}}
	for _, e := range figuresEntries() {
		for _, column := range strings.Fields(e.columns) {
			c.byColumn[column] = append(c.byColumn[column], e)
		}
	}
	for _, column := range stats.Columns() {
		if len(c.byColumn[column.Name]) == 0 {
			t.Errorf("column %s is not in the table", column.Name)
		}
	}
	return c
}

func figuresEntries() (all []*figuresEntry) {
	for _, table := range [][]figuresEntry{figuresTable, figuresProcess} {
		for i := range table {
			all = append(all, &table[i])
		}
	}
	return all
}

// entry is the first one that is about a column of a row.
func (c *figuresComparison) entry(column, row string) *figuresEntry {
	for _, e := range c.byColumn[column] {
		for _, pattern := range strings.Fields(e.rows) {
			if ok, _ := path.Match(pattern, row); ok {
				return e
			}
		}
		if e.rows == "" {
			return e
		}
	}
	return nil
}

// columns compares the CSV.
func (c *figuresComparison) columns(t *testing.T, theirs, ours *figuresSeen) {
	for _, name := range theirs.columns[:slices.Index(theirs.columns, "-")] {
		c.known[name] = true
	}
	for row, figures := range theirs.rows {
		own := ours.rows[row]
		if own == nil {
			t.Errorf("Relais has no row %s", row)
			continue
		}
		for column := range c.known {
			c.compare(t, column, row, figures[column], own[column], own)
		}
	}
	if len(theirs.rows) != len(ours.rows) {
		t.Errorf("%d rows of HAProxy, %d of Relais", len(theirs.rows), len(ours.rows))
	}
}

// compare judges one figure, which is empty where there is none.
func (c *figuresComparison) compare(t *testing.T, column, row, theirs, ours string, all figuresRow) {
	e := c.entry(column, row)
	switch {
	case e == nil:
		t.Errorf("%s of %s is in no class", column, row)
	case e.class == figuresLater:
		t.Errorf("HAProxy has column %s, and the table says that it is too old", column)
	case theirs == ours:
	case e.class == figuresEqual:
		t.Errorf("%s of %s is %q with HAProxy and %q with Relais; both ought to be equal", column, row, theirs, ours)
	case e.near != nil && !e.near(number64(theirs), number64(ours), all):
		t.Errorf("%s of %s is %q with HAProxy and %q with Relais; that is not %s", column, row, theirs, ours, e.why)
	default:
		c.differ[e] = true
	}
}

// differences finds entries of the table that are not true any more.
func (c *figuresComparison) differences(t *testing.T) {
	for _, e := range figuresEntries() {
		if e.class == figuresOther && !c.differ[e] {
			t.Errorf("%s of %s are no different", e.columns, e.rows)
		}
	}
	for column, entries := range c.byColumn {
		if !c.known[column] && entries[0].class != figuresLater {
			t.Errorf("column %s of the table is not one that HAProxy has", column)
		}
	}
}

func number64(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return f
}

// metrics compares what both tell Prometheus. The class of a metric is that of its column.
func (c *figuresComparison) metrics(t *testing.T, theirs, ours *figuresSeen) {
	a, b := theirs.series, ours.series
	columns := metricColumns()
	process := map[string]series{}
	for _, s := range b {
		process[s.name] = s
	}
	for key, s := range a {
		if strings.HasPrefix(s.name, "haproxy_process_") {
			c.process(t, s, process)
			continue
		}
		if s.row == "" || strings.HasSuffix(s.row, "/page") {
			continue
		}
		column := columns[s.name+s.code]
		own, ok := b[key]
		if e := c.entry(column, s.row); !ok && (e == nil || e.class != figuresOther) {
			t.Errorf("Relais has no %s (column %q)", key, column)
			continue
		}
		c.compare(t, column, s.row, s.text(), own.text(), ours.rows[s.row])
	}
}

// process compares a metric of the process, of which there is one series.
func (c *figuresComparison) process(t *testing.T, theirs series, all map[string]series) {
	ours, ok := all[theirs.name]
	switch {
	case figuresLacking.MatchString(theirs.name):
	case !ok:
		t.Errorf("Relais has no metric %s", theirs.name)
	default:
		c.known[theirs.name] = true
		c.compare(t, theirs.name, "process", theirs.text(), ours.text(), nil)
	}
}

// metricColumns names the columns of metrics, with the code that they may have.
func metricColumns() map[string]string {
	columns := map[string]string{}
	for _, c := range stats.Columns() {
		for _, scope := range []stats.Scope{stats.Frontend, stats.Backend, stats.Server} {
			if name := c.Metric(scope); name != "" {
				columns[name+c.Code] = c.Name
			}
		}
	}
	return columns
}

// series is one of the lines that Prometheus gets.
type series struct {
	name, row, code string
	value           float64
}

// text is the value as CSV has it: times in milliseconds, nothing where there is no figure.
func (s series) text() string {
	switch {
	case math.IsNaN(s.value):
		return ""
	case figuresMillis.MatchString(s.name):
		return fmt.Sprint(math.Round(s.value * 1000))
	case strings.HasSuffix(s.name, "_seconds") || strings.HasSuffix(s.name, "_seconds_total"):
		return fmt.Sprint(math.Floor(s.value))
	}
	return strconv.FormatFloat(s.value, 'f', -1, 64)
}

var (
	figuresMillis = regexp.MustCompile(`_time_average_seconds$|_max_[a-z]+_time_seconds$|_duration_seconds$`)
	seriesLine    = regexp.MustCompile(`^(\w+)(?:\{(.*)\})? (\S+)$`)
	seriesLabel   = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// series reads the metrics of a balancer by name and labels.
func (s *figuresSide) series(t *testing.T) map[string]series {
	t.Helper()
	return readSeries(t, s.get(t, "/metrics"))
}

func readSeries(t *testing.T, text string) map[string]series {
	t.Helper()
	all := map[string]series{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		m := seriesLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		x := series{name: m[1], value: value}
		var labels []string
		proxy, server := "", ""
		for _, l := range seriesLabel.FindAllStringSubmatch(m[2], -1) {
			labels = append(labels, l[0])
			switch l[1] {
			case "proxy", "backend", "frontend":
				proxy = l[2]
			case "server":
				server = "/" + l[2]
			case "code":
				x.code = l[2]
			}
		}
		x.row = rowOf(x.name, proxy, server)
		slices.Sort(labels)
		all[x.name+"{"+strings.Join(labels, ",")+"}"] = x
	}
	return all
}

// rowOf names the row of the CSV that a metric is about; empty: none of a lane.
func rowOf(name, proxy, server string) string {
	if len(proxy) < 2 || proxy[1] != '_' {
		return ""
	}
	switch {
	case server != "":
		return proxy[2:] + server
	case strings.HasPrefix(name, "haproxy_frontend_"):
		return proxy[2:] + "/FRONTEND"
	}
	return proxy[2:] + "/BACKEND"
}
