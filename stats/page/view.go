package page

import (
	"fmt"
	"strconv"
	"time"

	"relais/stats"
)

// refresh is how often the page loads itself again.
const refresh = 5 * time.Second

// view is what the template shows.
type view struct {
	Title       string
	Style, Icon string
	Refresh     int // seconds; 0: never
	Time        string
	User        string // who may change things; empty: nobody
	Refreshing  []link // in the header, for User, whose page may not refresh by itself
	Banners     []banner
	Summary     summary
	Process     []line
	Form        string // where the scope goes, with the other options
	Scope       string
	Options     []link
	Exports     []link
	Legend      []entry
	Layout      []group
	Tables      []table
}

type link struct{ Text, Address string }

// entry is one colour of the legend.
type entry struct{ Class, Text string }

// legend is HAProxy's.
var legend = []entry{
	{"active_up", "active UP"},
	{"backup_up", "backup UP"},
	{"active_going_down", "active UP, going down"},
	{"backup_going_down", "backup UP, going down"},
	{"active_going_up", "active DOWN, going up"},
	{"backup_going_up", "backup DOWN, going up"},
	{"active_down", "active or backup DOWN"},
	{"active_no_check", "not checked"},
	{"maintain", "active or backup DOWN for maintenance (MAINT)"},
	{"active_draining", "active or backup SOFT STOPPED for maintenance"},
}

func newView(s *stats.Snapshot, o Options) view {
	v := view{
		Title:   fmt.Sprintf("Relais statistics for pid %d on %s", s.Process.PID, s.Process.Node),
		Style:   assetPath(o.Path, styleName),
		Icon:    assetPath(o.Path, iconName),
		Time:    moment(s.Now),
		Banners: newBanners(&s.Process, o),
		Summary: summarize(s),
		Process: processLines(s),
		Form:    o.address(func(o *stats.Options) { o.Filter.Scope = "" }),
		Scope:   o.Filter.Scope,
		Options: optionLinks(o),
		Exports: exportLinks(o),
		Legend:  legend,
		Layout:  layout,
		Tables:  tables(s, o),
	}
	if o.Admin != nil {
		v.User, v.Refreshing = o.Admin.User, []link{o.refreshNow(), o.toggleRefresh()}
	}
	if o.refreshes() {
		v.Refresh = int(refresh / time.Second)
	}
	return v
}

// refreshes tells whether the page loads itself again. Where there are forms it does only if asked:
// what a user has half filled in would be gone.
func (o Options) refreshes() bool {
	if o.Admin != nil && !o.Refresh {
		return false
	}
	return !o.NoRefresh
}

func (o Options) toggleRefresh() link {
	on, forms := o.refreshes(), o.Admin != nil
	text := "Enable refresh"
	if on {
		text = "Disable refresh"
	}
	return link{text, o.address(func(o *stats.Options) { o.NoRefresh, o.Refresh = on && !forms, !on && forms })}
}

func (o Options) refreshNow() link { return link{"Refresh now", o.address(func(*stats.Options) {})} }

// tables shows the rows that the filter lets through. What is said about a backend as a whole
// still counts all of its servers.
func tables(s *stats.Snapshot, o Options) (tables []table) {
	b := builder{now: s.Now}
	for _, proxy := range s.Proxies {
		alone := stats.Snapshot{Proxies: []stats.Proxy{proxy}}
		for _, shown := range o.Filter.Apply(&alone).Proxies {
			tables = append(tables, table{
				Name:   proxy.Name,
				Anchor: anchor(proxy.Name),
				About:  about(proxy.Rows),
				Form:   newForm(shown.Rows, o),
				Rows:   b.rows(shown.Rows),
				Events: eventsOf(proxy.Rows, s.Now),
			})
		}
	}
	return tables
}

// address is the page with some of its options changed, and without the outcome of what has led to
// this one.
func (o Options) address(change func(*stats.Options)) string {
	changed := o.Options
	changed.Format, changed.Outcome = stats.HTML, ""
	change(&changed)
	return o.Path + changed.Suffix()
}

func optionLinks(o Options) []link {
	down, maint := "Hide 'DOWN' servers", "Hide servers in maintenance"
	if o.Filter.HideDown {
		down = "Show 'DOWN' servers"
	}
	if o.Filter.HideMaint {
		maint = "Show servers in maintenance"
	}
	return []link{
		{down, o.address(func(o *stats.Options) { o.Filter.HideDown = !o.Filter.HideDown })},
		{maint, o.address(func(o *stats.Options) { o.Filter.HideMaint = !o.Filter.HideMaint })},
		o.toggleRefresh(),
		o.refreshNow(),
	}
}

func exportLinks(o Options) []link {
	links := []link{
		{"CSV export", o.address(func(o *stats.Options) { o.Format, o.NoRefresh = stats.CSV, true })},
		{"JSON export", o.address(func(o *stats.Options) { o.Format, o.NoRefresh = stats.JSON, true })},
	}
	if o.Metrics != "" {
		links = append(links, link{"Prometheus metrics", o.Metrics})
	}
	return links
}

func processLines(s *stats.Snapshot) []line {
	p := &s.Process
	lines := []line{
		{"pid", strconv.Itoa(p.PID)},
		{"version", p.Version},
		{"uptime", uptime(s.Now.Sub(p.Started))},
		{"nbthread", strconv.Itoa(p.Threads)},
		{"memmax", memory(p.MemoryLimit)},
		{"ulimit-n", grouped(p.MaxFDs)},
		{"maxconn", grouped(p.Maxconn)},
		{"listeners", grouped(p.Listeners)},
		{"current conns", grouped(p.Conns)},
		{"conn rate", fmt.Sprintf("%s/s, max %s/s", grouped(p.ConnRate), grouped(p.ConnRateMax))},
		{"bit rate", bitRate(float64(p.BytesOutRate) * 8)},
		{"total conns", grouped(p.ConnsTotal)},
		{"total requests", grouped(p.Requests)},
		{"total sent", byteSize(float64(p.BytesOut))},
	}
	if p.DroppedLogs > 0 {
		lines = append(lines, line{"lost log lines", grouped(p.DroppedLogs)})
	}
	return append(lines, configLines(p)...)
}

func configLines(p *stats.Process) []line {
	lines := []line{
		{"configuration", p.ConfigFile},
		{"loaded", moment(p.ConfigLoaded)},
	}
	if p.ConfigHash != "" {
		lines = append(lines, line{"hash", p.ConfigHash})
	}
	if p.Reloads+p.ReloadFailures > 0 {
		lines = append(lines, line{"reloads", fmt.Sprintf("%s, %s refused", grouped(p.Reloads), grouped(p.ReloadFailures))})
	}
	if p.Generations > 1 {
		lines = append(lines, line{"generations", fmt.Sprintf("%s, as old requests go on", grouped(p.Generations))})
	}
	return lines
}

func memory(limit int64) string {
	if limit == 0 {
		return "unlimited"
	}
	return byteSize(float64(limit))
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
