package stats

import (
	"net/url"
	"strings"

	"relais/stats/latency"
)

// Format is how statistics are written.
type Format int

// The formats; the page is the default.
const (
	HTML Format = iota
	Live        // what changes on the page, as it does
	CSV
	JSON
)

// Options is what the address of the statistics asks for.
type Options struct {
	Format    Format
	NoRefresh bool // the page is not live, and does not load itself again
	Refresh   bool // without a script it does, even where it would not without being asked
	Filter    Filter
	Window    string  // of the percentiles on the page: 10s or 5m; empty: 1m
	Outcome   Outcome // of the change that led to the page
}

// ParseOptions reads what follows the statistics' path in a request: HAProxy's options
// ";csv;json;norefresh;up;no-maint;st=CODE;scope=TEXT" and Relais' own ";refresh;live;window=10s" in any
// order, with suffix as the rest of the path and query without its "?". Unknown options are
// ignored, JSON wins over CSV, and both over the page.
func ParseOptions(suffix, query string) Options {
	var o Options
	for option := range strings.FieldsFuncSeq(suffix+"?"+query, isSeparator) {
		switch name, value, _ := strings.Cut(option, "="); name {
		case "live":
			o.Format = max(o.Format, Live)
		case "csv":
			o.Format = max(o.Format, CSV)
		case "json":
			o.Format = JSON
		case "norefresh":
			o.NoRefresh = true
		case "refresh":
			o.Refresh = true
		case "up":
			o.Filter.HideDown = true
		case "no-maint":
			o.Filter.HideMaint = true
		case "window":
			o.SetWindow(value)
		case "st":
			o.Outcome = parseOutcome(value)
		case "scope":
			o.Filter.Scope = unescape(value)
		}
	}
	return o
}

// Suffix returns what to put behind the statistics' path to ask for o.
func (o Options) Suffix() string {
	var b strings.Builder
	b.WriteString([...]string{HTML: "", Live: ";live", CSV: ";csv", JSON: ";json"}[o.Format])
	if o.Outcome != "" {
		b.WriteString(";st=" + string(o.Outcome))
	}
	if o.Filter.HideDown {
		b.WriteString(";up")
	}
	if o.Filter.HideMaint {
		b.WriteString(";no-maint")
	}
	if o.NoRefresh {
		b.WriteString(";norefresh")
	}
	if o.Refresh {
		b.WriteString(";refresh")
	}
	if o.Window != "" {
		b.WriteString(";window=" + o.Window)
	}
	if o.Filter.Scope != "" {
		b.WriteString("?scope=" + url.QueryEscape(o.Filter.Scope))
	}
	return b.String()
}

// SetWindow chooses the window of the percentiles: 10s, 1m or 5m. Anything else is ignored.
func (o *Options) SetWindow(name string) {
	for _, w := range latency.Windows() {
		if w.String() == name {
			o.Window = name
		}
	}
	if o.Window == latency.Minute.String() {
		o.Window = ""
	}
}

func isSeparator(r rune) bool { return strings.ContainsRune(";?&", r) }

// unescape takes a text that is not escaped well as it is, as HAProxy does.
func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
