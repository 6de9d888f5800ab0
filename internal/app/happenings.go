package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"relais/balancer"
	"relais/healthcheck"
	"relais/internal/config"
	"relais/internal/ctl"
	"relais/internal/operate"
	"relais/internal/plan"
	"relais/stats"
)

// noteTransition takes note of what a server has become. That one which is new has come up is no
// news, and of a thousand not worth the place.
func (a *App) noteTransition(t healthcheck.Transition, state string) {
	if t.First {
		return
	}
	a.timeline.add(aboutServer, stats.Happening{
		At: t.At, Proxy: t.ID.Backend, Server: t.ID.Server, What: state, By: t.By, Reason: t.Reason, Trouble: state != "UP",
	})
}

// noteAdvice takes note of what an agent has made of its server, but for weights: those may be
// others each time.
func (a *App) noteAdvice(id healthcheck.ID, before, now balancer.Advice, why string) {
	before.Weight, before.Maxconn = now.Weight, now.Maxconn
	if before == now {
		return
	}
	what := "UP"
	switch {
	case now.Maintenance:
		what = "MAINT"
	case now.Down:
		what = "DOWN"
	case now.Drain:
		what = "DRAIN"
	}
	a.timeline.add(aboutServer, stats.Happening{
		Proxy: id.Backend, Server: id.Server, What: what, By: "its agent", Reason: why, Trouble: what == "DOWN",
	})
}

// noteOrder takes note of what an operator did at a moment, in the words of the log: "server app/web1:
// state drain".
func (a *App) noteOrder(at time.Time, what, by, reason string) {
	h := stats.Happening{At: at, What: what, By: by, Reason: reason}
	if object, done, about := strings.Cut(what, ": "); about {
		switch name, isServer := strings.CutPrefix(object, "server "); {
		case isServer:
			h.What = done
			h.Proxy, h.Server, _ = strings.Cut(name, "/")
		case strings.HasPrefix(object, "frontend "):
			h.Proxy, h.What = strings.TrimPrefix(object, "frontend "), done
		case object == operate.Object{}.String():
			h.What = done
		}
	}
	a.timeline.add(aboutOrder, h)
}

// noteReload takes note of a reload that has changed something, or was refused.
func (a *App) noteReload(done Reloaded, err error, by string) {
	switch {
	case err != nil:
		a.timeline.add(aboutProcess, stats.Happening{What: "reload refused", By: by, Reason: err.Error(), Trouble: true})
	case !done.Unchanged:
		a.timeline.add(aboutProcess, stats.Happening{At: done.At, What: "reload", By: by, Reason: done.Changes})
	}
}

// fewChanges is how many changes a reload is told by.
const fewChanges = 4

// changesTo says in short what another configuration of the admin's changes.
func (a *App) changesTo(next *config.Config) string {
	p, err := a.compare(next, plan.Facts{})
	if err != nil {
		return ""
	}
	changes := p.Changes()
	if len(changes) == 0 {
		return "the files differ in form only"
	}
	var words []string
	for _, c := range changes[:min(fewChanges, len(changes))] {
		words = append(words, c.String())
	}
	if more := len(changes) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, "; ")
}

// noteFrontends takes note of the frontends that are open now and were not before, and the other
// way round.
func (a *App) noteFrontends(was, is []string) {
	for _, name := range is {
		if !slices.Contains(was, name) {
			a.timeline.add(aboutProcess, stats.Happening{Proxy: name, What: "OPEN"})
		}
	}
	for _, name := range was {
		if slices.Contains(is, name) {
			continue
		}
		why := "the configuration has it no more"
		if how := a.parts.closed[name]; how != "" {
			why = "by an operator: " + string(how)
		}
		a.timeline.add(aboutProcess, stats.Happening{Proxy: name, What: "STOP", Reason: why})
	}
}

// openFrontends are those that binds lead to.
func openFrontends(binds []*bindServer) (names []string) {
	for _, s := range binds {
		names = append(names, s.frontend.Load().Name)
	}
	return slices.Compact(names)
}

// showEvents lists the timeline.
func (a *App) showEvents(args []string, _ ctl.Note, say func(string, ...any)) error {
	if len(args) > 0 {
		return errArguments
	}
	say("# at\tobject\twhat\tby\treason\n")
	for _, h := range a.timeline.happenings() {
		object := h.Proxy
		if h.Server != "" {
			object += "/" + h.Server
		}
		say("%s\t%s\t%s\t%s\t%s\n", h.At.UTC().Format(time.RFC3339), cmp.Or(object, "-"), h.What, cmp.Or(h.By, "-"), cmp.Or(h.Reason, "-"))
	}
	return nil
}
