package access

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBasic(t *testing.T) {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, test := range []struct {
		field          string
		name, password string
		err            error
	}{
		{"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame", nil}, // RFC 7617 2
		{"Basic dGVzdDoxMjPCow==", "test", "123£", nil},                       // RFC 7617 2.1
		{"bAsIc  " + encode("a:b") + " ", "a", "b", nil},
		{"Basic " + encode("ops:a:b:"), "ops", "a:b:", nil},
		{"Basic " + encode(":"), "", "", nil},
		{"Basic " + encode("ops"), "", "", errEncoding},
		{"Basic", "", "", errEncoding},
		{"Basic ", "", "", errEncoding},
		{"Basic YTpi\n", "", "", errEncoding},
		{"Basic YTp", "", "", errEncoding},
		{"Basic YTp=", "", "", errEncoding},
		{"Basic " + base64.URLEncoding.EncodeToString([]byte("a:???>")), "", "", errEncoding},
		{"Basic " + encode("ops:\xff"), "", "", errText},
		{"Basic " + encode("ops:a\x00a"), "", "", errText},
		{"Basic " + encode("o\nps:a"), "", "", errText},
		{"Basic " + encode("ops:\u0085"), "", "", errText},
		{"Basic " + encode(strings.Repeat("n", 256)+":a"), "", "", errName},
		{"Basic " + encode("ops:"+strings.Repeat("é", 36)), "ops", strings.Repeat("é", 36), nil},
		{"Basic " + encode("ops:"+strings.Repeat("é", 36)+"a"), "", "", errPassword},
		{"Digest username=ops", "", "", errScheme},
		{"Bearer abc", "", "", errScheme},
		{"", "", "", errScheme},
	} {
		name, password, err := basic(test.field)
		if name != test.name || password != test.password || !errors.Is(err, test.err) {
			t.Errorf("%q: %q, %q, %v; want %q, %q, %v", test.field, name, password, err, test.name, test.password, test.err)
		}
	}
}

func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "basic  Og==", "Basic YTpi\n", "Bearer 0123456789abcdef", "Basic b3BzOgA="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		name, password, err := basic(field)
		if err != nil {
			if name != "" || password != "" {
				t.Errorf("%q: %q, %q with %v", field, name, password, err)
			}
			return
		}
		if strings.Contains(name, ":") || len(password) > 72 || len(name) > 255 || !utf8.ValidString(name+password) || strings.ContainsAny(name+password, "\x00\r\n\x7f") {
			t.Errorf("%q: %q, %q was taken", field, name, password)
		}
		want := base64.StdEncoding.EncodeToString([]byte(name + ":" + password))
		if got := strings.Trim(field[len("Basic"):], " "); got != want {
			t.Errorf("%q is not how %q, %q is written", field, name, password)
		}
	})
}
