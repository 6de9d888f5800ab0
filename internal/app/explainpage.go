package app

import (
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"relais/balancer/why"
	"relais/stats/page/explain"
)

// answerWhy answers on the page that says why.
func (a *App) answerWhy(ctx *fasthttp.RequestCtx) {
	fields, now := ctx.QueryArgs(), time.Now()
	p := explain.Page{
		Stats: a.cfg.Load().Stats.Path, Backends: a.backends(), Now: now,
		Field: func(name string) string { return string(fields.Peek(name)) },
	}
	switch {
	case a.memory == nil:
		p.Err = errNothingRemembered
	case fields.Len() > 0:
		p.Answer, p.Err = a.whyAsked(p.Field, now)
	}
	if a.memory != nil && !errors.Is(p.Err, errNotRemembered) { // which says it
		p.Reach = reach(a.memory)
	}
	ctx.SetStatusCode(statusOf(p.Err))
	ctx.SetContentType("text/html; charset=utf-8")
	if err := explain.Render(ctx, &p); err != nil {
		a.log.Error().Err(err).Msg("the page that says why could not be written")
		ctx.Error("the page could not be written; the log says why", fasthttp.StatusInternalServerError)
	}
}

// whyAsked answers what a form asks for.
func (a *App) whyAsked(field func(string) string, now time.Time) (why.Answer, error) {
	q, err := why.ParseFields(field, now)
	if err != nil {
		return why.Answer{}, err
	}
	return a.answer(q, now)
}

func statusOf(err error) int {
	switch {
	case err == nil:
		return fasthttp.StatusOK
	case errors.Is(err, why.ErrQuestion):
		return fasthttp.StatusBadRequest
	}
	return fasthttp.StatusNotFound // what is asked for is not there, or not remembered
}
