package balancer

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"relais/balancer/route"
	"relais/balancer/sticky"
	"relais/balancer/why"
)

// attempting takes note of an attempt that begins.
func (x *stream) attempting() {
	w := &x.waiter
	x.server.Counters.Picks[w.pick].Inc()
	x.tale.Attempts = append(x.tale.Attempts, why.Attempt{
		Server: x.server.Name, Pick: w.pick, After: x.picked.Sub(x.began), Situation: &w.situation.Situation,
	})
}

// failing says what has become of the attempt under way.
func (x *stream) failing(words string) {
	if last := len(x.tale.Attempts) - 1; last >= 0 && x.tale.Attempts[last].Failed == "" {
		x.tale.Attempts[last].Failed = words
	}
}

// left tells whether the last thing that the request wanted was a server, and it got none.
func (x *stream) left() bool { return len(x.tale.Attempts) == x.attempts }

// tell completes the record of what has ended, but for what only HTTP has.
func (x *stream) tell() {
	r, w := &x.tale, &x.waiter
	r.Began, r.ID, r.Client = x.began, x.id[:], x.peer
	r.Frontend, r.Backend, r.Place = x.frontend.Name, x.backend.Name, w.behind
	r.Timers = why.Timers{
		Queue: -1, Connect: span(x.picked, x.connected), Response: -1, Total: x.ended.Sub(x.began),
	}
	if x.server != nil || w.queued > 0 {
		r.Timers.Queue = w.queued
	}
	if w.want != nil {
		r.Wanted = w.want.Name
	}
	if x.left() && w.situation != nil {
		r.NoServer = &w.situation.Situation
	}
	r.Reason = x.reason()
}

// span is the time from one moment to the next; negative: one of them was not reached.
func span(from, to time.Time) time.Duration {
	if from.IsZero() || to.Before(from) {
		return -1
	}
	return to.Sub(from)
}

// tell completes the record of a request that has ended.
func (x *exchange) tell() {
	r := &x.tale
	if x.local {
		r.Began, r.ID, r.Client, r.Frontend = x.began, x.id[:], x.peer, x.frontend.Name
		r.Timers = why.Timers{Queue: -1, Connect: -1, Response: -1, Total: x.ended.Sub(x.began)}
		r.Reason = string(x.story)
	} else {
		x.stream.tell()
		x.tellStick()
		if !x.headCut() {
			r.Timers.Response = span(x.connected, x.answered)
		}
	}
	r.ClientID, r.Method, r.Host, r.Target = x.head.RequestID(), x.head.Method, x.head.Host(), x.head.Target
	r.Status, r.Termination = x.status, x.cookieState(x.termination())
}

// tellStick says what the request's cookie was worth.
func (x *exchange) tellStick() {
	r := &x.tale
	switch x.stick.claim {
	case sticky.None:
	case sticky.Invalid:
		r.Stick = why.BadCookie
	case sticky.Down:
		r.Stick, r.Wanted = why.DownCookie, x.stick.down.Name
	case sticky.Valid:
		r.Stick = why.Stuck
		if len(r.Attempts) > 0 && r.Attempts[0].Pick != why.ByCookie {
			r.Stick = why.DownCookie // by the time that it got a server
		}
	}
}

// brief is the record in short, for the log (docs/logs.md has its grammar).
func (x *stream) brief() string {
	r, w := &x.tale, &x.waiter
	if len(r.Attempts) == 1 && x.attempts == 0 && r.Place == 0 && (r.Stick == why.NoCookie || r.Stick == why.Stuck) {
		return w.situation.said[r.Attempts[0].Pick]
	}
	b := appendStick(make([]byte, 0, 128), r, w.situation)
	if r.Place > 0 {
		b = strconv.AppendInt(append(b, "queue "...), int64(r.Place), 10)
		b = strconv.AppendInt(append(b, ' '), w.queued.Milliseconds(), 10)
		b = append(b, "ms; "...)
	}
	for _, a := range r.Attempts[:x.attempts] {
		b = append(append(append(b, "retry "...), a.Server...), ": "...)
		b = append(append(b, a.Failed...), "; "...)
	}
	if x.left() {
		return string(append(append(b, "none: "...), verdicts[x.failure].words...))
	}
	pick := r.Attempts[x.attempts].Pick
	return string(append(b, w.situation.choice(pick, untried(w.situation, r.Attempts[:x.attempts]))...))
}

// appendStick says what was wrong with a cookie, or whom it names if that is not plain from the
// rest. s may be nil.
func appendStick(b []byte, r *why.Record, s *situation) []byte {
	switch r.Stick {
	case why.BadCookie:
		return append(b, "cookie unknown; "...)
	case why.DownCookie:
		b = append(append(append(b, "cookie "...), r.Wanted...), ' ')
		return append(append(b, s.outOf(r.Wanted)...), "; "...)
	case why.Stuck:
		if len(r.Attempts) == 0 {
			return append(append(append(b, "cookie "...), r.Wanted...), "; "...)
		}
	}
	return b
}

// outOf says why a client that is bound to a server cannot have it.
func (s *situation) outOf(server string) string {
	if s == nil {
		return "down"
	}
	i := slices.IndexFunc(s.Servers, func(c why.Candidate) bool { return c.Server == server })
	switch {
	case i < 0:
		return "gone"
	case strings.HasPrefix(s.Servers[i].Out, "maint"), strings.HasPrefix(s.Servers[i].Out, "down"):
		return s.Servers[i].Out
	}
	return "down" // with panic_threshold it is a candidate all the same, or it has just come back
}

// untried is how many candidates have not failed yet.
func untried(s *situation, failed []why.Attempt) (n int) {
	for _, c := range s.Servers {
		if c.Out == "" && !slices.ContainsFunc(failed, func(a why.Attempt) bool { return a.Server == c.Server }) {
			n++
		}
	}
	return n
}

// brief of a request that the frontend itself has answered says what it did with it.
func (x *exchange) brief() string {
	switch {
	case !x.local:
		return x.stream.brief()
	case x.failure.refusal():
		return "local: refused"
	case x.ruling.rule == 0:
		return "local: redirect"
	}
	return "local: " + rulings[x.ruling.kind] + strconv.Itoa(x.ruling.rule)
}

// ruling is what a rule of the frontend has decided instead of a backend.
type ruling struct {
	kind route.Kind
	rule int // its number; 0: none has
}

var rulings = map[route.Kind]string{
	route.Redirect: "redirect by rule ",
	route.Return:   "answer by rule ",
	route.Deny:     "denied by rule ",
	route.Limited:  "limited by rule ",
	route.Full:     "crowded by rule ",
}
