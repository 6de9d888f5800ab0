package file

import (
	"fmt"
	"strings"

	"relais/internal/config"
)

// position is where a value stands, and its name in messages.
type position struct {
	line  spot
	shown string
}

// place is where the decoder is.
type place struct {
	path    string // as validation writes it: backends[0].servers[1].weight
	shown   string // as an admin reads it: backends[app].servers[web2].weight
	section string // frontend, backend or defaults; empty outside of them
	tcp     bool   // in a frontend or backend that does not speak HTTP
}

func (p place) key(key string) place {
	if p.path == "" {
		return place{path: key, shown: key}
	}
	return p.within(p.path+"."+key, p.shown+"."+key)
}

func (p place) item(i int, n *node) place {
	shown := fmt.Sprintf("%s[%d]", p.shown, i)
	if name := n.get("name"); name != nil && name.text != "" {
		shown = fmt.Sprintf("%s[%s]", p.shown, name.text)
	}
	return p.within(fmt.Sprintf("%s[%d]", p.path, i), shown)
}

func (p place) within(path, shown string) place {
	p.path, p.shown = path, shown
	return p
}

// invalid reports a fault of validation, unless it follows from a value that could not be read.
func (d *decoder) invalid(f config.Fault) {
	path, message := f.Path, d.message(f)
	_, present := d.positions[path]
	if present && (dependsOnBackends(path) && d.backendUnclear(path) || d.partUnclear(path)) {
		return
	}
	for !d.broken[path] {
		if pos, found := d.positions[path]; found {
			d.report.fault(pos.line, "%s: %s", strings.TrimPrefix(pos.shown+f.Path[len(path):], "."), message)
			return
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// message is what a fault says, with the place of what is repeated.
func (d *decoder) message(f config.Fault) string {
	first, known := d.positions[f.Twin]
	here := d.positions[f.Path].line
	cut := strings.LastIndex(f.Message, "; ")
	if f.Twin == "" || !known || first.line == here || cut < 0 {
		return f.Message
	}
	place := fmt.Sprintf("line %d", first.line.line)
	if first.line.in != here.in {
		place = fmt.Sprintf("%s:%d", first.line.in.name, first.line.line)
	}
	return f.Message[:cut] + ", in " + place + f.Message[cut:]
}

// dependsOnBackends tells whether the value at path names a backend, or a server of one.
func dependsOnBackends(path string) bool {
	return strings.HasSuffix(path, "backend") || strings.HasSuffix(path, ".track")
}

// backendUnclear tells whether what decides on the backend that is named at path could not be
// read: there may be one of any name, or one of the two may have another mode.
func (d *decoder) backendUnclear(path string) bool {
	for broken := range d.broken {
		entry, key, _ := strings.Cut(broken, ".")
		servers := strings.HasSuffix(path, ".track") && strings.HasPrefix(key, "servers")
		if strings.HasPrefix(entry, "backends") && (key == "" || key == "name" || key == "mode" || servers) {
			return true
		}
	}
	return d.broken[""] || d.broken[strings.TrimSuffix(path, "default_backend")+"mode"]
}

// partUnclear tells whether a part of the value at path could not be read, so that nothing can be
// said of the whole. Of a rule the others decide whether it is reached.
func (d *decoder) partUnclear(path string) bool {
	parts := path + "."
	if i := strings.LastIndex(path, ".rules["); i >= 0 && !strings.Contains(path[i+1:], ".") {
		parts = path[:i] + ".rules["
	}
	for broken := range d.broken {
		if strings.HasPrefix(broken, parts) {
			return true
		}
	}
	return false
}
