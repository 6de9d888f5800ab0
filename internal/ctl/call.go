package ctl

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"relais/stats"
)

// call is one command under way.
type call struct {
	*session
	ctx  context.Context
	args []string // behind the command's words
	note Note
}

// severity is syslog's number of a message.
type severity int

const (
	severityError severity = iota + 3
	severityWarning
	severityNotice
	severityInfo
)

func (s severity) String() string {
	return map[severity]string{severityError: "err", severityWarning: "warning", severityNotice: "notice", severityInfo: "info"}[s]
}

// failure is an answer that says why a command was not done.
type failure struct {
	severity severity
	text     string
}

func (f *failure) Error() string { return f.text }

// fail is how commands refuse, in HAProxy's words where it has them.
func fail(format string, args ...any) error {
	return &failure{severityError, fmt.Sprintf(format, args...)}
}

// failWarning is fail where HAProxy takes it for a warning.
func failWarning(format string, args ...any) error {
	return &failure{severityWarning, fmt.Sprintf(format, args...)}
}

// arg returns a word behind the command, or "" if there is none.
func (x *call) arg(i int) string {
	if i < len(x.args) {
		return x.args[i]
	}
	return ""
}

// say answers with a message, for which a client may ask to see its severity.
func (x *call) say(s severity, text string) {
	switch x.severities {
	case "number":
		fmt.Fprintf(x.out, "[%d]: ", s)
	case "string":
		fmt.Fprintf(x.out, "[%s]: ", s)
	}
	x.out.WriteString(strings.TrimRight(text, "\n"))
	x.out.WriteByte('\n')
}

// printf answers with a line that is no message.
func (x *call) printf(format string, args ...any) { fmt.Fprintf(x.out, format, args...) }

// refuse prints why a command was not done.
func (x *call) refuse(err error) {
	x.failed = true
	s := severityError
	if f, ok := errors.AsType[*failure](err); ok {
		s = f.severity
	}
	x.say(s, err.Error())
}

// warn prints what a Balancer says beside a change.
func (x *call) warn(text string, err error) error {
	if err == nil && text != "" {
		x.say(severityWarning, text)
	}
	return err
}

func (x *call) balancer() Balancer { return x.cli.balancer }

func (x *call) snapshot() stats.Snapshot { return x.cli.balancer.Snapshot(time.Now()) }

// namedServer returns the server that an argument names, "backend/server" or "#iid/#sid".
func (x *call) namedServer(i int) (*Server, error) {
	backend, name, ok := strings.Cut(x.arg(i), "/")
	if !ok || backend == "" || name == "" {
		return nil, fail("Require 'backend/server'.")
	}
	known := false
	for _, s := range x.balancer().Servers() {
		if !named(backend, s.Backend, s.BackendID) {
			continue
		}
		known = true
		if named(name, s.Server, s.ID) {
			return &s, nil
		}
	}
	if known || x.backend(backend) != nil {
		return nil, ErrNoServer
	}
	return nil, ErrNoBackend
}

// named tells whether text is a name or "#" and a number.
func named(text, name string, id int) bool {
	return text == name || text == "#"+strconv.Itoa(id)
}

// backend returns the row of the backend that text names, or nil.
func (x *call) backend(text string) *stats.Row { return x.proxy(text, stats.Backend) }

// frontend returns the row of the frontend that an argument names.
func (x *call) frontend(i int) (*stats.Row, error) {
	if x.arg(i) == "" {
		return nil, fail("A frontend name is expected.")
	}
	if row := x.proxy(x.arg(i), stats.Frontend); row != nil {
		return row, nil
	}
	return nil, ErrNoFrontend
}

func (x *call) proxy(text string, scope stats.Scope) *stats.Row {
	s := x.snapshot()
	for _, proxy := range s.Proxies {
		for i := range proxy.Rows {
			if row := &proxy.Rows[i]; row.Scope == scope && named(text, row.Proxy, row.IID) {
				return row
			}
		}
	}
	return nil
}
