package route

import (
	"fmt"
	"slices"
	"strings"

	"relais/internal/config"
)

// Values are what the variables of a template stand for.
type Values interface {
	// AppendValue appends the value of the variable of that name, which is one of Variables.
	AppendValue(dst []byte, variable string) []byte
}

// template is a text with variables in braces.
type template []config.Piece

// scope says where a template stands, and so what is known there.
type scope uint8

const (
	inRedirect scope = iota // no backend has been chosen
	inRequest               // no server has been chosen
	inResponse
)

// variables are in the order of the scopes from which on they are known.
var variables = [...][]string{
	inRedirect: {
		"client_ip", "client_port", "request_id", "host", "path", "query", "method", "scheme",
		"tls_version", "tls_cipher", "frontend",
	},
	inRequest:  {"backend"},
	inResponse: {"server", "status"},
}

// Variables are the names of all variables.
func Variables() []string { return slices.Concat(variables[:]...) }

// compileTemplate reads a text in which {name} is a variable and {{ a brace.
func compileTemplate(text string, s scope) (template, error) {
	pieces, err := config.ParseTemplate(text)
	if err != nil {
		return nil, err
	}
	for _, p := range pieces {
		if p.Variable == "" {
			continue
		}
		if err := s.check(p.Variable); err != nil {
			return nil, err
		}
	}
	return pieces, nil
}

// check tells what is wrong with a variable.
func (s scope) check(name string) error {
	known := slices.Concat(variables[:s+1]...)
	if slices.Contains(known, name) {
		return nil
	}
	return fmt.Errorf("{%s} is not known here yet; write one of {%s}", name, strings.Join(known, "} {"))
}

// append appends the text with what its variables stand for.
func (t template) append(dst []byte, values Values) []byte {
	for i := range t {
		if p := &t[i]; p.Variable != "" {
			dst = values.AppendValue(dst, p.Variable)
		} else {
			dst = append(dst, p.Text...)
		}
	}
	return dst
}

// start is the text before the first variable.
func (t template) start() string {
	if len(t) == 0 {
		return ""
	}
	return t[0].Text
}

// fixed tells whether the template has no variables.
func (t template) fixed() bool { return len(t) == 0 || len(t) == 1 && t[0].Variable == "" }

// names tells whether a variable is in the template.
func (t template) names(variable string) bool {
	return slices.ContainsFunc(t, func(p config.Piece) bool { return p.Variable == variable })
}
