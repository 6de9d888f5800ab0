package file

import (
	"reflect"
	"slices"
	"strings"

	"relais/internal/config"
)

// healthCheck decodes a mapping or a path. What is for checks of another type cannot stand beside
// it, and is left alone in defaults.
func (d *decoder) healthCheck(n *node, line spot, v reflect.Value, at place) {
	if n.kind == scalar && !strings.HasPrefix(n.text, "/") {
		d.fault(line, at, "%q is not a path; write one such as /health, or off, or a mapping such as {type: tcp}", n.text)
		return
	}
	check := config.NewHealthCheck()
	v.Set(reflect.ValueOf(check))
	n = longForm(n, v.Type())
	d.structure(n, line, v.Elem(), at)
	if !slices.Contains([]string{"http", "tcp", "mysql", "redis"}, check.Type) {
		return
	}
	for i := range v.Elem().NumField() {
		key := v.Elem().Type().Field(i).Tag.Get("yaml")
		types := checksWith(key)
		if types == nil || slices.Contains(types, check.Type) {
			continue
		}
		v.Elem().Field(i).SetZero()
		if own := slices.IndexFunc(n.pairs, func(p pair) bool { return p.key == key && !p.value.inherited }); own >= 0 {
			d.fault(n.pairs[own].line, at.key(key), "checks of type %s have none; remove it, or write type: %s", check.Type, strings.Join(types, " or type: "))
		}
	}
}

// checksWith lists the types of checks that have a key; nil means all.
func checksWith(key string) []string {
	switch key {
	case "method", "path", "version", "host", "headers", "body", "expect_status", "expect_header", "expect_string",
		"expect_regex", "disable_on_404":
		return []string{"http"}
	case "steps":
		return []string{"tcp"}
	case "user", "password_file":
		return []string{"mysql", "redis"}
	}
	return nil
}
