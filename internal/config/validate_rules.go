package config

import (
	"fmt"
	"strings"
)

func (v *validator) monitor(path string, m *Monitor) {
	v.refuse(path+".path", pathFault(m.Path))
	v.notBelow0(path+".fail_below", m.FailBelow, "a number of servers, or 0 to answer 200 always")
}

func (v *validator) rules(path string, rules []Rule, backends []*Backend) {
	end := -1 // the rule behind which nothing is reached
	for i := range rules {
		r, at := &rules[i], fmt.Sprintf("%s[%d]", path, i)
		v.match(at, &r.Match)
		v.action(at, r, backends)
		switch {
		case end >= 0:
			v.fault(at, "never reached: rules[%d] above matches everything; move it behind this one, or remove one of them", end)
		case r.everything() && r.decides():
			end = i
		}
	}
}

// decides tells whether no further rule is looked at for the requests that r matches.
func (r *Rule) decides() bool {
	return r.RateLimit == nil && r.Concurrency == nil && len(r.actions()) > 0
}

// actions lists the keys of the actions that r has.
func (r *Rule) actions() []string {
	var has []string
	for _, action := range []struct {
		key   string
		given bool
	}{
		{"backend", r.Backend != ""}, {"split", len(r.Split) > 0}, {"redirect", r.Redirect != nil}, {"return", r.Return != nil},
		{"deny", r.Deny != 0}, {"rate_limit", r.RateLimit != nil}, {"concurrency", r.Concurrency != nil},
	} {
		if action.given {
			has = append(has, action.key)
		}
	}
	return has
}

func (v *validator) action(path string, r *Rule, backends []*Backend) {
	switch has := r.actions(); {
	case len(has) == 0:
		v.fault(path, "has no action; write one of backend, split, redirect, return, deny, rate_limit and concurrency")
	case len(has) > 1:
		v.fault(path, "%s and %s are two actions; remove one of them, or write two rules", has[0], has[1])
	}
	if r.Backend != "" {
		v.refuse(path+".backend", targetFault(r.Backend, backends))
	}
	v.split(path+".split", r.Split, backends)
	if r.Redirect != nil {
		v.redirect(path+".redirect", r.Redirect)
	}
	if r.Return != nil {
		v.answer(path+".return", r.Return)
	}
	if r.Deny != 0 {
		v.between(path+".deny", r.Deny, 400, 599)
	}
	if r.RateLimit != nil {
		v.rateLimit(path+".rate_limit", r.RateLimit)
	}
	if r.Concurrency != nil {
		v.atLeast1(path+".concurrency.requests", r.Concurrency.Requests)
	}
}

// targetFault says why a rule cannot hand requests to the backend name.
func targetFault(name string, backends []*Backend) string {
	for _, b := range backends {
		if b.Name == name && b.Mode == "tcp" {
			return fmt.Sprintf("backend %q has mode tcp; write one of mode http", name)
		}
	}
	return backendFault(name, backends)
}

func (v *validator) split(path string, shares []Split, backends []*Backend) {
	seen, sum := map[string]bool{}, 0
	for i, share := range shares {
		at := fmt.Sprintf("%s[%d]", path, i)
		v.refuse(at+".backend", targetFault(share.Backend, backends))
		v.between(at+".weight", share.Weight, 0, 256)
		if seen[share.Backend] && share.Backend != "" {
			v.fault(at+".backend", "%q has a share already; write one for each backend", share.Backend)
		}
		seen[share.Backend] = true
		sum += share.Weight
	}
	if len(shares) > 0 && sum == 0 {
		v.fault(path, "no backend has a weight above 0; write one")
	}
}

func (v *validator) redirect(path string, r *Redirect) {
	switch {
	case r.Location == "" && r.Prefix == "":
		v.fault(path, "missing location; write where to, such as {location: /new}, or {prefix: \"https://example.com\"}")
	case r.Location != "" && r.Prefix != "":
		v.fault(path, "location and prefix cannot both hold; write one of them")
	}
	v.url(path+".location", r.Location)
	v.url(path+".prefix", r.Prefix)
	switch r.Code {
	case 301, 302, 303, 307, 308:
	default:
		v.fault(path+".code", "%d is not the status of a redirect; write 301, 302, 303, 307 or 308", r.Code)
	}
}

// url looks at a path or URL with variables; an empty one is none.
func (v *validator) url(path, s string) {
	switch {
	case s == "":
	case !strings.HasPrefix(s, "/") && !strings.Contains(s, "://"):
		v.fault(path, "%q is neither a path nor a URL; write %q, or %q", s, "/"+s, "https://"+s)
	case !isVisible(s):
		v.fault(path, "%q holds a character that a URL cannot have; write it percent-encoded, such as %%20 for a space", s)
	default:
		v.template(path, s, append(unknownInRequest(), "backend")...)
	}
}

func (v *validator) answer(path string, r *Return) {
	v.between(path+".status", r.Status, 200, 599)
	if r.ContentType == "" || !isFieldText(r.ContentType) {
		v.fault(path+".content_type", "%q is not a type; write one such as text/plain", r.ContentType)
	}
	if r.Body != "" && !r.File.None() {
		v.fault(path, "body and file cannot both hold; write one of them")
	} else if body, err := r.Load(); err != nil {
		v.fault(path+".file", "%s", err)
	} else if (r.Status == 204 || r.Status == 304) && len(body) > 0 {
		v.fault(path, "an answer with status %d has no body; remove it, or write status: 200", r.Status)
	}
}

// Load returns the body: what stands in File if that is given, else Body. Its error says what to
// write instead.
func (r *Return) Load() ([]byte, error) {
	if r.File.None() {
		return []byte(r.Body), nil
	}
	return r.File.read("a file with the body of an answer", maxBody)
}

// maxBody bounds a body that is kept in memory.
const maxBody Bytes = 1 << 20

func (v *validator) rateLimit(path string, r *RateLimit) {
	v.atLeast1(path+".requests", r.Requests)
	if r.Per == 0 {
		v.fault(path+".per", "missing; write a time such as 1s")
	} else {
		v.duration(path+".per", r.Per)
	}
	v.notBelow0(path+".burst", r.Burst, "a number of requests, or 0 for as many as requests")
	if r.Header != "" {
		v.refuse(path+".header", fieldNameFault(r.Header))
	}
}

func (v *validator) atLeast1(path string, n int) {
	if n < 1 {
		v.fault(path, "%d is out of range; write a number of requests from 1", n)
	}
}
