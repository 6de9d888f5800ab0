package file

import (
	"reflect"
	"slices"
	"strings"

	"relais/internal/config"
)

// defaults takes the section defaults out of top, checks it, and merges it into each frontend
// and backend.
func (d *decoder) defaults(top *node) {
	i := slices.IndexFunc(top.pairs, func(p pair) bool { return p.key == "defaults" })
	if i < 0 {
		return
	}
	p := top.pairs[i]
	top.pairs = slices.Delete(top.pairs, i, i+1)
	at := place{path: "defaults", shown: "defaults", section: "defaults"}
	d.value(p.value, p.line, reflect.New(defaultsType()).Elem(), at)
	p.value.inherit()
	inheritAll(top.get("frontends"), p.value, reflect.TypeFor[config.Frontend](), "frontend")
	inheritAll(top.get("backends"), p.value, reflect.TypeFor[config.Backend](), "backend")
}

// defaultsType is a struct of the keys of frontends and backends that make sense for several.
func defaultsType() reflect.Type {
	var fields []reflect.StructField
	for _, t := range []reflect.Type{reflect.TypeFor[config.Frontend](), reflect.TypeFor[config.Backend]()} {
		for i := range t.NumField() {
			f := t.Field(i)
			known := slices.ContainsFunc(fields, func(k reflect.StructField) bool { return k.Name == f.Name })
			if !known && !isOwn(f.Tag.Get("yaml")) {
				fields = append(fields, reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag})
			}
		}
	}
	return reflect.StructOf(fields)
}

// isOwn tells whether a key says what a frontend or backend is, so that defaults cannot hold it.
func isOwn(key string) bool {
	return slices.Contains([]string{"name", "bind", "default_backend", "servers"}, key)
}

// isProxy tells whether t is what inherits from defaults.
func isProxy(t reflect.Type) bool {
	return t == reflect.TypeFor[config.Frontend]() || t == reflect.TypeFor[config.Backend]()
}

// needsHTTP tells whether a key, or its value, has no meaning in TCP mode. A proxy in that mode is
// not to have it itself, and leaves it alone in defaults.
func needsHTTP(p pair) bool {
	switch p.key {
	case "balance":
		return isForHTTP(p.value)
	case "retry_on":
		return retriesAnswers(p.value)
	case "observe":
		return p.value.text == "layer7"
	}
	return slices.Contains([]string{"redirect_https", "error_files", "syntax", "trusted_proxies", "http_keep_alive",
		"monitor", "request", "response", "rules", "cookie"}, p.key)
}

// retriesAnswers tells whether a list of retry_on has more than failed connections.
func retriesAnswers(list *node) bool {
	for _, item := range append(list.items, list) {
		if item.kind == scalar && item.text != "" && item.text != "conn-failure" && item.text != "none" {
			return true
		}
	}
	return false
}

func inheritAll(list, from *node, t reflect.Type, section string) {
	if list == nil {
		return
	}
	for _, own := range list.items {
		merge(own, from, t, section)
	}
}

// merge adds to own, a mapping that describes a t, what it lacks and from has.
func merge(own, from *node, t reflect.Type, section string) {
	if own.kind != mapping || from.kind != mapping {
		return
	}
	for _, p := range from.pairs {
		field, known := fieldOf(t, p.key)
		if !known || isProxy(t) && isOwn(p.key) || !fits(field, section) {
			continue
		}
		i := slices.IndexFunc(own.pairs, func(o pair) bool { return o.key == p.key })
		if i < 0 {
			own.pairs = append(own.pairs, missing(p, field.Type, section))
			continue
		}
		if inner := structOf(field.Type); inner != nil {
			mine := longForm(own.pairs[i].value, field.Type)
			own.pairs[i].value = mine
			merge(mine, longForm(p.value, field.Type), inner, section)
		} else if field.Type.Kind() == reflect.Map {
			mergeKeys(own.pairs[i].value, p.value)
		}
	}
}

// mergeKeys adds to own, a mapping with keys of the admin's choice, those that it lacks.
func mergeKeys(own, from *node) {
	if own.kind != mapping {
		return
	}
	for _, p := range from.pairs {
		if !slices.ContainsFunc(own.pairs, func(o pair) bool { return strings.EqualFold(o.key, p.key) }) { // fields have no case
			own.pairs = append(own.pairs, p)
		}
	}
}

// missing is what p gives to a section that lacks its key: of a mapping a copy that holds only
// the keys that the section uses.
func missing(p pair, t reflect.Type, section string) pair {
	inner := structOf(t)
	value := longForm(p.value, t)
	if inner == nil || value.kind != mapping {
		return p
	}
	copied := &node{kind: mapping, line: value.line, inherited: true}
	merge(copied, value, inner, section)
	return pair{p.key, p.line, copied}
}

// structOf is the struct behind t whose keys are merged, nil when there is none.
func structOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || isScalar(t) || t == reflect.TypeFor[config.Balance]() {
		return nil
	}
	return t
}
