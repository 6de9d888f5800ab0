package prom

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"relais/stats"
)

// The faults of a query.
var (
	errScope = errors.New("unknown scope: it is one of global, frontend, backend, server, listener, sticktable, resolver, * for all of them, or empty for none")
	errValue = errors.New("a value is missing")
	errEqual = errors.New("one = too many")
)

// global is the scope of what concerns the whole process.
const global stats.Scope = -1

// scopes are those that there is something of. The others of HAProxy are known and empty.
var scopes = [...]stats.Scope{global, stats.Frontend, stats.Backend, stats.Server}

// selection is what a scrape asks for.
type selection struct {
	scopes  map[stats.Scope]bool
	names   map[string]bool // of metrics: whether they are wanted
	only    bool            // those that are not in names are not
	noMaint bool            // leaves out servers in maintenance
}

// parseSelection understands what HAProxy's exporter does, in the same way: scope=S, repeatable
// and in order, where "" takes back those before and * is all of them; metrics=A,B,-C; no-maint.
// As there, other parameters are left alone.
func parseSelection(query string) (selection, error) {
	s := selection{scopes: map[stats.Scope]bool{}, names: map[string]bool{}}
	scoped := false
	for parameter := range strings.SplitSeq(query, "&") {
		key, value, given, err := parseParameter(parameter)
		switch {
		case err != nil:
		case (key == "scope" || key == "metrics") && !given:
			err = errValue
		case key == "scope":
			scoped, err = true, s.addScope(value)
		case key == "metrics":
			s.addNames(value)
		case key == "no-maint":
			s.noMaint = true
		}
		if err != nil {
			return selection{}, fmt.Errorf("read parameter %q: %w", parameter, err)
		}
	}
	if !scoped {
		_ = s.addScope("*") // which is one
	}
	return s, nil
}

// parseParameter splits and decodes one.
func parseParameter(parameter string) (key, value string, given bool, err error) {
	key, value, given = strings.Cut(parameter, "=")
	if strings.Contains(value, "=") {
		return "", "", false, errEqual
	}
	if key, err = url.QueryUnescape(key); err == nil {
		value, err = url.QueryUnescape(value)
	}
	return key, value, given, err
}

// addScope adds one, or all, or takes all back. Of the scopes that are modules of HAProxy's
// exporter it compares the beginning only, so that "resolvers" is one too.
func (s *selection) addScope(name string) error {
	switch {
	case name == "":
		clear(s.scopes)
	case name == "*":
		for _, scope := range scopes {
			s.scopes[scope] = true
		}
	case name == "global":
		s.scopes[global] = true
	case name == "frontend":
		s.scopes[stats.Frontend] = true
	case name == "backend":
		s.scopes[stats.Backend] = true
	case name == "server":
		s.scopes[stats.Server] = true
	case name == "listener", strings.HasPrefix(name, "sticktable"), strings.HasPrefix(name, "resolver"):
	default:
		return errScope
	}
	return nil
}

// addNames adds a list of metrics. One without a minus is enough to want none but those.
func (s *selection) addNames(list string) {
	for name := range strings.SplitSeq(list, ",") {
		name, unwanted := strings.CutPrefix(name, "-")
		if name == "" {
			continue
		}
		s.names[name] = !unwanted
		s.only = s.only || !unwanted
	}
}

// wants tells whether the metric was asked for.
func (s *selection) wants(scope stats.Scope, name string) bool {
	named, known := s.names[name]
	return s.scopes[scope] && (named || !known && !s.only)
}
