package route

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"relais/internal/config"
)

// compileAction makes the one action of a rule.
func compileAction(c *config.Rule) (action, error) {
	switch {
	case c.Backend != "":
		return toBackend(c.Backend), nil
	case len(c.Split) > 0:
		return newSplit(c.Split)
	case c.Redirect != nil:
		return newLocation(c.Redirect)
	case c.Return != nil:
		return newAnswer(c.Return)
	case c.Deny != 0:
		return newDenial(c.Deny)
	case c.RateLimit != nil:
		return newLimiter(c.RateLimit)
	case c.Concurrency != nil:
		return newSlots(c.Concurrency)
	}
	return nil, errors.New("has no action")
}

type toBackend string

func (b toBackend) decide(*Request, time.Time) (Decision, bool) {
	return Decision{Kind: Backend, Backend: string(b)}, true
}

type denial struct {
	status int
}

func newDenial(status int) (action, error) {
	if status < 400 || status > 599 {
		return nil, fmt.Errorf("deny: the status is %d; write one from 400 to 599, such as 403", status)
	}
	return denial{status}, nil
}

func (d denial) decide(*Request, time.Time) (Decision, bool) {
	return Decision{Kind: Deny, Status: d.status, Reason: "denied"}, true
}

// Answer is a fixed one. It is not changed.
type Answer struct {
	Status      int
	ContentType string
	Body        string
}

func newAnswer(c *config.Return) (action, error) {
	body, err := c.Load()
	if err != nil {
		return nil, fmt.Errorf("return: %w", err)
	}
	a := &Answer{Status: c.Status, ContentType: c.ContentType, Body: string(body)}
	switch {
	case a.Status < 200 || a.Status > 599:
		return nil, fmt.Errorf("return: the status is %d; write one from 200 to 599", a.Status)
	case (a.Status == 204 || a.Status == 304) && a.Body != "":
		return nil, fmt.Errorf("return: an answer with status %d has no body; remove it", a.Status)
	case strings.ContainsFunc(a.ContentType, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return nil, fmt.Errorf("return: the content type is %q; remove its control characters", a.ContentType)
	}
	return a, nil
}

func (a *Answer) decide(*Request, time.Time) (Decision, bool) {
	return Decision{Kind: Return, Status: a.Status, Answer: a}, true
}
