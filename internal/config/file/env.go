package file

import (
	"fmt"
	"regexp"
	"strings"
)

var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:[-?][^}]*)?\}`)

// expand replaces each ${VAR}, ${VAR:-default} and ${VAR:?message} of text, once: what a
// variable holds is not looked at again. As in a shell, the default stands in for an empty
// variable too. Every other $ stays. problem is empty when all went well.
func expand(text string, getenv func(string) (string, bool)) (expanded, problem string) {
	expanded = reference.ReplaceAllStringFunc(text, func(ref string) string {
		parts := reference.FindStringSubmatch(ref)
		value, fault := lookup(parts[1], parts[2], getenv)
		if fault != "" {
			problem = fault
		}
		return value
	})
	return expanded, problem
}

func lookup(name, operator string, getenv func(string) (string, bool)) (value, problem string) {
	value, set := getenv(name)
	_, rest, _ := strings.Cut(operator, ":")
	switch {
	case strings.Contains(rest, "${"):
		return "", fmt.Sprintf("${%s%s} holds another variable, which is not supported; write a plain text after %s", name, operator, operator[:2])
	case strings.HasPrefix(rest, "-") && value == "":
		return rest[1:], ""
	case strings.HasPrefix(rest, "?") && value == "":
		return "", fmt.Sprintf("variable %s is not set: %s", name, orElse(rest[1:], "set it before the start"))
	case !set:
		return "", fmt.Sprintf("variable %s is not set; set it before the start, or write ${%s:-default}", name, name)
	}
	return value, ""
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
