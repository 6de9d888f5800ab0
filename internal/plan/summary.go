package plan

import (
	"fmt"
	"reflect"
	"strings"

	"relais/internal/config"
)

// summary is what is told of a value that comes or goes.
func summary(v reflect.Value, key string) string {
	switch x := v.Interface().(type) {
	case *config.Frontend:
		return ofFrontend(x)
	case *config.Backend:
		return fmt.Sprintf("%s, %s, %s", x.Mode, balance(x.Balance), count(len(x.Servers), "server"))
	case *config.Server:
		return unnamed(v.Elem(), key)
	case config.Bind:
		return ofBind(&x)
	case config.Certificate:
		return describe(x)
	}
	return format(v, key)
}

func ofFrontend(f *config.Frontend) string {
	s := f.Mode
	if len(f.Rules) > 0 {
		s += ", " + count(len(f.Rules), "rule")
	}
	if f.DefaultBackend != "" {
		s += ", default_backend " + f.DefaultBackend
	}
	return s
}

// ofBind says what is spoken on a bind before HTTP.
func ofBind(b *config.Bind) string {
	var parts []string
	if b.TLS != nil {
		parts = append(parts, "tls, "+count(len(b.TLS.Certificates), "certificate"))
	}
	if b.AcceptProxy != nil {
		parts = append(parts, "accept_proxy")
	}
	if b.Mode != 0 {
		parts = append(parts, fmt.Sprintf("mode %04o", b.Mode))
	}
	if len(parts) == 0 {
		return "plain"
	}
	return strings.Join(parts, ", ")
}

// unnamed is a struct without its name, which stands in the path already.
func unnamed(v reflect.Value, key string) string {
	fields := (&writer{}).fields(v)
	if len(fields) > 0 && strings.HasPrefix(fields[0], "name: ") {
		fields = fields[1:]
	}
	return shorten("{" + strings.Join(fields, ", ") + "}")
}

// count is such as "1 server" or "3 servers".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
