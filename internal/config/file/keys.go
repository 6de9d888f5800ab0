package file

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"relais/internal/config"
	"relais/internal/config/spell"
)

// unknown reports a key of n that the section v does not have. When it is plain what was
// meant, the value is looked at too: its faults are told at once, and nothing is called missing.
func (d *decoder) unknown(p pair, n *node, v reflect.Value, at place) {
	meant, advice := advise(p.key, v.Type())
	d.report.fault(p.line, "unknown key %q; %s", p.key, advice)
	field, known := fieldOf(v.Type(), meant)
	switch {
	case !known:
		d.broken[at.key(p.key).path] = true
	case n.get(meant) != nil:
	case p.value.kind == scalar && structOf(field.Type) != nil:
		d.broken[at.key(meant).path] = true
	default:
		d.value(p.value, lineOf(p), v.FieldByIndex(field.Index), at.key(meant))
	}
}

// advise finds what an admin meant by key, a key of t if there is one, and says what to do.
func advise(key string, t reflect.Type) (meant, advice string) {
	known := keysOf(t)
	plain := strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(key))
	if slices.Contains(known, plain) {
		return plain, fmt.Sprintf("did you mean %q?", plain)
	}
	if advice := haproxy()[plain]; advice != "" {
		return "", advice
	}
	for _, name := range foreign()[plain] {
		if slices.Contains(known, name) {
			return name, fmt.Sprintf("did you mean %q?", name)
		}
	}
	if home := homeOf(plain, t); home != "" {
		return "", "it belongs to " + home
	}
	if near := spell.Nearest(plain, known); near != "" {
		return near, fmt.Sprintf("did you mean %q?", near)
	}
	for _, name := range foreign()[plain] {
		if home := homeOf(name, t); home != "" {
			return "", fmt.Sprintf("did you mean %q? it belongs to %s", name, home)
		}
	}
	return "", "known here: " + strings.Join(known, ", ")
}

// keysOf lists the keys of a section.
func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		if key := f.Tag.Get("yaml"); key != "" { // an embedded struct has none
			keys = append(keys, key)
		}
	}
	if t == reflect.TypeFor[config.Config]() {
		keys = append(keys, "include", "defaults")
	}
	return keys
}

// section is a struct of the configuration and its name in messages.
type section struct {
	t    reflect.Type
	name string
}

func sections() []section {
	return []section{
		{reflect.TypeFor[config.Config](), "the top of the file"},
		{reflect.TypeFor[config.Log](), "log"},
		{reflect.TypeFor[config.AccessLog](), "access_log"},
		{reflect.TypeFor[config.Explain](), "explain"},
		{reflect.TypeFor[config.Syslog](), "syslog of a log"},
		{reflect.TypeFor[config.Stats](), "stats"},
		{reflect.TypeFor[config.User](), "users of stats"},
		{reflect.TypeFor[config.AdminSocket](), "admin_socket"},
		{reflect.TypeFor[config.Resolvers](), "resolvers"},
		{reflect.TypeFor[config.Limits](), "limits"},
		{reflect.TypeFor[config.Frontend](), "a frontend"},
		{reflect.TypeFor[config.Bind](), "a bind"},
		{reflect.TypeFor[config.AcceptProxy](), "accept_proxy"},
		{reflect.TypeFor[config.TLS](), "tls of a bind"},
		{reflect.TypeFor[config.Certificate](), "a certificate"},
		{reflect.TypeFor[config.Backend](), "a backend"},
		{reflect.TypeFor[config.Timeouts](), "timeout"},
		{reflect.TypeFor[config.HealthCheck](), "health_check"},
		{reflect.TypeFor[config.Server](), "a server"},
		{reflect.TypeFor[config.ServerTLS](), "tls of a server"},
		{reflect.TypeFor[config.Monitor](), "monitor"},
		{reflect.TypeFor[config.Match](), "if of an edit"},
		{reflect.TypeFor[config.FieldMatch](), "a condition"},
		{reflect.TypeFor[config.Edit](), "request or response"},
		{reflect.TypeFor[config.Replace](), "replace_path"},
		{reflect.TypeFor[config.Rule](), "a rule"},
		{reflect.TypeFor[config.Split](), "split"},
		{reflect.TypeFor[config.Redirect](), "redirect"},
		{reflect.TypeFor[config.Return](), "return"},
		{reflect.TypeFor[config.RateLimit](), "rate_limit"},
		{reflect.TypeFor[config.Concurrency](), "concurrency"},
		{reflect.TypeFor[balanceForm](), "balance"},
		{reflect.TypeFor[config.URI](), "uri of balance"},
		{reflect.TypeFor[randomForm](), "random of balance"},
		{reflect.TypeFor[config.Hash](), "hash"},
		{reflect.TypeFor[config.RetryBudget](), "retry_budget"},
		{reflect.TypeFor[config.Cookie](), "cookie"},
		{reflect.TypeFor[config.Step](), "a step of a check"},
		{reflect.TypeFor[config.Agent](), "agent_check"},
	}
}

// homeOf names the sections that have key, for one that stands in t. Empty when none has it,
// or so many that their names help nobody.
func homeOf(key string, t reflect.Type) string {
	switch {
	case t == defaultsType() && isOwn(key):
		return "each frontend and backend itself, never to defaults"
	case t == reflect.TypeFor[config.Config]() && key == "maxconn": // HAProxy has it in global
		return "limits, or to one frontend or server"
	case t == reflect.TypeFor[config.Config]() && key == "port":
		return "the bind of stats or of a frontend"
	case t == reflect.TypeFor[config.Config]() && slices.Contains(keysOf(defaultsType()), key):
		return "defaults, or to one frontend or backend"
	}
	var homes []string
	for _, s := range sections() {
		if slices.Contains(keysOf(s.t), key) {
			homes = append(homes, s.name)
		}
	}
	if len(homes) > 4 {
		return ""
	}
	return strings.Join(homes, " or to ")
}
