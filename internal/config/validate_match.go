package config

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// everything tells whether no request is left out.
func (m *Match) everything() bool {
	return len(m.Host) == 0 && len(m.Path) == 0 && (len(m.PathPrefix) == 0 || slices.Contains(m.PathPrefix, "/")) &&
		m.PathRegex == "" && len(m.Method) == 0 && len(m.Header) == 0 && len(m.Query) == 0 && len(m.Source) == 0
}

func (v *validator) match(path string, m *Match) {
	each := func(key string, values []string, fault func(string) string) {
		for i, value := range values {
			v.refuse(fmt.Sprintf("%s.%s[%d]", path, key, i), fault(value))
		}
	}
	each("host", m.Host, hostPatternFault)
	each("path", m.Path, pathFault)
	each("path_prefix", m.PathPrefix, pathFault)
	v.regex(path+".path_regex", m.PathRegex)
	each("method", m.Method, methodFault)
	for i, f := range m.Header {
		v.fieldMatch(fmt.Sprintf("%s.header[%d]", path, i), f, fieldNameFault)
	}
	for i, f := range m.Query {
		v.fieldMatch(fmt.Sprintf("%s.query[%d]", path, i), f, parameterFault)
	}
}

// hostPatternFault wants a name, an address, or *. and a name.
func hostPatternFault(host string) string {
	if _, after, found := strings.Cut(host, "://"); found {
		name, _, _ := strings.Cut(after, "/")
		return fmt.Sprintf("%q is a URL; write %q", host, name)
	}
	below, wild := strings.CutPrefix(host, "*.")
	name, port, hasPort := strings.Cut(below, ":")
	switch {
	case host == "*":
		return "* is every host; remove it, a rule without host is for all of them"
	case isHost(below), !wild && isHost(strings.Trim(host, "[]")):
		return ""
	case hasPort && isHost(name) && strings.Trim(port, "0123456789") == "":
		return fmt.Sprintf("%q has a port, which is not looked at; write %q", host, strings.TrimSuffix(host, ":"+port))
	case strings.Contains(host, "*"):
		return fmt.Sprintf("%q has a star where none can be; write one such as *.example.com, for all names below example.com", host)
	}
	return fmt.Sprintf("%q is not a host; write a name such as api.example.com, or *.example.com for all below it", host)
}

func pathFault(path string) string {
	switch {
	case path == "":
		return "missing; write a path such as /api/"
	case !strings.HasPrefix(path, "/"):
		return fmt.Sprintf("%q does not begin with /; write %q", path, "/"+path)
	case strings.Contains(path, "?"):
		return fmt.Sprintf("%q holds a query, which is not part of a path; write %q", path, path[:strings.Index(path, "?")])
	case strings.Contains(path, "#") || !isVisible(path):
		return fmt.Sprintf("%q holds a character that a path cannot have; write it percent-encoded, such as %%20 for a space", path)
	}
	return ""
}

func fieldNameFault(name string) string {
	switch {
	case name == "":
		return "missing; write the name of a header field, such as X-User"
	case !isToken(name):
		return fmt.Sprintf("%q is not the name of a header field; write one such as X-User", name)
	}
	return ""
}

func parameterFault(name string) string {
	if name == "" {
		return "missing; write the name of a parameter of the query, such as lang"
	}
	return ""
}

func (v *validator) fieldMatch(path string, f FieldMatch, nameFault func(string) string) {
	v.refuse(path+".name", nameFault(f.Name))
	var given []string
	for _, test := range []struct {
		key   string
		given bool
	}{{"value", f.Value != ""}, {"prefix", f.Prefix != ""}, {"regex", f.Regex != ""}, {"absent", f.Absent}} {
		if test.given {
			given = append(given, test.key)
		}
	}
	if len(given) > 1 {
		v.fault(path, "%s and %s cannot both hold; write one of them", given[0], given[1])
	}
	v.regex(path+".regex", f.Regex)
}

// regex refuses what RE2 cannot read; an empty expression is none.
func (v *validator) regex(path, expression string) {
	if _, err := regexp.Compile(expression); err != nil {
		v.fault(path, "%s", regexAdvice(expression, err))
	}
}

// regexAdvice says where the fault is.
func regexAdvice(expression string, err error) string {
	fault, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return fmt.Sprintf("%q is not a regular expression: %v", expression, err)
	}
	where := ""
	if i := faultIndex(expression, fault); i >= 0 {
		where = fmt.Sprintf(" at character %d", utf8.RuneCountInString(expression[:i])+1)
	}
	advice := "correct it"
	if fault.Code == syntax.ErrInvalidPerlOp || fault.Code == syntax.ErrInvalidEscape {
		advice = "write it without look-around and back-references, which RE2 does not have"
	}
	return fmt.Sprintf("%q is not a regular expression: %s%s; %s", expression, fault.Code, where, advice)
}

// faultIndex is where the fault begins, -1 if that is unknown. Of parentheses the parser tells
// the whole expression only: the one at fault is where what stands before is well.
func faultIndex(expression string, fault *syntax.Error) int {
	isWell := func(end int) bool { _, err := regexp.Compile(expression[:end]); return err == nil }
	switch fault.Code {
	case syntax.ErrMissingParen:
		for i := len(expression) - 1; i >= 0; i-- {
			if expression[i] == '(' && isWell(i) {
				return i
			}
		}
	case syntax.ErrUnexpectedParen:
		for i := range expression {
			if expression[i] == ')' && isWell(i) && !isWell(i+1) {
				return i
			}
		}
	}
	return strings.Index(expression, fault.Expr)
}
