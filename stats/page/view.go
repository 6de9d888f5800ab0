package page

import (
	"fmt"
	"strconv"
	"time"

	"relais/stats"
)

// refresh is how often the page loads itself again where no script keeps it live.
const refresh = 5 * time.Second

// view is what the template shows.
type view struct {
	Title       string
	Style, Icon string
	Script      string
	Live        string // where the script learns what changes
	Paused      bool   // the script asks only when it is told to
	Refresh     int    // seconds; 0: never
	Time        string
	User        string // who may change things; empty: nobody
	Refreshing  []link // for who has no script

	Banners      []banner
	Summary      summary
	Timeline     timeline
	Process      process
	Options      options
	Tables       []table
	Queues       []queue
	Failures     []failure
	Certificates []certificate
	Legend       []entry
}

// process is what concerns the whole balancer.
type process struct{ Lines, Config []line }

// options is what else can be shown.
type options struct {
	Form    string // where the scope goes, with the other options
	Scope   string
	Explain string // where the id of a request goes; empty: nowhere
	Links   []link
	Windows []windowLink
	Exports []link
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
		Title: fmt.Sprintf("Relais statistics for pid %d on %s", s.Process.PID, s.Process.Node),
		Style: StylePath(o.Path),
		Icon:  IconPath(o.Path),
		Time:  moment(s.Now),

		Script:     assetPath(o.Path, scriptName),
		Live:       o.live(),
		Paused:     o.NoRefresh,
		Refreshing: []link{o.refreshNow(), o.toggleRefresh()},

		Banners:      newBanners(&s.Process, o),
		Summary:      summarize(s),
		Timeline:     newTimeline(s, o.Filter),
		Process:      process{processLines(s), configLines(&s.Process, s.Now)},
		Options:      newOptions(o),
		Tables:       tables(s, o),
		Queues:       newQueues(s, o.Filter),
		Failures:     newFailures(s, o),
		Certificates: newCertificates(s),
		Legend:       legend,
	}
	if o.Admin != nil {
		v.User = o.Admin.User
	}
	if o.refreshes() {
		v.Refresh = int(refresh / time.Second)
	}
	return v
}

// refreshes tells whether the page loads itself again without a script. Where there are forms it
// does only if asked: what a user has half filled in would be gone.
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

// tables shows the rows that the filter lets through.
func tables(s *stats.Snapshot, o Options) (tables []table) {
	b := newBuilder(s.Now, o)
	for _, proxy := range s.Proxies {
		alone := stats.Snapshot{Proxies: []stats.Proxy{proxy}}
		for _, shown := range o.Filter.Apply(&alone).Proxies {
			tables = append(tables, b.table(proxy, shown.Rows))
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

func newOptions(o Options) options {
	return options{
		Form:    o.address(func(o *stats.Options) { o.Filter.Scope = "" }),
		Scope:   o.Filter.Scope,
		Explain: o.Explain,
		Links:   optionLinks(o),
		Windows: windowLinks(o),
		Exports: exportLinks(o),
	}
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
	return lines
}

func configLines(p *stats.Process, now time.Time) []line {
	lines := []line{
		{"file", p.ConfigFile},
		{"loaded", moment(p.ConfigLoaded) + ", " + long(now.Sub(p.ConfigLoaded)) + " ago"},
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
