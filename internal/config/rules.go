package config

import (
	"net/netip"
	"time"
)

// Match says which requests a rule is for: those for which everything that is given holds. Of a
// list one element is enough.
type Match struct {
	Host       []string       `yaml:"host"`        // names without their port; *.example.com stands for all below it
	Path       []string       `yaml:"path"`        // exactly, without the query
	PathPrefix []string       `yaml:"path_prefix"` //
	PathRegex  string         `yaml:"path_regex"`  // RE2
	Method     []string       `yaml:"method"`
	Header     []FieldMatch   `yaml:"header"`
	Query      []FieldMatch   `yaml:"query"` // parameters of the query, decoded
	Source     []netip.Prefix `yaml:"source"`
}

// FieldMatch looks at one header field or query parameter. With nothing but a name it must be
// there.
type FieldMatch struct {
	Name   string `yaml:"name"`
	Value  string `yaml:"value"`  // exactly
	Prefix string `yaml:"prefix"` //
	Regex  string `yaml:"regex"`  // RE2
	Absent bool   `yaml:"absent"` // it must not be there
}

// Rule decides what becomes of the requests that it matches. It has exactly one action; the first
// rule whose action decides is the last that is looked at.
type Rule struct {
	Match

	Backend     string       `yaml:"backend"`
	Split       []Split      `yaml:"split"`
	Redirect    *Redirect    `yaml:"redirect"`
	Return      *Return      `yaml:"return"`
	Deny        int          `yaml:"deny"`        // the status that says so
	RateLimit   *RateLimit   `yaml:"rate_limit"`  // decides only about requests beyond it: 429
	Concurrency *Concurrency `yaml:"concurrency"` // the same: 503
}

// Split is one backend of several among which requests are shared by weight.
type Split struct {
	Backend string `yaml:"backend"`
	Weight  int    `yaml:"weight"`
}

// Redirect answers with the URL that the client is to ask instead. Exactly one of Location and
// Prefix is given.
type Redirect struct {
	Location string `yaml:"location"` // the whole, which may hold variables
	Prefix   string `yaml:"prefix"`   // is put before the request's own path and query
	Code     int    `yaml:"code"`     // 301, 302, 303, 307 or 308
}

// Return answers with what stands here.
type Return struct {
	Status      int    `yaml:"status"`
	ContentType string `yaml:"content_type"`
	Body        string `yaml:"body"`
	File        Path   `yaml:"file"` // in place of Body
}

// RateLimit lets through so many requests of each client, or of each value of a header field.
type RateLimit struct {
	Requests int           `yaml:"requests"`
	Per      time.Duration `yaml:"per"`
	Burst    int           `yaml:"burst"`  // beyond, at once; 0: Requests
	Header   string        `yaml:"header"` // empty: by source address
}

// Concurrency lets through so many requests at once, of all clients together.
type Concurrency struct {
	Requests int `yaml:"requests"`
}

// Edit changes requests, or answers, that it matches. Edits are made in their order.
type Edit struct {
	If *Match `yaml:"if"` // nil: all. Of an answer it looks at the request

	SetHeader   map[string]string `yaml:"set_header"` // values may hold variables
	AddHeader   map[string]string `yaml:"add_header"`
	DelHeader   []string          `yaml:"del_header"`
	SetHost     string            `yaml:"set_host"`     // requests only, as the following
	SetPath     string            `yaml:"set_path"`     // the query stays
	StripPrefix string            `yaml:"strip_prefix"` //
	ReplacePath *Replace          `yaml:"replace_path"` //
}

// Replace replaces what a regular expression matches.
type Replace struct {
	Regex string `yaml:"regex"` // RE2
	With  string `yaml:"with"`  // $1 is the first group
}

// Monitor answers a balancer in front of ours.
type Monitor struct {
	Path      string `yaml:"path"`
	FailBelow int    `yaml:"fail_below"` // usable servers of the default backend; fewer are a 503
}
