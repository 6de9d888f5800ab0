package route

import (
	"fmt"
	"slices"
	"strings"
)

// Values are what the variables of a template stand for.
type Values interface {
	// AppendValue appends the value of the variable of that name, which is one of Variables.
	AppendValue(dst []byte, variable string) []byte
}

// template is a text with variables in braces.
type template []piece

// piece is a text, or a variable if that has a name.
type piece struct {
	text, variable string
}

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
func compileTemplate(text string, s scope) (t template, err error) {
	for text != "" {
		before, after, found := strings.Cut(text, "{")
		t = t.with(piece{text: before})
		if !found {
			break
		}
		if rest, brace := strings.CutPrefix(after, "{"); brace {
			t = t.with(piece{text: "{"})
			text = rest
			continue
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("%q has a { without a }; write {{ for a brace", text)
		}
		if err := s.check(name); err != nil {
			return nil, err
		}
		t = t.with(piece{variable: name})
		text = rest
	}
	return t, nil
}

// with adds a piece. Texts that follow each other become one.
func (t template) with(p piece) template {
	last := len(t) - 1
	switch {
	case p == piece{}:
		return t
	case last >= 0 && p.variable == "" && t[last].variable == "":
		t[last].text += p.text
		return t
	}
	return append(t, p)
}

// check tells what is wrong with a variable.
func (s scope) check(name string) error {
	known := slices.Concat(variables[:s+1]...)
	switch {
	case slices.Contains(known, name):
		return nil
	case slices.Contains(Variables(), name):
		return fmt.Errorf("{%s} is not known yet; write one of {%s}", name, strings.Join(known, "} {"))
	}
	return fmt.Errorf("{%s} is no variable; write one of {%s}, or {{ for a brace", name, strings.Join(known, "} {"))
}

// append appends the text with what its variables stand for.
func (t template) append(dst []byte, values Values) []byte {
	for i := range t {
		if p := &t[i]; p.variable != "" {
			dst = values.AppendValue(dst, p.variable)
		} else {
			dst = append(dst, p.text...)
		}
	}
	return dst
}

// start is the text before the first variable.
func (t template) start() string {
	if len(t) == 0 {
		return ""
	}
	return t[0].text
}

// fixed tells whether the template has no variables.
func (t template) fixed() bool { return len(t) == 0 || len(t) == 1 && t[0].variable == "" }

// names tells whether a variable is in the template.
func (t template) names(variable string) bool {
	return slices.ContainsFunc(t, func(p piece) bool { return p.variable == variable })
}
