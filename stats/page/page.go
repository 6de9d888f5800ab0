// Package page renders statistics as the HTML page that admins of HAProxy know, and what changes
// on it for those who watch. It works without JavaScript, and is fit for the
// Content-Security-Policy "default-src 'none'; style-src 'self'; script-src 'self';
// connect-src 'self'; img-src 'self'; form-action 'self'".
package page

import (
	"bufio"
	"embed"
	"html/template"
	"io"

	"relais/stats"
)

// Options says what to show and where things are.
type Options struct {
	stats.Options        // what the address asks for
	Path          string // of the page, such as /haproxy-stats
	Metrics       string // of the metrics for Prometheus, such as /metrics; "": no link
	Explain       string // of the page that says why, such as /haproxy-stats/explain; "": no links
	Admin         *Admin // who may change things; nil: nobody, so that there is nothing to do it with
}

//go:embed *.html
var sources embed.FS

var page = template.Must(template.ParseFS(sources, "*.html")).Lookup("page.html")

// Render writes the page. The answer's type is text/html; charset=utf-8.
func Render(w io.Writer, s *stats.Snapshot, o Options) error {
	out := bufio.NewWriter(w)
	if err := page.Execute(out, newView(s, o)); err != nil {
		return err
	}
	return out.Flush()
}
