package plan

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"relais/internal/config"
)

// identity is the key by which the elements of lists of t are matched; empty: by all of their
// content.
func identity(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[*config.Frontend](), reflect.TypeFor[*config.Backend](), reflect.TypeFor[*config.Server](), reflect.TypeFor[config.User](),
		reflect.TypeFor[config.Frontend](), reflect.TypeFor[config.Backend](), reflect.TypeFor[config.Server]():
		return "name"
	case reflect.TypeFor[config.Bind]():
		return "address"
	case reflect.TypeFor[config.Certificate]():
		return "cert"
	case reflect.TypeFor[config.Split]():
		return "backend"
	}
	return ""
}

// named compares lists whose elements have names.
func (d *differ) named(at place, a, b reflect.Value) {
	from, to := namesOf(a), namesOf(b)
	m := match(from, to)
	for i, name := range from {
		if m.to[i] < 0 {
			d.alone(at, Remove, name, a.Index(i))
		}
	}
	for j, name := range to {
		i, inner := m.from[j], element(at, b.Index(j), name)
		if i < 0 {
			d.alone(at, Add, name, b.Index(j))
			continue
		}
		if m.moved[j] {
			d.add(inner, Move, fmt.Sprintf("place %d to %d", i, j), "")
		}
		d.both(inner, a.Index(i), b.Index(j))
	}
}

// both compares two elements of one name.
func (d *differ) both(at place, a, b reflect.Value) {
	if certificate, ok := a.Interface().(config.Certificate); ok {
		d.certificate(at, certificate, b.Interface().(config.Certificate))
		return
	}
	if a.Kind() != reflect.Pointer || a.Pointer() != b.Pointer() {
		d.structure(at, pointed(a), pointed(b))
	}
}

// alone adds an element that only one of the two lists has; the binds of a frontend are changes of
// their own.
func (d *differ) alone(at place, action, name string, v reflect.Value) {
	inner := element(at, v, name)
	d.one(inner, action, v)
	if f, ok := v.Interface().(*config.Frontend); ok {
		for i := range f.Bind {
			d.alone(inner.enter("bind"), action, f.Bind[i].Address, reflect.ValueOf(f.Bind[i]))
		}
	}
}

// element is the place of a named element.
func element(at place, v reflect.Value, name string) place {
	switch pointed(v).Type() {
	case reflect.TypeFor[config.Frontend]():
		return at.ofFrontend(name)
	case reflect.TypeFor[config.Backend]():
		return at.ofBackend(name)
	case reflect.TypeFor[config.Server]():
		return at.ofServer(name)
	case reflect.TypeFor[config.Bind]():
		return at.ofBind(name)
	}
	return at.item(name)
}

// list compares lists whose elements have nothing but their content.
func (d *differ) list(at place, a, b reflect.Value) {
	from, to := contentsOf(a, at.last), contentsOf(b, at.last)
	if slices.Equal(from, to) {
		return
	}
	m := match(from, to)
	m.pair(func(i, j int) bool { return nearlySame(a.Index(i), b.Index(j)) })
	index := func(n int) place { return at.item(strconv.Itoa(n)) }
	for i := range from {
		if m.to[i] < 0 {
			d.one(index(i), Remove, a.Index(i))
		}
	}
	for j := range to {
		switch i := m.from[j]; {
		case i < 0:
			d.one(index(j), Add, b.Index(j))
		case m.moved[j]:
			d.add(index(j), Move, fmt.Sprintf("%s[%d]", at.last, i), summary(b.Index(j), at.last))
		default:
			d.structure(index(j), a.Index(i), b.Index(j))
		}
	}
}

// nearlySame tells whether two elements are one that was edited: they differ in one key.
func nearlySame(a, b reflect.Value) bool { return differing(a, b) <= 1 }

func differing(a, b reflect.Value) (n int) {
	for i := range a.NumField() {
		f := a.Type().Field(i)
		switch key := f.Tag.Get("yaml"); {
		case f.Anonymous:
			n += differing(a.Field(i), b.Field(i))
		case key != "" && content(a.Field(i), key) != content(b.Field(i), key):
			n++
		}
	}
	return n
}

// words compares lists of single values, which are shown as a whole, or without what they have in
// common if they are long.
func (d *differ) words(at place, a, b reflect.Value) {
	from, to := contentsOf(a, at.last), contentsOf(b, at.last)
	if slices.Equal(from, to) {
		return
	}
	before, after := bracketed(from), bracketed(to)
	if len(before)+len(after) > longest {
		before, after = bracketed(others(from, to)), bracketed(others(to, from))
	}
	if before == after {
		before, after = "", "has another order"
	}
	d.add(at, Modify, before, after)
}

// others returns those of list that the other one has not, with dots for the rest.
func others(list, other []string) (left []string) {
	in := map[string]bool{}
	for _, s := range other {
		in[s] = true
	}
	for _, s := range list {
		if !in[s] {
			left = append(left, s)
		}
	}
	if most := 8; len(left) > most {
		left = append(left[:most:most], fmt.Sprintf("%d more", len(left)-most))
	}
	if len(left) < len(list) {
		left = append(left, "...")
	}
	return left
}

func namesOf(list reflect.Value) []string {
	names := make([]string, list.Len())
	for i := range names {
		switch x := pointed(list.Index(i)); x.Type() {
		case reflect.TypeFor[config.Bind]():
			names[i] = x.Interface().(config.Bind).Address
		case reflect.TypeFor[config.Certificate]():
			names[i] = x.Interface().(config.Certificate).Cert.String()
		case reflect.TypeFor[config.Split]():
			names[i] = x.Interface().(config.Split).Backend
		default:
			names[i] = x.FieldByName("Name").String()
		}
	}
	return names
}

func contentsOf(list reflect.Value, key string) []string {
	all := make([]string, list.Len())
	for i := range all {
		all[i] = content(list.Index(i), key)
	}
	return all
}

func pointed(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Pointer {
		return v.Elem()
	}
	return v
}
