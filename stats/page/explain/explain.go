// Package explain renders the HTML page that says why requests went where they went: a form to ask
// with, and the story of a request, a list of requests or the shares of a backend's servers. It
// looks like the page of the statistics, keeps to the same Content-Security-Policy, and has no
// script.
package explain

import (
	"bufio"
	"embed"
	"html/template"
	"io"
	"strings"
	"time"

	"relais/balancer/why"
)

// Page is what to show.
type Page struct {
	Stats    string                   // path of the statistics, such as /haproxy-stats
	Field    func(name string) string // what the form was filled in with: what why.ParseFields reads
	Backends []string                 // that can be asked about
	Reach    string                   // how far back requests are remembered; empty: none are
	Now      time.Time

	Answer why.Answer // its zero value: none
	Err    error      // what keeps from answering; nil: nothing
}

// Path returns where the page is, given the path of the statistics.
func Path(stats string) string { return strings.TrimSuffix(stats, "/") + "/explain" }

//go:embed *.html
var sources embed.FS

var document = template.Must(template.ParseFS(sources, "*.html")).Lookup("explain.html")

// Render writes the page. The answer's type is text/html; charset=utf-8.
func Render(w io.Writer, p *Page) error {
	out := bufio.NewWriter(w)
	if err := document.Execute(out, newView(p)); err != nil {
		return err
	}
	return out.Flush()
}
