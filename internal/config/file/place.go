package file

import (
	"fmt"
	"strings"

	"relais/internal/config"
)

// position is where a value stands, and its name in messages.
type position struct {
	line  int
	shown string
}

// place is where the decoder is.
type place struct {
	path    string // as validation writes it: backends[0].servers[1].weight
	shown   string // as an admin reads it: backends[app].servers[web2].weight
	section string // frontend, backend or defaults; empty outside of them
}

func (p place) key(key string) place {
	if p.path == "" {
		return place{path: key, shown: key}
	}
	return place{p.path + "." + key, p.shown + "." + key, p.section}
}

func (p place) item(i int, n *node) place {
	shown := fmt.Sprintf("%s[%d]", p.shown, i)
	if name := n.get("name"); name != nil && name.text != "" {
		shown = fmt.Sprintf("%s[%s]", p.shown, name.text)
	}
	return place{fmt.Sprintf("%s[%d]", p.path, i), shown, p.section}
}

// invalid reports a fault of validation, unless it follows from a value that could not be read.
func (d *decoder) invalid(f config.Fault) {
	path := f.Path
	_, present := d.positions[path]
	if present && strings.HasSuffix(path, ".default_backend") && d.backendNamesBroken() {
		return
	}
	for !d.broken[path] {
		if pos, found := d.positions[path]; found {
			d.report.fault(pos.line, "%s: %s", strings.TrimPrefix(pos.shown+f.Path[len(path):], "."), f.Message)
			return
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// backendNamesBroken tells whether there may be a backend whose name could not be read.
func (d *decoder) backendNamesBroken() bool {
	for path := range d.broken {
		entry, key, _ := strings.Cut(path, ".")
		if strings.HasPrefix(entry, "backends") && (key == "" || key == "name") {
			return true
		}
	}
	return d.broken[""]
}
