package app

import (
	"errors"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"relais/balancer"
	"relais/internal/access"
	"relais/internal/ctl"
	"relais/stats/page"
)

// answerAction does what somebody has asked for on the page, and leads back to it with HAProxy's
// code for how it went.
func (a *App) answerAction(ctx *fasthttp.RequestCtx, who access.Decision) {
	if !a.cfg.Load().Stats.Admin {
		text(ctx, fasthttp.StatusForbidden, "nothing can be changed here: stats.admin is false\n")
		return
	}
	code := "IVAL"
	if isForm(ctx) {
		code = a.act(ctx.PostBody(), who)
	}
	location := a.cfg.Load().Stats.Path + ";st=" + code
	if scope := ctx.QueryArgs().Peek("scope"); len(scope) > 0 {
		location += "?scope=" + string(fasthttp.AppendQuotedArg(nil, scope))
	}
	ctx.Response.Header.Set("Location", location)
	text(ctx, fasthttp.StatusSeeOther, "")
}

// act returns HAProxy's code.
func (a *App) act(body []byte, who access.Decision) string {
	action, err := page.ParseAction(body)
	switch {
	case errors.Is(err, page.ErrTooMuch):
		return "EXCD"
	case err != nil:
		return "ERRP"
	}
	backend := a.findBackend(action.Backend)
	if backend == nil {
		return "ERRP"
	}
	c := control{a}
	note := ctl.Note{By: who.User, Reason: action.Reason, For: action.For}
	done, failed := 0, 0
	for _, server := range action.Servers {
		n := ctl.Name{Backend: backend.Name, Server: server}
		switch known, err := c.perform(action.Verb, n, note); {
		case !known:
			return "ERRP"
		case err != nil:
			a.log.Warn().Err(err).Str("by", who.User).Str("server", backend.Name+"/"+server).Str("action", action.Verb).Msg("the action was not done")
			failed++
		default:
			done++
		}
	}
	switch {
	case done == 0 && failed == 0:
		return "NONE"
	case done == 0:
		return "DENY"
	case failed > 0:
		return "PART"
	}
	return "DONE"
}

// findBackend finds a backend by its name, or its number after #.
func (a *App) findBackend(name string) *balancer.Backend {
	number, numbered := strings.CutPrefix(name, "#")
	iid, err := strconv.Atoi(number)
	for _, b := range a.proxy.Table().Backends {
		if b.Name == name || numbered && err == nil && b.IID == iid {
			return b
		}
	}
	return nil
}

// perform does what a verb of the page stands for.
func (c control) perform(verb string, n ctl.Name, note ctl.Note) (known bool, err error) {
	switch verb {
	case "ready", "drain", "maint":
		_, err = c.SetState(n, ctl.State(verb), note)
	case "dhlth", "ehlth":
		err = c.EnableCheck(n, verb == "ehlth", note)
	case "hrunn":
		err = c.SetHealth(n, ctl.HealthUp, note)
	case "hnolb":
		err = c.SetHealth(n, ctl.HealthStopping, note)
	case "hdown":
		err = c.SetHealth(n, ctl.HealthDown, note)
	case "dagent", "eagent":
		err = c.EnableAgent(n, verb == "eagent", note)
	case "arunn", "adown":
		err = c.SetAgentHealth(n, verb == "arunn", note)
	case "shutdown":
		_, err = c.ShutdownStreams(n, note)
	default:
		return false, nil
	}
	return true, err
}
