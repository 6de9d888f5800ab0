package app

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"relais/balancer"
	"relais/healthcheck"
	"relais/internal/config"
	"relais/internal/operate"
)

// fileValues is what the configuration file says of the things that operators can set.
type fileValues struct{ *config.Config }

// HasBackend implements operate.File.
func (f fileValues) HasBackend(name string) bool { return backendOf(f.Config, name) != nil }

// Value implements operate.File.
func (f fileValues) Value(o operate.Object, k operate.Key) (string, bool) {
	switch {
	case o.Server != "":
		s := f.server(o.Backend, o.Server)
		if s == nil {
			return "", false
		}
		return serverValue(s, k), true
	case o.Frontend != "":
		for _, c := range f.Frontends {
			if c.Name == o.Frontend {
				return frontendValue(c, k), true
			}
		}
		return "", false
	}
	return strconv.Itoa(f.Limits.Maxconn), true
}

// server finds a server, also one that a name with resolve: all may come to stand for.
func (f fileValues) server(backend, name string) *config.Server {
	b := backendOf(f.Config, backend)
	if b == nil {
		return nil
	}
	if s := serverOf(b, name); s != nil {
		return s
	}
	for _, s := range b.Servers {
		number, is := strings.CutPrefix(name, s.Name+"-")
		if _, err := strconv.ParseUint(number, 10, 16); is && err == nil && s.Resolve == "all" {
			return s
		}
	}
	return nil
}

func serverValue(s *config.Server, k operate.Key) string {
	switch k {
	case operate.Weight:
		return strconv.Itoa(s.Weight)
	case operate.Maxconn:
		return strconv.Itoa(s.Maxconn)
	}
	if s.Disabled {
		return "maint"
	}
	return "ready"
}

func frontendValue(f *config.Frontend, k operate.Key) string {
	if k == operate.Maxconn {
		return strconv.Itoa(f.Maxconn)
	}
	return "enabled"
}

// openJournal brings back what operators had set when the balancer ran last.
func (a *App) openJournal(cfg *config.Config, left legacy) {
	journal, report := operate.Open(cfg.StateFile)
	a.journal = journal
	if report.Fault != nil {
		a.log.Error().Str("state_file", cfg.StateFile).Err(report.Fault).Msg("the state file cannot be used; what operators set is kept in memory only")
	}
	if report.Lost != nil {
		a.log.Error().Str("state_file", cfg.StateFile).Msg(report.Lost.String())
	}
	if report.Warning != "" {
		a.log.Warn().Str("state_file", cfg.StateFile).Msg(report.Warning)
	}
	for _, o := range report.Ended {
		a.log.Info().Str("order", o.String()).Str("by", o.By).Time("until", o.Until).Msg(o.Object.String() + ": its time ended while the balancer did not run")
	}
	a.bequeathed(left)
	dropped, err := journal.Reconcile(fileValues{cfg})
	if err != nil {
		a.log.Error().Err(err).Msg("the state file could not be written")
	}
	a.logDropped(dropped)
	for _, s := range journal.Servers() {
		if c, err := storedServer(s); err != nil {
			a.log.Error().Err(err).Str("backend", s.Backend).Str("server", s.Name).Msg("a server that was added at run time is lost")
		} else {
			a.parts.added[s.Backend] = append(a.parts.added[s.Backend], c)
		}
	}
	a.takeOrders()
	for _, o := range journal.Orders() {
		a.about(a.log.Info(), o).Msg("still holds: " + o.String())
	}
}

// reconcileOrders drops what the new file has a say in.
func (a *App) reconcileOrders(cfg *config.Config) (words []string) {
	dropped, err := a.journal.Reconcile(fileValues{cfg})
	if err != nil {
		a.log.Error().Err(err).Msg("the state file could not be written")
	}
	return a.logDropped(dropped)
}

func (a *App) logDropped(dropped []operate.Dropped) (words []string) {
	for _, d := range dropped {
		text := fmt.Sprintf("%s: %s %s of %s holds no more: %s", d.Object, d.Key, d.Value, d.By, d.Why)
		if d.Key == "" {
			text = fmt.Sprintf("%s, added by %s at run time, holds no more: %s", d.Object, d.By, d.Why)
		}
		a.log.Warn().Msg(text)
		a.noteOrder(time.Now(), fmt.Sprintf("%s: %s holds no more", d.Object, strings.TrimSpace(cmp.Or(string(d.Key), "added at run time")+" "+d.Value)), "configuration file", d.Why)
		words = append(words, text)
	}
	return words
}

// takeOrders makes the parts those that orders on frontends want.
func (a *App) takeOrders() {
	for name, how := range a.parts.closed {
		if how == disabled {
			delete(a.parts.closed, name)
		}
	}
	for _, o := range a.journal.Orders() {
		if o.Object.Frontend != "" && o.Key == operate.State && o.Value == "disabled" && a.parts.closed[o.Object.Frontend] == "" {
			a.parts.closed[o.Object.Frontend] = disabled
		}
	}
}

// ordersOf is what operators have set on a server.
func (a *App) ordersOf(backend, server string) balancer.Orders {
	orders := balancer.NoOrders()
	object := operate.Object{Backend: backend, Server: server}
	if o, ok := a.journal.Order(object, operate.State); ok {
		orders.State = o.Value
	}
	if o, ok := a.journal.Order(object, operate.Weight); ok {
		orders.Weight, _ = strconv.Atoi(o.Value)
	}
	if o, ok := a.journal.Order(object, operate.Maxconn); ok {
		orders.Maxconn, _ = strconv.Atoi(o.Value)
	}
	return orders
}

// obey gives every server what operators have set on it. A server in maintenance is not checked,
// and must pass its checks before it gets traffic again.
func (a *App) obey() {
	for _, b := range a.proxy.Table().Backends {
		for _, s := range b.Servers {
			a.endWithSlot(s)
			a.obeyOn(s)
		}
	}
	a.figures.reconcile(time.Now())
}

// endWithSlot ends the orders on a server that stands for another address of its name than the one
// that they were given for.
func (a *App) endWithSlot(s *balancer.Server) {
	if s.Config().Resolve != "all" || s.HostName() == "" || s.Unresolved() {
		return
	}
	object := operate.Object{Backend: s.Backend, Server: s.Name}
	last := a.slotAddresses[object]
	a.slotAddresses[object] = s.Address()
	if last == "" || last == s.Address() {
		return
	}
	gone, err := a.journal.SetBack("discovery", operate.Target{Object: object, Key: operate.State},
		operate.Target{Object: object, Key: operate.Weight}, operate.Target{Object: object, Key: operate.Maxconn})
	if err != nil {
		a.log.Error().Err(err).Str("server", object.String()).Msg("the state file could not be written")
	}
	for _, o := range gone {
		why := fmt.Sprintf("the server was %s and is %s now", last, s.Address())
		a.about(a.log.Warn(), o).Msg(o.String() + " holds no more: " + why)
		a.noteOrder(time.Now(), o.String()+" holds no more", "discovery", why)
	}
}

func (a *App) obeyOn(s *balancer.Server) {
	id := healthcheck.ID{Backend: s.Backend, Server: s.Name}
	orders := a.ordersOf(s.Backend, s.Name)
	maintenance := orders.State == "maint" || orders.State == "" && s.Disabled()
	a.agents.Maintain(id, maintenance)
	a.checks.Maintain(id, maintenance)
	if leader, follows := a.healths.leader(id); follows {
		l := a.proxy.Table().Server(leader.Backend, leader.Server)
		orders.Leader = l != nil && l.Maintenance()
	}
	if a.begun {
		s.SetOrders(orders)
	} else {
		s.Restore(orders)
	}
	for _, id := range a.healths.followersOf(id) {
		if follower := a.proxy.Table().Server(id.Backend, id.Server); follower != nil {
			a.obeyOn(follower)
		}
	}
}

// limitOf is the maxconn of a frontend, or with an empty name of the process: the file's, unless
// an operator has set another one.
func (a *App) limitOf(frontend string, file int) int {
	if o, ok := a.journal.Order(operate.Object{Frontend: frontend}, operate.Maxconn); ok {
		file, _ = strconv.Atoi(o.Value)
	}
	return file
}

// runJournal ends orders when their time is up.
func (a *App) runJournal(ctx context.Context) {
	a.journal.Run(ctx, func(o operate.Order) {
		a.about(a.log.Warn(), o).Msg(fmt.Sprintf("%s ends in %s", o.String(), time.Until(o.Until).Round(time.Second)))
	}, func(o operate.Order) {
		a.about(a.log.Warn(), o).Msg(o.String() + " has ended: its time is up")
		a.noteOrder(time.Now(), o.String()+" has ended", "", "its time is up")
		a.change.Lock()
		defer a.change.Unlock()
		if err := a.follow(o.Object); err != nil {
			a.log.Error().Err(err).Msg("the end of an order could not be put in force")
		}
	})
}

func (a *App) about(event *zerolog.Event, o operate.Order) *zerolog.Event {
	event = event.Str("by", o.By).Time("at", o.At)
	if o.Reason != "" {
		event = event.Str("reason", o.Reason)
	}
	if o.For > 0 {
		event = event.Time("until", o.Until)
	}
	return event
}

// giveAgain has an order hold that held before, for what is left of its time.
func (a *App) giveAgain(o operate.Order) error {
	if o.For > 0 {
		o.For = max(time.Until(o.Until), time.Second)
	}
	return a.journal.Give(o)
}

// follow makes the balancer what the orders on an object say now. It is called under App.change.
func (a *App) follow(o operate.Object) error {
	switch {
	case a.isStopping():
		return nil
	case o.Server != "":
		if s := a.proxy.Table().Server(o.Backend, o.Server); s != nil {
			a.obeyOn(s)
			for _, b := range a.proxy.Table().Backends { // followers may be in any
				a.reportBackend(b.Name, time.Now())
			}
		}
		return nil
	case o.Frontend != "":
		before := a.parts
		a.parts = a.parts.clone()
		a.takeOrders()
		if err := a.put(); err != nil {
			a.parts = before
			return err
		}
		return nil
	}
	return a.setLimits(a.cfg.Load())
}
