package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"relais/cmd/stack/internal/supervise"
)

// The names under which the log shows who speaks.
const (
	stackName    = "stack"
	balancerName = "balancer"
)

// stopTimeout is for the balancer, and then again for the web servers.
const stopTimeout = 10 * time.Second

// stack is the balancer and its web servers, as processes.
type stack struct {
	executable string
	dir        *dataDir
	sites      layout
	console    *console

	thread   *supervise.Thread
	balancer *supervise.Process
	web      []*supervise.Process

	failed  chan supervise.Death // of processes that died before the stack was up
	mu      sync.Mutex
	started bool
}

func newStack(dir *dataDir, sites layout, c *console) (*stack, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	return &stack{
		executable: executable, dir: dir, sites: sites, console: c,
		failed: make(chan supervise.Death, len(sites.web)+1),
	}, nil
}

// run starts everything, keeps it running until the stop is asked for, and ends everything.
func (s *stack) run(stop *stopper) error {
	s.thread = supervise.NewThread()
	defer s.thread.Close()
	s.console.print(fmt.Sprintf("Starting %s and the balancer ...\n", webServers(len(s.sites.web))))
	err := s.start(stop.asked)
	if err == nil {
		s.console.print(s.overview())
		s.console.open()
		<-stop.asked.Done()
	}
	s.console.hush()
	s.stop(stop.forced)
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

func (s *stack) supervise(p supervise.Program) *supervise.Process {
	return supervise.Start(s.thread, p, s.onDeath)
}

// program runs this program again. Working in the data directory keeps its path, which may hold
// anything, off the command line.
func (s *stack) program(name string, args ...string) supervise.Program {
	return supervise.Program{
		Name: name, Path: s.executable, Args: append([]string{stackName}, args...),
		Env: os.Environ(), Dir: s.dir.path, Output: s.console.writer(name),
	}
}

// webServer has everything that concerns it set, whatever the environment of the stack says.
func (s *stack) webServer(i int) supervise.Program {
	at := s.sites.web[i]
	p := s.program(at.name, "webapp", "serve")
	p.Env = append(p.Env,
		"SERVER_ID="+strconv.Itoa(i+1), "SERVER_ID_SUFFIX=",
		"LISTEN_HOST="+at.host, "PORT="+strconv.Itoa(at.port),
		"MYSQL_HOST=", "SQLITE_PATH="+filepath.Join(s.dir.path, databaseFile))
	return p
}

// onDeath says that a process died, and has it started again once the stack is up.
func (s *stack) onDeath(d supervise.Death) (restart bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started {
		s.failed <- d
		return false
	}
	s.console.say(zerolog.WarnLevel, fmt.Sprintf("%s died (%s); starting it again in %s", d.Name, d.How, inWords(d.Again)))
	return true
}

// stop ends the balancer, which no longer takes requests then, and after it the web servers.
func (s *stack) stop(force context.Context) {
	if s.started {
		s.console.say(zerolog.InfoLevel, "stopping the balancer, then the web servers; another signal kills them")
	}
	if s.balancer != nil {
		s.end(force, balancerName, s.balancer)
	}
	var web sync.WaitGroup
	for i, p := range s.web {
		web.Go(func() { s.end(force, s.sites.web[i].name, p) })
	}
	web.Wait()
	if s.started {
		s.console.say(zerolog.InfoLevel, "stopped; the data is kept in "+s.dir.dir)
	}
}

func (s *stack) end(force context.Context, name string, p *supervise.Process) {
	ctx, cancel := context.WithTimeout(force, stopTimeout)
	defer cancel()
	switch {
	case p.Stop(ctx):
	case force.Err() != nil:
		s.console.say(zerolog.WarnLevel, name+" was killed")
	default:
		s.console.say(zerolog.WarnLevel, fmt.Sprintf("%s did not stop within %s and was killed", name, inWords(stopTimeout)))
	}
}
