package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// parentInterval is how often a stack that go run started looks whether that still runs.
const parentInterval = 200 * time.Millisecond

// sameStop is how long further signals belong to the first one: timeout(1), for one, signals its
// child and then the whole group, the child included.
const sameStop = 300 * time.Millisecond

// stopper turns signals into the end of two contexts.
type stopper struct {
	asked  context.Context // ends when the stack is to stop
	forced context.Context // ends when it is to stop at once
	ask    context.CancelFunc
	force  context.CancelFunc

	signals chan os.Signal
	done    sync.WaitGroup
}

// listenForStop makes the first signal ask and a second one force. A SIGHUP that was ignored
// when the stack was started, as nohup does, stays ignored.
func listenForStop() *stopper {
	s := &stopper{signals: make(chan os.Signal, 2)}
	s.forced, s.force = context.WithCancel(context.Background())
	s.asked, s.ask = context.WithCancel(s.forced)
	signal.Notify(s.signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(s.signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // a reader of the log that has gone is not the end
	s.done.Go(s.listen)
	if parent := os.Getppid(); isGo(parent) {
		s.done.Go(func() { s.watch(parent) })
	}
	return s
}

// close ends both contexts and what waits for signals.
func (s *stopper) close() {
	signal.Stop(s.signals)
	s.force()
	s.done.Wait()
}

func (s *stopper) listen() {
	var first time.Time
	for {
		select {
		case <-s.signals:
		case <-s.forced.Done():
			return
		}
		switch {
		case first.IsZero():
			first = time.Now()
			s.ask()
		case time.Since(first) > sameStop:
			s.force()
		}
	}
}

// watch asks for the stop when the parent has ended: go run passes on no signal, so that one
// that is sent to go run alone ends go run alone.
func (s *stopper) watch(parent int) {
	tick := time.NewTicker(parentInterval)
	defer tick.Stop()
	for os.Getppid() == parent {
		select {
		case <-tick.C:
		case <-s.asked.Done():
			return
		}
	}
	s.ask()
}

// isGo tells whether a process is the go command.
func isGo(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && string(bytes.TrimSpace(name)) == "go"
}
