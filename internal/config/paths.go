package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Paths returns the files that c names, each once, in an order that the same configuration always
// has.
func (c *Config) Paths() []Path {
	w := &pathWalk{seen: map[string]bool{}}
	w.walk(reflect.ValueOf(c).Elem())
	return w.found
}

type pathWalk struct {
	seen  map[string]bool
	found []Path
}

func (w *pathWalk) walk(v reflect.Value) {
	if !mayName(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			w.walk(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.walk(v.Index(i))
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, key := range keys {
			w.walk(v.MapIndex(key))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Path]() {
			w.add(v.Interface().(Path))
			return
		}
		for i := range v.NumField() {
			w.walk(v.Field(i))
		}
	}
}

func (w *pathWalk) add(path Path) {
	if !path.None() && !w.seen[path.name] {
		w.seen[path.name] = true
		w.found = append(w.found, path)
	}
}

// mayName tells whether values of type t can hold a Path.
func mayName(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return mayName(t.Elem())
	case reflect.Struct:
		return t.PkgPath() == reflect.TypeFor[Path]().PkgPath()
	}
	return false
}
