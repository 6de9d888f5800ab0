package app

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"relais/balancer"
	"relais/healthcheck"
	"relais/internal/ctl"
	"relais/internal/operate"
)

// control is what operators do to a running balancer, from the runtime socket and from the
// statistics page. It implements ctl.Balancer.
type control struct{ *App }

var _ ctl.Balancer = control{}

// find returns a server of the configuration in force.
func (c control) find(n ctl.Name) (*balancer.Server, error) {
	table := c.proxy.Table()
	if table.Backend(n.Backend) == nil {
		return nil, ctl.ErrNoBackend
	}
	s := table.Server(n.Backend, n.Server)
	if s == nil {
		return nil, ctl.ErrNoServer
	}
	return s, nil
}

// change runs do under the lock of all changes.
func (c control) change(do func() error) error {
	c.App.change.Lock()
	defer c.App.change.Unlock()
	if c.isStopping() {
		return errStopping
	}
	return do()
}

// order makes an order hold, on disk before in force, and logs it.
func (c control) order(object operate.Object, key operate.Key, value string, note ctl.Note) (warning string, err error) {
	file, known := fileValues{c.parts.file}.Value(object, key)
	if !known {
		file, known = c.addedValue(object, key)
	}
	if !known {
		return "", ctl.ErrNoServer
	}
	o := operate.Order{Object: object, Key: key, Value: value, By: note.By, Reason: note.Reason, For: note.For, File: file}
	before, had := c.journal.Order(object, key)
	began := time.Now()
	if err := c.journal.Give(o); err != nil {
		return "", err
	}
	if err := c.follow(object); err != nil {
		return "", errors.Join(err, c.giveBack(note, o, before, had))
	}
	c.log.Warn().EmbedObject(noted(note)).Msg(o.String())
	if had || value != file { // else everything is as it was
		c.noteOrder(began, o.String(), note.By, note.Reason)
	}
	return c.journal.Warning(), nil
}

// giveBack has the order hold again that held before one that could not be followed.
func (c control) giveBack(note ctl.Note, o, before operate.Order, had bool) error {
	if had {
		return c.giveAgain(before)
	}
	_, err := c.journal.SetBack(note.By, o.Target())
	return err
}

// tell writes what an operator has done into the log and the timeline.
func (c control) tell(note ctl.Note, what string) { c.tellSince(time.Now(), note, what) }

// tellSince does so of what has begun to have consequences before, which the timeline has behind it.
func (c control) tellSince(began time.Time, note ctl.Note, what string) {
	c.log.Warn().EmbedObject(noted(note)).Msg(what)
	c.noteOrder(began, what, note.By, note.Reason)
}

// noted is a note as the log has it.
type noted ctl.Note

// MarshalZerologObject implements zerolog.LogObjectMarshaler.
func (n noted) MarshalZerologObject(event *zerolog.Event) {
	event.Str("by", n.By)
	if n.Reason != "" {
		event.Str("reason", n.Reason)
	}
	if n.For > 0 {
		event.Time("until", time.Now().Add(n.For))
	}
}

// addedValue is what a server that was added at run time began with.
func (c control) addedValue(o operate.Object, k operate.Key) (string, bool) {
	for _, s := range c.parts.added[o.Backend] {
		if s.Name == o.Server {
			return serverValue(s, k), true
		}
	}
	return "", false
}

func (c control) orderOn(n ctl.Name, key operate.Key, value string, note ctl.Note) (warning string, err error) {
	err = c.change(func() error {
		if _, err := c.find(n); err != nil {
			return err
		}
		warning, err = c.order(operate.Object{Backend: n.Backend, Server: n.Server}, key, value, note)
		return err
	})
	return warning, err
}

// SetState implements ctl.Balancer.
func (c control) SetState(n ctl.Name, state ctl.State, note ctl.Note) (string, error) {
	return c.orderOn(n, operate.State, string(state), note)
}

// SetWeight implements ctl.Balancer.
func (c control) SetWeight(n ctl.Name, weight int, note ctl.Note) (string, error) {
	return c.orderOn(n, operate.Weight, strconv.Itoa(weight), note)
}

// SetMaxconn implements ctl.Balancer.
func (c control) SetMaxconn(n ctl.Name, maxconn int, note ctl.Note) (string, error) {
	return c.orderOn(n, operate.Maxconn, strconv.Itoa(maxconn), note)
}

// SetFrontendMaxconn implements ctl.Balancer.
func (c control) SetFrontendMaxconn(frontend string, maxconn int, note ctl.Note) (warning string, err error) {
	err = c.change(func() error {
		if c.proxy.Table().Frontend(frontend) == nil {
			return ctl.ErrNoFrontend
		}
		warning, err = c.order(operate.Object{Frontend: frontend}, operate.Maxconn, strconv.Itoa(maxconn), note)
		return err
	})
	return warning, err
}

// SetGlobalMaxconn implements ctl.Balancer.
func (c control) SetGlobalMaxconn(maxconn int, note ctl.Note) (warning string, err error) {
	err = c.change(func() error {
		warning, err = c.order(operate.Object{}, operate.Maxconn, strconv.Itoa(maxconn), note)
		return err
	})
	return warning, err
}

// EnableFrontend implements ctl.Balancer.
func (c control) EnableFrontend(frontend string, on bool, note ctl.Note) error {
	return c.change(func() error {
		value := "enabled"
		if !on {
			value = "disabled"
		}
		switch how := c.parts.closed[frontend]; {
		case c.proxy.Table().Frontend(frontend) == nil:
			return ctl.ErrNoFrontend
		case how == shutdown && on:
			return errors.New("Frontend was previously shut down, cannot enable.") //nolint:staticcheck // HAProxy's words
		case how == shutdown:
			return errors.New("Frontend was previously shut down, cannot disable.") //nolint:staticcheck // HAProxy's words
		case how == disabled && !on:
			return errors.New("Frontend is already disabled.") //nolint:staticcheck // HAProxy's words
		case how == "" && on:
			return errors.New("Frontend is already enabled.") //nolint:staticcheck // HAProxy's words
		}
		_, err := c.order(operate.Object{Frontend: frontend}, operate.State, value, note)
		return err
	})
}

// ShutdownFrontend implements ctl.Balancer.
func (c control) ShutdownFrontend(frontend string, note ctl.Note) error {
	return c.change(func() error {
		switch {
		case c.proxy.Table().Frontend(frontend) == nil:
			return ctl.ErrNoFrontend
		case c.parts.closed[frontend] == shutdown:
			return errors.New("Frontend was already shut down.") //nolint:staticcheck // HAProxy's words
		}
		return c.rebuild(func(p *parts) { p.closed[frontend] = shutdown }, note, "frontend "+frontend+": shut down")
	})
}

// rebuild changes the parts and puts them in force, or leaves everything as it was.
func (c control) rebuild(edit func(*parts), note ctl.Note, what string) error {
	began, before := time.Now(), c.parts
	c.parts = before.clone()
	edit(c.parts)
	if err := c.put(); err != nil {
		c.parts = before
		return err
	}
	c.edits++
	c.tellSince(began, note, what)
	return nil
}

// SetHealth implements ctl.Balancer.
func (c control) SetHealth(n ctl.Name, health ctl.Health, note ctl.Note) error {
	return c.change(func() error {
		s, err := c.find(n)
		if err != nil {
			return err
		}
		id := healthcheck.ID{Backend: n.Backend, Server: n.Server}
		if _, follows := c.healths.leader(id); follows {
			return errors.New("cannot change health on a tracking server.") //nolint:staticcheck // HAProxy's words
		}
		began := time.Now()
		if _, checked := c.checks.Status(n.Backend, n.Server); checked {
			c.checks.Force(id, healthcheck.Forced(health), note.By)
		} else {
			c.healths.force(id, s, health != ctl.HealthDown, health == ctl.HealthStopping)
			c.reportBackend(n.Backend, time.Now())
		}
		c.tellSince(began, note, fmt.Sprintf("server %s/%s: health %s", n.Backend, n.Server, health))
		return nil
	})
}

// SetAgentHealth implements ctl.Balancer.
func (c control) SetAgentHealth(n ctl.Name, up bool, note ctl.Note) error {
	return c.change(func() error {
		if _, err := c.find(n); err != nil {
			return err
		}
		began := time.Now()
		if !c.agents.Force(healthcheck.ID{Backend: n.Backend, Server: n.Server}, up, note.By) {
			return errNoAgent
		}
		c.tellSince(began, note, fmt.Sprintf("server %s/%s: agent says up: %t", n.Backend, n.Server, up))
		return nil
	})
}

// HAProxy's words.
var (
	errNoAgent = errors.New("Agent was not configured on this server, cannot enable.")        //nolint:staticcheck
	errNoCheck = errors.New("Health check was not configured on this server, cannot enable.") //nolint:staticcheck
)

// EnableCheck implements ctl.Balancer.
func (c control) EnableCheck(n ctl.Name, on bool, note ctl.Note) error {
	return c.pause(n, on, note, "health checks", c.checks.Pause, errNoCheck)
}

// EnableAgent implements ctl.Balancer.
func (c control) EnableAgent(n ctl.Name, on bool, note ctl.Note) error {
	return c.pause(n, on, note, "agent", c.agents.Pause, errNoAgent)
}

func (c control) pause(n ctl.Name, on bool, note ctl.Note, what string, pause func(healthcheck.ID, bool) bool, missing error) error {
	return c.change(func() error {
		if _, err := c.find(n); err != nil {
			return err
		}
		if !pause(healthcheck.ID{Backend: n.Backend, Server: n.Server}, !on) && on {
			return missing
		}
		words := map[bool]string{true: "enabled", false: "disabled"}
		c.tell(note, fmt.Sprintf("server %s/%s: %s %s", n.Backend, n.Server, what, words[on]))
		return nil
	})
}

// ShutdownStream implements ctl.Balancer.
func (c control) ShutdownStream(id string, note ctl.Note) error {
	number, err := strconv.ParseUint(strings.TrimPrefix(id, "0x"), 16, 64)
	if err != nil || c.proxy.Kill(func(s balancer.Stream) bool { return s.ID == number }) == 0 {
		return ctl.ErrNoStream
	}
	c.tell(note, "session "+id+" was shut down")
	return nil
}

// ShutdownStreams implements ctl.Balancer.
func (c control) ShutdownStreams(n ctl.Name, note ctl.Note) (int, error) {
	server, err := c.find(n)
	if err != nil {
		return 0, err
	}
	ended := c.proxy.Kill(func(s balancer.Stream) bool { return s.Server == server })
	c.tell(note, fmt.Sprintf("server %s/%s: %d sessions were shut down", n.Backend, n.Server, ended))
	return ended, nil
}

// ClearCounters implements ctl.Balancer.
func (c control) ClearCounters(all bool, note ctl.Note) {
	table := c.proxy.Table()
	for _, f := range table.Frontends {
		f.Counters.Clear(all)
	}
	for _, b := range table.Backends {
		b.Counters.Clear(all)
		for _, s := range b.Servers {
			s.Counters.Clear(all)
		}
	}
	c.figures.rates.Clear()
	what := "the maxima were cleared"
	if all {
		what = "all counters were cleared"
	}
	c.tell(note, what)
}

// ClearServerCounters implements ctl.Balancer.
func (c control) ClearServerCounters(n ctl.Name, note ctl.Note) error {
	s, err := c.find(n)
	if err != nil {
		return err
	}
	s.Counters.Clear(true)
	c.tell(note, fmt.Sprintf("server %s/%s: its counters were cleared", n.Backend, n.Server))
	return nil
}
