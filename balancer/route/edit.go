package route

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"relais/internal/config"
)

// Edits are the changes of a frontend's requests, or of its answers. They are safe for concurrent
// use.
type Edits struct {
	list []edit
}

// edit is one of them. What it does is in the order of its fields.
type edit struct {
	match   *matcher // nil: all requests
	drop    []string // in lower case
	set     []line
	add     []line
	host    template
	path    template
	strip   string // without a slash at its end
	replace *regexp.Regexp
	with    string
}

type line struct {
	name  string
	value template
}

// Head is the head of a message on its way to the next hop, in which edits are made.
type Head interface {
	// Drop takes out the fields of a name, which is in lower case, also those added so far.
	Drop(name string)
	// Add adds a field behind the others, unless the value cannot be one.
	Add(name string, value []byte) error
	// SetHost sets the Host of a request, unless it cannot be one.
	SetHost(host []byte) error
	// SetTarget sets the target of a request, unless it cannot be one; a nil query is none.
	SetTarget(path, query []byte) error
}

// CompileRequest makes the edits of requests; nil if there are none. Its error says what an edit
// must not touch.
func CompileRequest(edits []config.Edit) (*Edits, error) { return compileEdits(edits, inRequest) }

// CompileResponse makes the edits of answers; nil if there are none.
func CompileResponse(edits []config.Edit) (*Edits, error) { return compileEdits(edits, inResponse) }

// Make makes the edits that are for the request r, in their order, in the head of it or of its
// answer. Which these are, and what variables stand for, depends on what the client has sent
// alone; only changes of the path go on from one another. After an error the head is of no use.
func (e *Edits) Make(r *Request, values Values, head Head) error {
	path, moved := r.path, false
	for i := range e.list {
		d := &e.list[i]
		if d.match != nil && !d.match.matches(r) {
			continue
		}
		if err := d.makeFields(r, values, head); err != nil {
			return err
		}
		if d.host != nil {
			if err := head.SetHost(d.makeHost(r, values)); err != nil {
				return err
			}
			moved = true // a whole URL as the target would name another one
		}
		if d.changesPath() {
			path, moved = d.makePath(path, values), true
		}
	}
	if !moved || !hasPrefix(r.path, "/") {
		return nil // OPTIONS * has no path
	}
	return head.SetTarget(path, r.query)
}

func (d *edit) makeFields(r *Request, values Values, head Head) error {
	for _, name := range d.drop {
		head.Drop(name)
	}
	for i := range d.set {
		head.Drop(strings.ToLower(d.set[i].name))
	}
	for _, lines := range [...][]line{d.set, d.add} {
		for i := range lines {
			r.edited = lines[i].value.append(r.edited[:0], values)
			if err := head.Add(lines[i].name, r.edited); err != nil {
				return err
			}
		}
	}
	return nil
}

// makeHost is empty if the request lacks the host that is to be part of it.
func (d *edit) makeHost(r *Request, values Values) []byte {
	if d.host.names("host") && len(r.host) == 0 {
		return nil
	}
	r.edited = d.host.append(r.edited[:0], values)
	return r.edited
}

func (d *edit) changesPath() bool { return d.path != nil || d.strip != "" || d.replace != nil }

func (d *edit) makePath(path []byte, values Values) []byte {
	if d.path != nil {
		path = d.path.append(nil, values)
	}
	if d.strip != "" && hasPrefix(path, d.strip) {
		switch rest := path[len(d.strip):]; {
		case len(rest) == 0:
			path = []byte("/")
		case rest[0] == '/':
			path = rest
		}
	}
	if d.replace != nil {
		path = d.replace.ReplaceAll(path, []byte(d.with))
	}
	return path
}

func compileEdits(edits []config.Edit, s scope) (*Edits, error) {
	if len(edits) == 0 {
		return nil, nil
	}
	e := &Edits{}
	for i := range edits {
		d, err := compileEdit(&edits[i], s)
		if err != nil {
			return nil, fmt.Errorf("edit %d: %w", i+1, err)
		}
		e.list = append(e.list, d)
	}
	return e, nil
}

func compileEdit(c *config.Edit, s scope) (d edit, err error) {
	if c.If != nil {
		match, err := compileMatch(c.If)
		if err != nil {
			return d, fmt.Errorf("if: %w", err)
		}
		d.match = &match
	}
	for _, name := range c.DelHeader {
		if err := s.mayEdit(name, "del_header"); err != nil {
			return d, err
		}
		d.drop = append(d.drop, strings.ToLower(name))
	}
	if d.set, err = compileLines(c.SetHeader, s, "set_header"); err != nil {
		return d, err
	}
	if d.add, err = compileLines(c.AddHeader, s, "add_header"); err != nil {
		return d, err
	}
	if s == inResponse && (c.SetHost != "" || c.SetPath != "" || c.StripPrefix != "" || c.ReplacePath != nil) {
		return d, errors.New("an answer has neither host nor path; write this under request")
	}
	return d, d.compileTarget(c, s)
}

// compileLines keeps the lines in the order of their names: a mapping has none of its own.
func compileLines(fields map[string]string, s scope, key string) (lines []line, err error) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := s.mayEdit(name, key); err != nil {
			return nil, err
		}
		value, err := compileTemplate(fields[name], s)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", key, name, err)
		}
		if strings.ContainsFunc(fields[name], func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return nil, fmt.Errorf("%s: %s: the value is %q; remove its control characters", key, name, fields[name])
		}
		lines = append(lines, line{name, value})
	}
	return lines, nil
}

func (d *edit) compileTarget(c *config.Edit, s scope) (err error) {
	if c.SetHost != "" {
		if d.host, err = compileTemplate(c.SetHost, s); err != nil {
			return fmt.Errorf("set_host: %w", err)
		}
	}
	if c.SetPath != "" {
		if d.path, err = compileTemplate(c.SetPath, s); err != nil {
			return fmt.Errorf("set_path: %w", err)
		}
		if !soundPath(d.path) {
			return fmt.Errorf("set_path: it is %q; write a path such as /v2{path}, without a query", c.SetPath)
		}
	}
	if c.StripPrefix != "" {
		if d.strip = strings.TrimSuffix(c.StripPrefix, "/"); !strings.HasPrefix(d.strip, "/") {
			return fmt.Errorf("strip_prefix: it is %q; write the beginning of a path, such as /api", c.StripPrefix)
		}
	}
	if c.ReplacePath == nil {
		return nil
	}
	if d.replace, err = regexp.Compile(c.ReplacePath.Regex); err != nil {
		return fmt.Errorf("replace_path: %w", err)
	}
	if d.with = c.ReplacePath.With; !pathText(d.with) {
		return fmt.Errorf("replace_path: with is %q; write part of a path, without spaces and without a query", d.with)
	}
	return checkGroups(d.replace, d.with)
}

// soundPath tells whether a template can become a path, as far as it is known.
func soundPath(t template) bool {
	for i, p := range t {
		if i == 0 && p.Variable != "path" && !strings.HasPrefix(p.Text, "/") || !pathText(p.Text) {
			return false
		}
	}
	return true
}

// pathText tells whether s can be part of a path. What is not ASCII is to be written with escapes.
func pathText(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '?' || c == '#' })
}

// groupName finds what a replacement names.
var groupName = regexp.MustCompile(`\$(?:\$|(\w+)|\{(\w+)\})?`)

// checkGroups refuses a replacement that names what the expression does not have: nothing would
// take its place, as with $1st, which names a group 1st.
func checkGroups(r *regexp.Regexp, with string) error {
	for _, m := range groupName.FindAllStringSubmatch(with, -1) {
		name := m[1] + m[2]
		if m[0] == "$$" {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(name, "%d", &n); err == nil && fmt.Sprint(n) == name && n <= r.NumSubexp() {
			continue
		}
		if name == "" || !slices.Contains(r.SubexpNames(), name) {
			return fmt.Errorf("replace_path: %s is no group of %q; write ${1} for the first, $$ for a dollar", m[0], r)
		}
	}
	return nil
}
