package plan

import (
	"fmt"
	"io/fs"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"relais/internal/config"
)

// longest is how many characters of a value are shown.
const longest = 90

// isScalar tells whether a value of the type is one word of the file.
func isScalar(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[config.Path](), reflect.TypeFor[config.Balance](), reflect.TypeFor[config.StatusRanges](), reflect.TypeFor[netip.Prefix]():
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Struct, reflect.Pointer:
		return false
	}
	return true
}

// format is a value as in the file, without secrets and shortened.
func format(v reflect.Value, key string) string {
	if isHidden(key, "") && !v.IsZero() {
		return secret
	}
	return shorten((&writer{}).value(v, key))
}

// content is a value as in the file with everything that it holds, the content of files too: two
// values are the same if it is.
func content(v reflect.Value, key string) string { return (&writer{whole: true}).value(v, key) }

// writer writes values as YAML in one line.
type writer struct {
	whole bool // secrets, defaults and the content of files too
}

func (w *writer) value(v reflect.Value, key string) string {
	switch t := v.Type(); {
	case w.whole && t == reflect.TypeFor[config.Path]():
		p := v.Interface().(config.Path)
		return fmt.Sprintf("%q %q", p, contentOf(p, key))
	case isScalar(t):
		return text(v)
	case t.Kind() == reflect.Pointer && v.IsNil():
		return "none"
	case t.Kind() == reflect.Pointer:
		return w.value(v.Elem(), key)
	case t.Kind() == reflect.Struct:
		return "{" + strings.Join(w.fields(v), ", ") + "}"
	case t.Kind() == reflect.Map:
		return "{" + strings.Join(w.pairs(v, key), ", ") + "}"
	}
	var items []string
	for i := range v.Len() {
		items = append(items, w.value(v.Index(i), key))
	}
	if len(items) == 1 && isScalar(v.Type().Elem()) && !w.whole {
		return items[0]
	}
	return bracketed(items)
}

// fields writes those fields of a struct that say something.
func (w *writer) fields(v reflect.Value) (fields []string) {
	usual := usualOf(v.Type())
	about := ""
	if name := v.FieldByName("Name"); name.IsValid() {
		about = name.String()
	}
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		key := f.Tag.Get("yaml")
		switch {
		case f.Anonymous:
			fields = append(fields, w.fields(value)...)
			continue
		case key == "" || !w.whole && !says(key, value, usual, i):
			continue
		}
		written := secret
		if w.whole || !isHidden(key, about) {
			written = w.value(value, key)
		}
		fields = append(fields, key+": "+written)
	}
	return fields
}

// says tells whether field i of a struct is worth being shown: it has another value than usual, or
// tells what the struct is about.
func says(key string, v, usual reflect.Value, i int) bool {
	switch {
	case !usual.IsValid() || v.IsZero() && !isScalar(v.Type()) || isEmpty(v):
		return !v.IsZero() && !isEmpty(v)
	case key == "path" || key == "name" || key == "address":
		return !v.IsZero()
	}
	return !reflect.DeepEqual(v.Interface(), usual.Field(i).Interface())
}

func isEmpty(v reflect.Value) bool {
	return (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0
}

func (w *writer) pairs(v reflect.Value, key string) (pairs []string) {
	for _, k := range keysOf(v, v) {
		written := secret
		if w.whole || !isHidden(key, text(k)) {
			written = w.value(v.MapIndex(k), key)
		}
		pairs = append(pairs, text(k)+": "+written)
	}
	return pairs
}

// keysOf returns the keys that one of two maps has, sorted.
func keysOf(a, b reflect.Value) []reflect.Value {
	keys := a.MapKeys()
	for _, k := range b.MapKeys() {
		if !a.MapIndex(k).IsValid() {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(text(x), text(y)) })
	return keys
}

// text is a single value as in the file.
func text(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case string:
		return quoted(x)
	case time.Duration:
		return duration(x)
	case fs.FileMode:
		return fmt.Sprintf("%04o", x)
	case netip.Prefix:
		if x.IsSingleIP() {
			return x.Addr().String()
		}
		return x.String()
	case config.Path:
		return pathName(x)
	case config.Balance:
		return balance(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return fmt.Sprint(v.Interface())
}

// duration writes 1h30m, not 1h30m0s.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func balance(b config.Balance) string {
	inner := strings.Join((&writer{}).fields(reflect.ValueOf(b.URI)), ", ")
	switch {
	case b.Algorithm == "uri" && inner != "":
		return "{uri: {" + inner + "}}"
	case b.Algorithm == "header":
		return "{header: " + quoted(b.Header) + "}"
	case b.Algorithm == "random" && b.Draws != 2:
		return fmt.Sprintf("{random: {draws: %d}}", b.Draws)
	}
	return b.Algorithm
}

// quoted is s with quotes where it could be misread.
func quoted(s string) string {
	if s == "" || strings.TrimSpace(s) != s || strings.ContainsAny(s, "{}[],\"\\") || strings.Contains(s, ": ") || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

func bracketed(items []string) string { return "[" + strings.Join(items, ", ") + "]" }

func pathName(p config.Path) string {
	if p.None() {
		return "none"
	}
	return quoted(p.String())
}

// shorten cuts what is too long for a line.
func shorten(s string) string {
	runes := []rune(s)
	if len(runes) <= longest {
		return s
	}
	return string(runes[:longest-3]) + "..."
}

// usualOf is a struct of the type with every default; not valid: the defaults are zero.
func usualOf(t reflect.Type) reflect.Value {
	var usual any
	switch t {
	case reflect.TypeFor[config.Frontend]():
		usual = config.NewFrontend()
	case reflect.TypeFor[config.Backend]():
		usual = config.NewBackend()
	case reflect.TypeFor[config.Server]():
		usual = config.NewServer()
	case reflect.TypeFor[config.HealthCheck]():
		usual = config.NewHealthCheck()
	case reflect.TypeFor[config.AdminSocket]():
		usual = config.NewAdminSocket()
	case reflect.TypeFor[config.TLS]():
		usual = config.NewTLS()
	case reflect.TypeFor[config.ServerTLS]():
		usual = config.NewServerTLS()
	case reflect.TypeFor[config.Cookie]():
		usual = config.NewCookie()
	case reflect.TypeFor[config.Agent]():
		usual = config.NewAgent()
	case reflect.TypeFor[config.Monitor]():
		usual = config.NewMonitor()
	case reflect.TypeFor[config.Redirect]():
		usual = config.NewRedirect()
	case reflect.TypeFor[config.Return]():
		usual = config.NewReturn()
	case reflect.TypeFor[config.Split]():
		usual = config.NewSplit()
	default:
		return reflect.Value{}
	}
	return reflect.ValueOf(usual).Elem()
}
