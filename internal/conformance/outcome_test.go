package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// outcome is what came of a case in the terms in which proxies can be compared: names in lower
// case, in alphabetical order, without what each proxy says for itself and without framing.
type outcome struct {
	server, client []string // one line for each message
	end            string
}

func outcomeOf(s seen) outcome {
	o := outcome{end: s.end}
	if o.end == broken {
		o.end = closed // whether an answer was cut is said there
	}
	for _, m := range s.server {
		o.server = append(o.server, summary(m))
	}
	for _, m := range s.client {
		o.client = append(o.client, summary(m))
	}
	return o
}

func (o outcome) String() string {
	var b strings.Builder
	for _, line := range o.server {
		b.WriteString("server: " + line + "\n")
	}
	for _, line := range o.client {
		b.WriteString("client: " + line + "\n")
	}
	return b.String() + "end: " + o.end + "\n"
}

// summary is a message in one line.
func summary(m message) string {
	start, fields, _ := strings.Cut(m.head, "\r\n")
	parts := []string{shorten(start)}
	if m.status() != 0 {
		parts[0] = strconv.Itoa(m.status())
	} else {
		parts[0] = shorten(strings.TrimSuffix(strings.TrimSuffix(start, " HTTP/1.1"), " HTTP/1.0"))
	}
	if own(m) {
		return parts[0] + ", its own page"
	}
	parts = append(parts, endToEnd(fields)...)
	if m.body != "" {
		parts = append(parts, "body "+shorten(m.body))
	}
	if trailer := strings.TrimSuffix(m.tail, "\r\n"); m.field("transfer-encoding") != "" && trailer != "" && !m.cut {
		parts = append(parts, append([]string{"trailer"}, endToEnd(trailer)...)...)
	}
	if m.cut {
		parts = append(parts, "cut")
	}
	return mask(strings.Join(parts, " | "))
}

// own tells whether a proxy made the answer up.
func own(m message) bool {
	return m.status() >= 400 && (m.field("x-request-id") != "" || strings.HasPrefix(m.body, "<html><body><h1>"))
}

// endToEnd are the fields that go from end to end, as they mean.
func endToEnd(fields string) []string {
	var out []string
	for line := range strings.SplitSeq(fields, "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		name = strings.ToLower(name)
		switch {
		case !ok, strings.HasPrefix(name, "x-forwarded-"), slices.Contains([]string{"x-request-id", "connection", "keep-alive", "transfer-encoding"}, name):
			continue
		}
		out = append(out, shorten(name+": "+strings.Trim(value, " \t")))
	}
	if len(out) > 50 {
		return []string{fmt.Sprintf("%d fields", len(out))}
	}
	slices.Sort(out)
	return out
}

// shorten keeps a line readable, and printable.
func shorten(s string) string {
	if len(s) > 60 {
		s = fmt.Sprintf("%s…(%d)", s[:20], len(s))
	}
	q := strconv.QuoteToASCII(s)
	return q[1 : len(q)-1]
}

// brief says the outcome in a few words: how many requests reached the server, the statuses that
// the client got, and the end.
func (o outcome) brief() string {
	var statuses []string
	for _, line := range o.client {
		status, rest, _ := strings.Cut(line, ",")
		status, _, _ = strings.Cut(status, " ")
		if len(status) != 3 {
			status = "no HTTP/1.1"
		}
		if strings.HasSuffix(rest, "cut") || strings.HasSuffix(line, "| cut") {
			status += " cut short"
		}
		statuses = append(statuses, status)
	}
	if len(statuses) == 0 {
		statuses = []string{"no answer"}
	}
	reached := fmt.Sprintf("%d reach the server", len(o.server))
	if len(o.server) == 1 {
		reached = "1 reaches the server"
	}
	return strings.Join(statuses, ", ") + ", " + o.end + "; " + reached
}
