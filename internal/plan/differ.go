package plan

import (
	"reflect"

	"relais/internal/config"
)

// differ collects in what two values differ, as an admin wrote them: it follows the yaml tags, so
// that a new key of the configuration needs nothing here.
type differ struct{ changes []Change }

// structure compares the fields of two structs of one type.
func (d *differ) structure(at place, a, b reflect.Value) {
	t := a.Type()
	if m, ok := a.Interface().(config.FieldMatch); ok {
		at.about = m.Name
	}
	for i := range t.NumField() {
		x, y := a.Field(i), b.Field(i)
		if x.Comparable() && x.Equal(y) {
			continue
		}
		f := t.Field(i)
		key := f.Tag.Get("yaml")
		switch {
		case f.Anonymous:
			d.structure(at, x, y)
		case key == "" || key == identity(t): // set at run time, or what the two were matched by
		default:
			d.value(at.enter(key), x, y)
		}
	}
}

// value compares two values of one type.
func (d *differ) value(at place, a, b reflect.Value) {
	switch t := a.Type(); {
	case t == reflect.TypeFor[config.Path]():
		d.path(at, a.Interface().(config.Path), b.Interface().(config.Path))
	case isScalar(t):
		d.scalar(at, a, b)
	case t.Kind() == reflect.Pointer:
		d.pointer(at, a, b)
	case t.Kind() == reflect.Struct:
		d.structure(at, a, b)
	case t.Kind() == reflect.Map:
		d.dictionary(at, a, b)
	case t.Kind() == reflect.Slice && isScalar(t.Elem()):
		d.words(at, a, b)
	case t.Kind() == reflect.Slice && identity(t.Elem()) != "":
		d.named(at, a, b)
	case t.Kind() == reflect.Slice:
		d.list(at, a, b)
	}
}

func (d *differ) scalar(at place, a, b reflect.Value) {
	if a.Comparable() && a.Equal(b) || reflect.DeepEqual(a.Interface(), b.Interface()) {
		return
	}
	if isHidden(at.last, at.about) {
		d.add(at, Modify, "", "has other content")
		return
	}
	from, to := format(a, at.last), format(b, at.last)
	if from == to { // they differ behind what is shown
		from, to = "", "has other content"
	}
	d.add(at, Modify, from, to)
}

// pointer compares two sections that may be absent.
func (d *differ) pointer(at place, a, b reflect.Value) {
	switch {
	case a.IsNil() && b.IsNil() || a.Pointer() == b.Pointer():
	case a.IsNil():
		d.one(at, Add, b)
	case b.IsNil():
		d.one(at, Remove, a)
	default:
		d.structure(at, a.Elem(), b.Elem())
	}
}

// dictionary compares two mappings with keys of the admin's choice.
func (d *differ) dictionary(at place, a, b reflect.Value) {
	for _, key := range keysOf(a, b) {
		inner := at
		inner.path += "." + text(key)
		from, to := a.MapIndex(key), b.MapIndex(key)
		switch hidden := isHidden(at.last, text(key)); {
		case !from.IsValid():
			d.oneOf(inner, Add, to, hidden)
		case !to.IsValid():
			d.oneOf(inner, Remove, from, hidden)
		case hidden && !reflect.DeepEqual(from.Interface(), to.Interface()):
			d.add(inner, Modify, "", "has other content")
		case !hidden:
			d.value(inner, from, to)
		}
	}
}

func (d *differ) path(at place, a, b config.Path) {
	switch same := contentOf(a, at.last) == contentOf(b, at.last); {
	case a.String() != b.String() && same && !a.None() && !b.None():
		d.add(at, Modify, pathName(a), pathName(b)+", which has the same content")
	case a.String() != b.String():
		d.add(at, Modify, pathName(a), pathName(b))
	case !same:
		d.add(at, Modify, "", pathName(a)+" has other content")
	}
}

// one adds a value that only one of the two has.
func (d *differ) one(at place, action string, v reflect.Value) { d.oneOf(at, action, v, false) }

func (d *differ) oneOf(at place, action string, v reflect.Value, hidden bool) {
	shown := secret
	if !hidden {
		shown = summary(v, at.last)
	}
	if action == Add {
		d.add(at, Add, "", shown)
	} else {
		d.add(at, Remove, shown, "")
	}
}

func (d *differ) add(at place, action, from, to string) {
	d.changes = append(d.changes, Change{Action: action, Path: at.path, Class: at.class(), From: from, To: to, at: at})
}
