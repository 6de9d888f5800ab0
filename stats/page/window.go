package page

import (
	"relais/stats"
	"relais/stats/latency"
)

// windowLink leads to the page with the percentiles of a window.
type windowLink struct {
	link
	Current bool
}

// window returns the window that the address asks for.
func (o Options) window() latency.Window {
	for _, w := range latency.Windows() {
		if w.String() == o.Window {
			return w
		}
	}
	return latency.Minute
}

func windowLinks(o Options) (links []windowLink) {
	for _, w := range latency.Windows() {
		address := o.address(func(o *stats.Options) { o.SetWindow(w.String()) })
		links = append(links, windowLink{link{long(w.Duration()), address}, w == o.window()})
	}
	return links
}
