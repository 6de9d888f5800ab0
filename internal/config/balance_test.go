package config

import (
	"path/filepath"
	"slices"
	"testing"

	"relais/internal/testkit"
)

// The column algo has HAProxy's words.
func TestBalanceString(t *testing.T) {
	for want, b := range map[string]Balance{
		"roundrobin": NewBackend().Balance,
		"static-rr":  {Algorithm: "static-rr"},
		"uri":        {Algorithm: "uri", URI: URI{Whole: true}},
		"hdr":        {Algorithm: "header", Header: "X-User"},
		"random":     {Algorithm: "random", Draws: 3},
		"ewma":       {Algorithm: "ewma"},
	} {
		if got := b.String(); got != want {
			t.Errorf("%+v is shown as %q, want %q", b, got, want)
		}
	}
}

func TestRetryEvents(t *testing.T) {
	for _, test := range []struct{ words, want []string }{
		{nil, nil},
		{[]string{"none"}, nil},
		{[]string{"conn-failure", "503"}, []string{"conn-failure", "503"}},
		{[]string{"all-retryable-errors"}, []string{"conn-failure", "empty-response", "junk-response", "response-timeout", "500", "502", "503", "504"}},
		{[]string{"404", "all-retryable-errors", "503"}, []string{"conn-failure", "empty-response", "junk-response", "response-timeout", "500", "502", "503", "504", "404"}},
	} {
		if got := RetryEvents(test.words); !slices.Equal(got, test.want) {
			t.Errorf("RetryEvents(%v) = %v, want %v", test.words, got, test.want)
		}
	}
}

func TestLoadKey(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) Path {
		path := filepath.Join(dir, name)
		testkit.WriteFile(t, path, []byte(text))
		return NewPath(path)
	}
	for _, test := range []struct {
		path    Path
		want    string
		problem bool
	}{
		{Path{}, "", false},
		{file("line", "0123456789abcdef\n"), "0123456789abcdef", false},
		{file("windows", "0123456789abcdef\r\n"), "0123456789abcdef", false},
		{file("plain", "0123456789abcdef\n\n"), "0123456789abcdef\n", false},
		{file("short", "0123456789abcde\n"), "", true},
		{file("empty", "\n"), "", true},
		{NewPath(dir), "", true},
	} {
		if got, err := (&Cookie{KeyFile: test.path}).LoadKey(); string(got) != test.want || (err != nil) != test.problem {
			t.Errorf("%s: LoadKey = %q, %v; want %q", filepath.Base(test.path.String()), got, err, test.want)
		}
	}
}
