package config

import (
	"fmt"
	"slices"
	"strings"

	"relais/internal/config/spell"
)

// Piece is a part of a value with variables: either Text as it is, or the name of a Variable.
type Piece struct{ Text, Variable string }

// variables lists what values of edits and redirects may hold.
func variables() []string {
	return []string{"client_ip", "client_port", "request_id", "host", "path", "query", "method", "scheme", "tls_version",
		"tls_cipher", "frontend", "backend", "server", "status"}
}

// ParseTemplate cuts a value up at its variables, written {host}; {{ is a brace. Its error says
// what to write instead.
func ParseTemplate(s string) ([]Piece, error) {
	var pieces []Piece
	text := ""
	for {
		before, after, found := strings.Cut(s, "{")
		text += before
		if !found {
			break
		}
		if rest, doubled := strings.CutPrefix(after, "{"); doubled {
			text, s = text+"{", rest
			continue
		}
		name, rest, closed := strings.Cut(after, "}")
		switch {
		case !closed:
			return nil, fmt.Errorf("%q has a variable that is not closed; write } behind its name, or {{ for a brace", "{"+name)
		case !slices.Contains(variables(), name):
			return nil, fmt.Errorf("variable {%s} is not known; %s, or {{ for a brace", name, variableAdvice(name))
		}
		if text != "" {
			pieces = append(pieces, Piece{Text: text})
		}
		pieces = append(pieces, Piece{Variable: name})
		text, s = "", rest
	}
	if text != "" {
		pieces = append(pieces, Piece{Text: text})
	}
	return pieces, nil
}

func variableAdvice(name string) string {
	if near := spell.Nearest(strings.ToLower(name), variables()); near != "" {
		return fmt.Sprintf("write {%s}", near)
	}
	return "write {" + strings.Join(variables(), "}, {") + "}"
}

// template looks at a value with variables. unknown are those that nobody knows yet where it stands.
func (v *validator) template(path, value string, unknown ...string) {
	if !isFieldText(value) {
		v.fault(path, "%q holds a control character; remove it", value)
		return
	}
	pieces, err := ParseTemplate(value)
	if err != nil {
		v.fault(path, "%s", err)
		return
	}
	for _, p := range pieces {
		if slices.Contains(unknown, p.Variable) {
			v.fault(path, "{%s} is not known here yet; remove it", p.Variable)
		}
	}
}
