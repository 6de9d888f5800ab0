package config

import (
	"slices"
	"testing"
)

func TestParseTemplate(t *testing.T) {
	for text, want := range map[string][]Piece{
		"":                          nil,
		"plain }":                   {{Text: "plain }"}},
		"{host}":                    {{Variable: "host"}},
		"a {host}:{client_port} b":  {{Text: "a "}, {Variable: "host"}, {Text: ":"}, {Variable: "client_port"}, {Text: " b"}},
		`{{"ip": "{client_ip}"}`:    {{Text: `{"ip": "`}, {Variable: "client_ip"}, {Text: `"}`}},
		"{{{{{path}{query}":         {{Text: "{{"}, {Variable: "path"}, {Variable: "query"}},
		"https://{host}{path}/{{x}": {{Text: "https://"}, {Variable: "host"}, {Variable: "path"}, {Text: "/{x}"}},
	} {
		if got, err := ParseTemplate(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("ParseTemplate(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"{host":       `"{host" has a variable that is not closed; write } behind its name, or {{ for a brace`,
		"{":           `"{" has a variable that is not closed; write } behind its name, or {{ for a brace`,
		"{HOST}":      "variable {HOST} is not known; write {host}, or {{ for a brace",
		"{client-ip}": "variable {client-ip} is not known; write {client_ip}, or {{ for a brace",
	} {
		if got, err := ParseTemplate(text); err == nil || err.Error() != want {
			t.Errorf("ParseTemplate(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
}

// What is parsed can be written again, and means the same.
func FuzzParseTemplate(f *testing.F) {
	for _, text := range []string{"", "plain", "{host}", "{{{path}}", "{", "a{nothing}b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pieces, err := ParseTemplate(text)
		if err != nil {
			return
		}
		again := ""
		for _, p := range pieces {
			if p.Variable != "" {
				again += "{" + p.Variable + "}"
			}
			for _, c := range []byte(p.Text) {
				if c == '{' {
					again += "{"
				}
				again += string([]byte{c})
			}
		}
		if again != text {
			t.Errorf("%q is %v, which is %q", text, pieces, again)
		}
	})
}
