package file

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"relais/internal/config"
)

// Bounds of what is included, so that a wrong pattern cannot fill the memory.
const (
	mostIncluded                 = 1000
	largestIncluded config.Bytes = 4 << 20
	mostOfIncluded  config.Bytes = 16 << 20
)

// include takes the key include out of top, the main file, and adds to top what stands in the
// files that it names.
func (d *decoder) include(top *node) {
	i := slices.IndexFunc(top.pairs, func(p pair) bool { return p.key == "include" })
	if i < 0 {
		return
	}
	p := top.pairs[i]
	top.pairs = slices.Delete(top.pairs, i, i+1)
	var patterns []string
	d.value(p.value, lineOf(p), reflect.ValueOf(&patterns).Elem(), place{path: "include", shown: "include"})
	faults, unclear := len(d.found), d.broken["include"]
	for i, pattern := range patterns {
		at := fmt.Sprintf("include[%d]", i)
		if d.broken[at] {
			unclear = true
		} else if !d.includeAll(top, pattern, d.positions[at].line) {
			break
		}
	}
	if unclear || len(d.found) > faults { // there may be others in what could not be read
		d.broken["frontends"], d.broken["backends"] = true, true
	}
}

// includeAll adds to top the files that match pattern, which stands in line. It is false when there
// is more than may be included.
func (d *decoder) includeAll(top *node, pattern string, line spot) bool {
	files, fault := matches(filepath.Dir(line.in.name), pattern)
	if fault != "" {
		d.report.fault(line, "include: %s", fault)
		return true
	}
	for _, name := range files {
		if slices.ContainsFunc(d.sources, func(s config.Source) bool { return filepath.Clean(s.Name) == name }) {
			continue // the main file, or another pattern has it too
		}
		data, err := config.ReadFile(name, "a YAML file", largestIncluded)
		d.included += config.Bytes(len(data))
		switch {
		case err != nil:
			d.report.fault(line, "include: %s", err)
			continue
		case len(d.sources) > mostIncluded:
			d.report.fault(line, "include: more than %d files; write fewer, larger ones", mostIncluded)
			return false
		case d.included > mostOfIncluded:
			d.report.fault(line, "include: the files have more than %s together; write fewer of them", mostOfIncluded)
			return false
		}
		if included := d.read(name, data); included != nil {
			d.add(top, included)
		}
	}
	return true
}

// matches returns the files in dir that match pattern, in the order of their names. As in a shell,
// a name that begins with a dot must be asked for: editors leave such files beside those that they
// edit, Kubernetes the folders of mounted volumes. A pattern without wildcards is a file that must be there.
func matches(dir, pattern string) (files []string, fault string) {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return []string{filepath.Clean(joined(dir, pattern))}, ""
	}
	if strings.Contains(pattern, "**") {
		return nil, fmt.Sprintf("%q holds **, which is not supported; write a folder for each level, such as conf.d/*/*.yml", pattern)
	}
	literally := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)
	whole := filepath.Clean(joined(literally.Replace(dir), pattern))
	files, err := filepath.Glob(whole)
	if err != nil {
		return nil, fmt.Sprintf("%q is not a pattern; write one such as conf.d/*.yml", pattern)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return isHidden(name, whole) })
	slices.Sort(files)
	return files, ""
}

// isHidden tells whether an element of name begins with a dot that pattern does not have.
func isHidden(name, pattern string) bool {
	asked := strings.Split(pattern, "/")
	for i, element := range strings.Split(name, "/") {
		if strings.HasPrefix(element, ".") && i < len(asked) && !strings.HasPrefix(asked[i], ".") {
			return true
		}
	}
	return false
}

// includedFile is what an included file may hold.
type includedFile struct {
	Frontends []*config.Frontend `yaml:"frontends"`
	Backends  []*config.Backend  `yaml:"backends"`
}

// add appends what an included file holds to the lists in top.
func (d *decoder) add(top, included *node) {
	if included.kind != mapping {
		if !included.null && !included.bad { // there may be nothing in it, or only comments
			d.report.fault(included.line, "the file is %s; write frontends and backends", included)
		}
		return
	}
	t := reflect.TypeFor[includedFile]()
	main := keysOf(reflect.TypeFor[config.Config]())
	for _, p := range included.pairs {
		field, known := fieldOf(t, p.key)
		switch {
		case known:
			d.addList(top, p, field.Type.Elem())
		case strings.HasPrefix(p.key, "x-"):
		case p.key == "include":
			d.report.fault(p.line, "include: an included file cannot include others; move it into the main file")
		case slices.Contains(main, p.key):
			d.report.fault(p.line, "%s: belongs into the main file; move it there", p.key)
		default:
			_, advice := advise(p.key, t)
			d.report.fault(p.line, "unknown key %q; %s", p.key, advice)
		}
	}
}

func (d *decoder) addList(top *node, p pair, elem reflect.Type) {
	switch list := top.get(p.key); {
	case p.value.bad:
	case p.value.null:
		d.report.fault(p.line, "%s: has no value; write one, or remove it", p.key)
	case p.value.kind != sequence:
		d.report.fault(p.line, "%s: is %s; %s", p.key, p.value, listAdvice(elem))
	case list == nil:
		top.pairs = append(top.pairs, p)
	case list.kind == sequence:
		list.items = append(list.items, p.value.items...)
	}
}
