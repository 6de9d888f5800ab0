package file

import (
	"fmt"
	"io/fs"
	"net/netip"
	"reflect"
	"strings"

	"relais/internal/config"
)

// decoder fills a configuration from nodes and remembers where each value stands.
type decoder struct {
	*reader
	positions map[string]position // by path
	broken    map[string]bool     // paths whose value could not be read: what validation says there is no news
}

// config decodes the main file and what it includes.
func (d *decoder) config(top *node, cfg *config.Config) {
	d.positions[""] = position{line: top.line}
	if top.null {
		d.fault(top.line, place{}, "is empty; write at least frontends and backends")
		return
	}
	if top.kind == mapping {
		d.include(top)
		d.defaults(top)
	}
	d.value(top, top.line, reflect.ValueOf(cfg).Elem(), place{})
	d.plainPaths(cfg)
}

// value decodes n, which stands in line, into v.
func (d *decoder) value(n *node, line spot, v reflect.Value, at place) {
	if n.inherited && at.section != "defaults" {
		at.shown = "defaults" + at.path[strings.Index(at.path, "]")+1:]
	}
	d.positions[at.path] = position{line, at.shown}
	switch {
	case n.bad:
		d.broken[at.path] = true
		return
	case n.null:
		d.fault(line, at, "has no value; write one, or remove it")
		return
	}
	switch t := v.Type(); {
	case isScalar(t):
		d.scalar(n, line, v, at)
	case isOff(n, t): // undoes what defaults say
	case t == reflect.TypeFor[config.Balance]():
		d.balance(n, line, v.Addr().Interface().(*config.Balance), at)
	case t == reflect.TypeFor[*config.HealthCheck]():
		d.healthCheck(n, line, v, at)
	case t == reflect.TypeFor[*config.ServerTLS]():
		d.serverTLS(n, line, v, at)
	case t.Kind() == reflect.Pointer:
		v.Set(fresh(t))
		d.structure(longForm(n, t), line, v.Elem(), at)
	case t.Kind() == reflect.Struct:
		d.structure(longForm(n, t), line, v, at)
	case t.Kind() == reflect.Slice:
		d.list(n, line, v, at)
	case t.Kind() == reflect.Map:
		d.dictionary(n, line, v, at)
	}
}

// fault reports a value that could not be read.
func (d *decoder) fault(line spot, at place, format string, args ...any) {
	d.broken[at.path] = true
	shown := at.shown + ":"
	if at.path == "" {
		shown = "the file"
	}
	d.report.fault(line, "%s %s", shown, fmt.Sprintf(format, args...))
}

func isScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Int64, reflect.Float64, reflect.Bool:
		return true
	}
	switch t {
	case reflect.TypeFor[config.Path](), reflect.TypeFor[config.StatusRanges](), reflect.TypeFor[netip.Prefix](), reflect.TypeFor[fs.FileMode]():
		return true
	}
	return false
}

// fresh returns a new value of a pointer type that holds the defaults.
func fresh(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[*config.Frontend]():
		return reflect.ValueOf(config.NewFrontend())
	case reflect.TypeFor[*config.Backend]():
		return reflect.ValueOf(config.NewBackend())
	case reflect.TypeFor[*config.Server]():
		return reflect.ValueOf(config.NewServer())
	case reflect.TypeFor[*config.TLS]():
		return reflect.ValueOf(config.NewTLS())
	case reflect.TypeFor[*config.ServerTLS]():
		return reflect.ValueOf(config.NewServerTLS())
	case reflect.TypeFor[*config.Cookie]():
		return reflect.ValueOf(config.NewCookie())
	case reflect.TypeFor[*config.Agent]():
		return reflect.ValueOf(config.NewAgent())
	case reflect.TypeFor[*config.Monitor]():
		return reflect.ValueOf(config.NewMonitor())
	case reflect.TypeFor[*config.Split]():
		return reflect.ValueOf(config.NewSplit())
	case reflect.TypeFor[*config.Redirect]():
		return reflect.ValueOf(config.NewRedirect())
	case reflect.TypeFor[*config.AdminSocket]():
		return reflect.ValueOf(config.NewAdminSocket())
	case reflect.TypeFor[*config.Return]():
		return reflect.ValueOf(config.NewReturn())
	}
	return reflect.New(t.Elem())
}

func (d *decoder) structure(n *node, line spot, v reflect.Value, at place) {
	if n.kind != mapping {
		d.fault(line, at, "is %s; write a mapping, \"key: value\" lines indented below it", n)
		return
	}
	switch v.Type() {
	case reflect.TypeFor[config.Frontend]():
		at.section, at.tcp = "frontend", n.isTCP()
	case reflect.TypeFor[config.Backend]():
		at.section, at.tcp = "backend", n.isTCP()
	}
	for _, p := range n.pairs {
		if at.path == "" && strings.HasPrefix(p.key, "x-") {
			continue
		}
		field, known := fieldOf(v.Type(), p.key)
		switch {
		case !known:
			d.unknown(p, n, v, at)
		case !fits(field, at.section):
			d.report.fault(p.line, "%s: belongs to a %s; move it there, or to defaults", at.key(p.key).shown, field.Tag.Get("of"))
		case at.tcp && needsHTTP(p):
			if !p.value.inherited {
				d.fault(p.line, at.key(p.key), "in TCP mode nobody reads HTTP; remove it, or write mode: http")
			}
		default:
			inner := at.key(p.key)
			if n.short {
				inner.shown = at.shown // the key is not in the file
			}
			d.value(p.value, lineOf(p), v.FieldByIndex(field.Index), inner)
		}
	}
}

// lineOf is the line of a single value, or of the key above a value of several lines.
func lineOf(p pair) spot {
	if p.value.kind == scalar && !p.value.null {
		return p.value.line
	}
	return p.line
}

// fieldOf finds the field of key in t, or in a struct that t embeds.
func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	// Not with reflect.VisibleFields: two thirds of the time of decoding would go there.
	for i := range t.NumField() {
		f := t.Field(i)
		if key != "" && f.Tag.Get("yaml") == key { // some fields have no key
			return f, true
		}
		if !f.Anonymous || f.Type.Kind() != reflect.Struct {
			continue
		}
		if inner, found := fieldOf(f.Type, key); found {
			inner.Index = append(f.Index, inner.Index...)
			return inner, true
		}
	}
	return reflect.StructField{}, false
}

// fits tells whether section uses the key of field.
func fits(field reflect.StructField, section string) bool {
	of := field.Tag.Get("of")
	return of == "" || of == section || section == "defaults"
}

// list decodes a sequence, which takes the place of a default, or the single value that stands
// for a list of one.
func (d *decoder) list(n *node, line spot, v reflect.Value, at place) {
	elem := v.Type().Elem()
	v.SetZero()
	if n.kind == scalar && isScalar(elem) || n.kind != sequence && mayStandAlone(elem) {
		one := reflect.New(elem).Elem()
		d.value(n, line, one, at.within(at.path+"[0]", at.shown))
		v.Set(reflect.Append(v, one))
		return
	}
	if n.kind != sequence {
		d.fault(line, at, "is %s; %s", n, listAdvice(elem))
		return
	}
	for i, item := range n.items {
		one := element(elem)
		d.value(item, item.line, one, at.item(i, item))
		v.Set(reflect.Append(v, one))
	}
}

// element returns a new element of a list that holds the defaults.
func element(t reflect.Type) reflect.Value {
	if t.Kind() != reflect.Pointer {
		return fresh(reflect.PointerTo(t)).Elem()
	}
	one := reflect.New(t).Elem()
	one.Set(fresh(t))
	return one
}

func listAdvice(elem reflect.Type) string {
	if isScalar(elem) {
		return "write a single value, or a list of them"
	}
	return "write a list, each entry after \"- \""
}

func (d *decoder) scalar(n *node, line spot, v reflect.Value, at place) {
	if n.kind != scalar {
		d.fault(line, at, "is %s; write a single value", n)
		return
	}
	if problem := setScalar(v, n.text); problem != "" {
		d.fault(line, at, "%s", problem)
	}
	if path, ok := v.Addr().Interface().(*config.Path); ok {
		*path = config.NewPath(beside(n.line, path.String()))
	}
}

// dictionary decodes a mapping whose keys are the admin's: status codes, or the names of header
// fields. v stays nil when it has none.
func (d *decoder) dictionary(n *node, line spot, v reflect.Value, at place) {
	byStatus := v.Type().Key().Kind() == reflect.Int
	switch {
	case n.kind != mapping && byStatus:
		d.fault(line, at, "is %s; write a mapping of status codes, such as {503: sorry.http}", n)
		return
	case n.kind != mapping:
		d.fault(line, at, "is %s; write a mapping of header fields, such as {X-Name: value}", n)
		return
	}
	for _, p := range n.pairs {
		key := reflect.ValueOf(p.key)
		if byStatus {
			status, problem := wholeNumber(p.key)
			if problem != "" {
				d.fault(p.line, at.key(p.key), "%q is not a status code; write one such as 503", p.key)
				continue
			}
			key = reflect.ValueOf(status)
		}
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(p.value, lineOf(p), value, at.key(p.key))
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		v.SetMapIndex(key, value)
	}
}

// serverTLS decodes a mapping, or true for one that is empty. false undoes what an anchor says.
func (d *decoder) serverTLS(n *node, line spot, v reflect.Value, at place) {
	if n.kind == scalar {
		on, problem := boolean(n.text)
		if problem != "" {
			d.fault(line, at, "%s, or a mapping such as {ca: ca.pem}", problem)
		}
		if !on {
			return
		}
		n = &node{kind: mapping, line: n.line}
	}
	v.Set(fresh(v.Type()))
	d.structure(n, line, v.Elem(), at)
}
