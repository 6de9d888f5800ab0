package file

import (
	"reflect"
	"strings"

	"relais/internal/config"
)

// longForm turns the short form of a section, a single value, into the mapping it stands for.
func longForm(n *node, t reflect.Type) *node {
	key := shortKey(t)
	if key == "" || n.kind != scalar || n.bad || n.null || isOff(n, t) {
		return n
	}
	long := &node{kind: mapping, line: n.line, short: true, inherited: n.inherited}
	first := *n
	if t == reflect.TypeFor[config.FieldMatch]() {
		if i := strings.IndexAny(n.text, ":="); i > 0 { // X-Ready: yes, or lang=en
			value := *n
			first.text, value.text = strings.TrimSpace(n.text[:i]), strings.TrimSpace(n.text[i+1:])
			long.pairs = append(long.pairs, pair{"value", n.line, &value})
		}
	}
	long.pairs = append(long.pairs, pair{key, n.line, &first})
	return long
}

// shortKey is the key that the short form of a section stands for; empty: it has none.
func shortKey(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[config.AccessLog]():
		return "output"
	case reflect.TypeFor[config.Explain]():
		return "mode"
	case reflect.TypeFor[config.Bind]():
		return "address"
	case reflect.TypeFor[*config.HealthCheck](), reflect.TypeFor[*config.Monitor]():
		return "path"
	case reflect.TypeFor[*config.Cookie](), reflect.TypeFor[config.FieldMatch]():
		return "name"
	case reflect.TypeFor[*config.AdminSocket]():
		return "path"
	case reflect.TypeFor[*config.Agent]():
		return "port"
	case reflect.TypeFor[*config.Redirect]():
		return "location"
	case reflect.TypeFor[*config.Concurrency]():
		return "requests"
	}
	return ""
}

// isOff tells whether n turns a section off, that defaults may have turned on.
func isOff(n *node, t reflect.Type) bool {
	if n.kind != scalar {
		return false
	}
	switch t {
	case reflect.TypeFor[*config.HealthCheck](), reflect.TypeFor[*config.Monitor](),
		reflect.TypeFor[*config.Cookie](), reflect.TypeFor[*config.Agent]():
		return n.text == "off"
	case reflect.TypeFor[*config.AdminSocket]():
		return n.text == "off" || n.text == ""
	}
	return false
}

// mayStandAlone tells whether an element that is no single value stands for a list of one.
func mayStandAlone(elem reflect.Type) bool {
	return shortKey(elem) != "" || elem == reflect.TypeFor[config.Edit]() || elem == reflect.TypeFor[config.User]()
}
