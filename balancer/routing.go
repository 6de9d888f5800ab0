package balancer

import (
	"errors"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"relais/balancer/h1"
	"relais/balancer/route"
	"relais/internal/config"
)

var errLocation = &h1.Fault{Status: 400, Name: "redirect_location", Reason: "the redirect of a rule makes no sound location of the request"}

// routing is what rules and edits need for a request. It is reused.
type routing struct {
	begun   bool
	request route.Request
	edits   h1.Edits
}

// end forgets the request.
func (r *routing) end() *routing {
	if r != nil {
		r.begun = false
	}
	return r
}

// compileRouting makes the frontend's rules and edits. Rules that are those of prev, which may be
// nil, go on counting.
func (f *Frontend) compileRouting(c *config.Frontend, prev *Frontend) (err error) {
	if c.Mode == "tcp" {
		if len(c.Rules)+len(c.Request)+len(c.Response) > 0 || c.Monitor != nil {
			return errors.New("there are no requests for rules, edits and monitors in mode tcp")
		}
		return nil
	}
	f.monitored = c.Monitor
	if f.requestEdits, err = route.CompileRequest(c.Request); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	if f.responseEdits, err = route.CompileResponse(c.Response); err != nil {
		return fmt.Errorf("response: %w", err)
	}
	if len(c.Rules) == 0 {
		return nil
	}
	var known *route.Table
	if prev != nil {
		known = prev.rules
	}
	if f.rules, err = route.Compile(c.Rules, known); err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	return nil
}

// lead finds the backends to which rules lead.
func (f *Frontend) lead(t *Table) error {
	if f.rules == nil {
		return nil
	}
	f.backends = map[string]*Backend{}
	for _, name := range f.rules.Backends() {
		b := t.Backend(name)
		if b == nil || b.Mode == "tcp" {
			return fmt.Errorf("rules: there is no backend %q in mode http", name)
		}
		f.backends[name] = b
	}
	return nil
}

// route does what the frontend's rules say of the request, and tells whether that was to answer.
func (x *exchange) route() (answered bool) {
	_, now := x.client.Times()
	d := x.frontend.rules.Decide(x.asked(), now)
	x.ruling = ruling{d.Kind, d.Rule}
	switch d.Kind {
	case route.Backend:
		x.backend = x.frontend.backends[d.Backend]
		return false
	case route.Redirect:
		x.redirectTo(d.Location, d.Status)
	case route.Return:
		x.answerFixed(d.Answer)
	case route.Deny:
		x.deny(failDenied, d.Status, &d)
	case route.Limited:
		x.deny(failLimited, verdicts[failLimited].status, &d)
	case route.Full:
		x.deny(failCrowded, verdicts[failCrowded].status, &d)
	default:
		return false
	}
	return true
}

// leaveRules gives back what rules have let the request have.
func (x *exchange) leaveRules() {
	if x.routing != nil {
		x.routing.request.Release()
	}
}

// asked is the request as rules and edits look at it.
func (x *exchange) asked() *route.Request {
	if x.routing == nil {
		x.routing = &routing{}
	}
	r := x.routing
	if !r.begun {
		r.begun = true
		r.request.Begin(x.head.Method, x.head.Name(), x.head.Path(), x.head, x.peer.Addr())
	}
	return &r.request
}

// edit makes the edits that are for the request, in it or in its answer. They are valid until the
// next call; without any, nil.
func (x *exchange) edit(e *route.Edits) (*h1.Edits, error) {
	if e == nil {
		return nil, nil
	}
	r := x.asked()
	edits := &x.routing.edits
	edits.Reset()
	if err := e.Make(r, x, edits); err != nil {
		return nil, err
	}
	return edits, nil
}

// redirectTo sends the client elsewhere.
func (x *exchange) redirectTo(l *route.Location, code int) {
	x.local = true
	url, err := l.Append(nil, x.asked(), x)
	if err != nil {
		x.fail(failRequest, errLocation)
		x.answerPage(failRequest)
		return
	}
	x.frontend.Counters.Intercepted.Inc()
	x.status = code
	x.answerOwn("What was asked for is at another address.", "Location: "+string(url)+"\r\n")
}

// answerFixed answers with what the configuration holds.
func (x *exchange) answerFixed(a *route.Answer) {
	x.local = true
	x.frontend.Counters.Intercepted.Inc()
	x.status = a.Status
	head := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n", a.Status, fasthttp.StatusMessage(a.Status))
	if a.ContentType != "" && a.Body != "" {
		head = fmt.Appendf(head, "Content-Type: %s\r\n", a.ContentType)
	}
	head = fmt.Appendf(head, "X-Request-Id: %s\r\n", x.id[:])
	if a.Status != fasthttp.StatusNoContent && a.Status != fasthttp.StatusNotModified {
		head = fmt.Appendf(head, "Content-Length: %d\r\n", len(a.Body))
	}
	x.sendPage(head, a.Body)
}

// deny turns the request away.
func (x *exchange) deny(f failure, status int, d *route.Decision) {
	x.local = true
	x.frontend.Counters.Denied.Inc()
	x.record(f, nil, fmt.Sprintf("rule %d: %s", d.Rule, d.Reason))
	x.status = status
	fields := ""
	if d.RetryAfter > 0 {
		fields = fmt.Sprintf("Retry-After: %d\r\n", (d.RetryAfter+time.Second-1)/time.Second)
	}
	x.answerError(pageWords[f], fields)
}
