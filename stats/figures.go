package stats

import (
	"iter"
	"time"
)

func column(name, prom string, kind Kind, on Scopes, help string, value func(*Row) Value) Column {
	return Column{Name: name, Prom: prom, Kind: kind, On: on, Help: help, Value: value}
}

// unfilled keeps the place of a figure that Relais does not have.
func unfilled(name, help string) Column { return Column{Name: name, Kind: "MGP", Help: help} }

func states(c Column, states func(*Row) iter.Seq2[string, float64]) Column {
	c.States = states
	return c
}

func responses(name, code string, class int) Column {
	c := column(name, "http_responses_total", "MCP", fbs|http, "Total number of HTTP responses by class of their status",
		func(r *Row) Value { return total(r.Responses[class]) })
	c.Code = code
	return c
}

func active(r *Row) Value {
	if r.Scope == Server {
		return flag(!r.Backup)
	}
	return number(r.Active)
}

func backup(r *Row) Value {
	if r.Scope == Server {
		return flag(r.Backup)
	}
	return number(r.Backups)
}

// requests are, of a server, those that it has answered.
func requests(r *Row) Value {
	switch r.Scope {
	case Frontend:
		return total(r.Requests)
	case Backend:
		return total(r.SessionsTotal)
	}
	var answered uint64
	for _, n := range r.Responses {
		answered += n
	}
	return total(answered)
}

// never and none are what HAProxy says where nothing of the kind is ever counted, and where there is
// nothing of the kind now.
func never(*Row) Value { return total(0) }

func none(*Row) Value { return number(0) }

func lastSession(r *Row) Value {
	age := r.LastSession
	if age < 0 {
		age = -time.Second
	}
	return Value{Type: S32, num: int64(age), unit: time.Second}
}

func cookie(r *Row) Value {
	if r.Cookie == "" {
		return Value{}
	}
	return text(r.Cookie)
}

// checkFailures, downs and downtime are empty for a server without a health check: it has never
// been seen down. Maintenance does not hide them.
func checkFailures(r *Row) Value {
	if r.Check == nil {
		return Value{}
	}
	return total(r.Check.Failures)
}

func downs(r *Row) Value {
	switch {
	case r.Scope == Backend:
		return total(r.Downs)
	case r.Check == nil:
		return Value{}
	}
	return total(r.Check.Downs)
}

func downtime(r *Row) Value {
	if r.Scope == Backend && r.servers() == 0 || r.Scope == Server && r.Check == nil {
		return Value{}
	}
	return seconds(r.Downtime)
}

// status marks one that is about to be replaced, as HAProxy does.
func (c *Check) status() Value {
	if c.Running {
		return text("* " + c.Status)
	}
	return text(c.Status)
}

// tracked is empty for a server that has its own state.
func tracked(r *Row) Value {
	if r.Tracked == "" {
		return Value{}
	}
	return text(r.Tracked)
}

// analyzed is empty unless traffic is observed, as in HAProxy.
func analyzed(r *Row) Value {
	if !r.Check.Observed {
		return Value{}
	}
	return total(r.Check.Analyzed)
}

func checkCode(r *Row) Value {
	if r.Check.Code == 0 {
		return Value{blank: true}
	}
	return number(r.Check.Code)
}

func (c *Check) duration() Value {
	v := millis(c.Duration)
	v.Type = U64
	return v
}
