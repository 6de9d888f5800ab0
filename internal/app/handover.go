package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"relais/healthcheck"
	"relais/internal/handover"
	"relais/internal/listen"
	"relais/internal/operate"
)

// handOverTimeout bounds how long a successor may take to get ready, and again to serve.
const handOverTimeout = time.Minute

// legacy is what a balancer leaves to its successor.
type legacy struct {
	Checks []healthcheck.Saved
	Agents []healthcheck.SavedAgent
	Orders []operate.Order  // if there is no state file
	Added  []operate.Server // the same
}

// HandOver starts the program anew, as it is on disk now, with the listening sockets and what is
// known of the servers. When it returns nil, the successor serves and this balancer is only to be
// stopped. Else nothing has happened, and the error says why.
func (a *App) HandOver(ctx context.Context, stdout, stderr *os.File, dir string) error {
	a.change.Lock()
	defer a.change.Unlock()
	if a.isStopping() {
		return errStopping
	}
	if err := handover.Possible(os.LookupEnv); err != nil {
		return err
	}
	program, err := handover.Program(os.Args[0])
	if err != nil {
		return err
	}
	sockets, err := a.sockets()
	defer closeAll(sockets)
	if err != nil {
		return err
	}
	successor, err := handover.Start(handover.StartOptions{
		Path: program, Args: os.Args, Env: os.Environ(), Dir: dir, Sockets: sockets,
		Stdout: stdout, Stderr: stderr, Timeout: handOverTimeout,
	})
	if err != nil {
		return err
	}
	if err := successor.Prepared(ctx); err != nil {
		return err
	}
	a.log.Info().Int("pid", successor.PID()).Msg("the successor is prepared; checks, state file and runtime socket are its own from now on")
	resume := a.letGo()
	if err := successor.Take(ctx, a.legacy()); err != nil {
		return errors.Join(err, resume())
	}
	for _, l := range a.listeners() {
		l.Keep()
	}
	a.handedOver = true
	a.log.Info().Int("pid", successor.PID()).Msg("the successor serves")
	return nil
}

// listeners are all that there are.
func (a *App) listeners() (all []*listen.Listener) {
	for _, s := range a.binds {
		all = append(all, s.listener)
	}
	if a.admin != nil {
		all = append(all, a.admin.listener)
	}
	if a.socket != nil {
		all = append(all, a.socket.listener)
	}
	return all
}

// sockets are the descriptors of all listeners, for the caller to close.
func (a *App) sockets() (all []listen.Socket, err error) {
	for _, l := range a.listeners() {
		s, err := l.Socket()
		if err != nil {
			return all, fmt.Errorf("hand over %s: %w", l.Addr(), err)
		}
		all = append(all, s)
	}
	return all, nil
}

func closeAll(sockets []listen.Socket) {
	for _, s := range sockets {
		_ = s.File.Close()
	}
}

// letGo stops what only one of two may do. resume takes it up again.
func (a *App) letGo() (resume func() error) {
	a.checks.Freeze(true)
	a.agents.Freeze(true)
	a.journal.Suspend()
	return func() error {
		err := a.journal.Resume()
		a.agents.Freeze(false)
		a.checks.Freeze(false)
		return err
	}
}

// legacy is what the successor is told when it is its turn.
func (a *App) legacy() []byte {
	l := legacy{Checks: a.checks.Export(), Agents: a.agents.Export()}
	if a.cfg.Load().StateFile == "" {
		l.Added, l.Orders = a.journal.Servers(), a.journal.Orders()
	}
	text, err := json.Marshal(l)
	if err != nil {
		a.log.Error().Err(err).Msg("the successor is not told what is known of the servers")
		return nil
	}
	return text
}

// inherit takes over what a predecessor has left.
func (a *App) inherit(text []byte) legacy {
	var l legacy
	if len(text) == 0 {
		return l
	}
	if err := json.Unmarshal(text, &l); err != nil {
		a.log.Error().Err(err).Msg("what the predecessor knew of the servers cannot be read; they begin anew")
	}
	return l
}

// bequeathed gives the journal what a predecessor without a state file had in its own.
func (a *App) bequeathed(l legacy) {
	for _, s := range l.Added {
		if err := a.journal.AddServer(s); err != nil {
			a.log.Error().Err(err).Msg("a server that was added at run time is lost")
		}
	}
	for _, o := range l.Orders {
		if err := a.giveAgain(o); err != nil {
			a.log.Error().Err(err).Str("order", o.String()).Msg("an order is lost")
		}
	}
}
