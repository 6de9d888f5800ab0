package app

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"relais/internal/config/file"
	"relais/internal/handover"
	"relais/internal/listen"
	"relais/internal/systemd"
)

// process is a balancer and those who started it.
type process struct {
	*App
	config      string
	dir         string // working directory at the start
	signals     chan os.Signal
	service     *systemd.Service
	predecessor *handover.Predecessor // nil: none
	given       *listen.Sockets
}

// run balances until a signal says to stop; a second one ends the process at once.
func run(cmd *cobra.Command, path string) (err error) {
	p := &process{config: path, signals: make(chan os.Signal, 8)}
	signal.Notify(p.signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGUSR2)
	signal.Ignore(syscall.SIGPIPE) // a reader of a log that has gone is not the end
	if p.dir, err = os.Getwd(); err != nil {
		return err
	}
	if err := p.meet(); err != nil {
		return err
	}
	if err := p.start(cmd.Context()); err != nil {
		p.given.Close()
		if p.predecessor != nil {
			return errors.Join(err, p.predecessor.Fail(err.Error()))
		}
		return err
	}
	return p.serve()
}

// meet finds out who has started the process, and with which sockets.
func (p *process) meet() (err error) {
	if p.predecessor, err = handover.FromEnv(os.LookupEnv, os.Unsetenv); err != nil {
		return err
	}
	if p.service, err = systemd.FromEnv(os.LookupEnv, os.Unsetenv); err != nil {
		return err
	}
	var sockets []listen.Socket
	if p.predecessor != nil {
		sockets = p.predecessor.Sockets()
	} else if sockets, err = systemd.Sockets(os.LookupEnv, os.Unsetenv); err != nil {
		return err
	}
	p.given = listen.NewSockets(sockets...)
	return nil
}

// start prepares a balancer and has it begin when it is its turn.
func (p *process) start(ctx context.Context) error {
	cfg, err := file.Load(p.config, os.LookupEnv)
	if err != nil {
		return err
	}
	p.App, err = Prepare(cfg, Options{ConfigFile: p.config, Getenv: os.LookupEnv, Stdout: os.Stdout, Stderr: os.Stderr, Given: p.given, Waits: p.predecessor != nil})
	if err != nil {
		return err
	}
	var left []byte
	if p.predecessor != nil {
		if err := p.predecessor.SayPrepared(); err != nil {
			return errors.Join(err, p.Abandon())
		}
		if left, err = p.predecessor.AwaitTurn(ctx); err != nil {
			return errors.Join(err, p.Abandon())
		}
	}
	for _, address := range p.given.Left() {
		p.log.Warn().Str("socket", address).Msg("a socket that the balancer was given is not in its configuration")
	}
	if err := p.Begin(left); err != nil {
		return errors.Join(err, p.Abandon())
	}
	if p.predecessor != nil {
		if err := p.predecessor.SayServing(); err != nil {
			p.log.Error().Err(err).Msg("the predecessor does not hear that its successor serves")
		}
	}
	p.notify(systemd.MainPID(os.Getpid()), systemd.Ready)
	return nil
}

func (p *process) notify(states ...string) {
	if err := p.service.Notify(states...); err != nil {
		p.log.Warn().Err(err).Msg("systemd cannot be told")
	}
}

// serve does what signals say, until the end.
func (p *process) serve() error {
	ctx, cancel := context.WithCancel(context.Background())
	var watchdog sync.WaitGroup
	watchdog.Go(func() {
		p.service.Watch(ctx, p.alive, func(err error) { p.log.Warn().Err(err).Msg("systemd cannot be told") })
	})
	defer watchdog.Wait()
	defer cancel()
	for s := range p.signals {
		switch s {
		case syscall.SIGHUP:
			p.notify(systemd.Reloading())
			done, err := p.Reload()
			p.tellReload(done, err, "SIGHUP")
			p.notify(systemd.Ready)
		case syscall.SIGUSR2:
			if err := p.handOver(); err != nil {
				p.log.Error().Err(err).Msg("not replaced; this balancer goes on")
				continue
			}
			return p.end()
		default:
			p.notify(systemd.Stopping)
			return p.end()
		}
	}
	return nil
}

// handOver replaces this process by a new one, unless a signal to stop comes first.
func (p *process) handOver() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.HandOver(ctx, os.Stdout, os.Stderr, p.dir) }()
	for {
		select {
		case err := <-done:
			return err
		case s := <-p.signals:
			if s != syscall.SIGHUP && s != syscall.SIGUSR2 { // which the successor needs no more
				cancel()
				err := <-done
				p.signals <- s
				return err
			}
		}
	}
}

// alive waits for what every change waits for.
func (p *process) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return true
}

// errSecondSignal is why requests were cut off.
var errSecondSignal = errors.New("a second signal: ended at once")

// end stops gracefully, unless another signal says not to.
func (p *process) end() error {
	stopped := make(chan error, 1)
	go func() { stopped <- p.Stop(context.Background()) }()
	for {
		select {
		case err := <-stopped:
			return err
		case s := <-p.signals:
			if s == syscall.SIGTERM || s == syscall.SIGINT {
				return errSecondSignal
			}
		}
	}
}
