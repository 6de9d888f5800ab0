// Package supervise keeps child processes running: each in a process group of its own, started
// again with back-off when it dies, and never outliving its parent.
package supervise

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// drainOutput bounds the wait for the output of a process that has ended.
const drainOutput = time.Second

// Program says what to run, and who reads what it says.
type Program struct {
	Name   string
	Path   string
	Args   []string // the first one is the name under which it runs
	Env    []string // with RELAIS_SUPERVISED=1 added: what replaces itself would be taken for dead
	Dir    string
	Output func(line string) // gets each line; two goroutines call it, one for each output
}

// Death tells how a process ended that was not told to.
type Death struct {
	Name  string
	How   string        // such as "exit code 1"
	Again time.Duration // until it is started again
}

// Process is a program that is kept running.
type Process struct {
	program Program
	thread  *Thread
	onDeath func(Death) bool
	done    chan struct{} // closed when there is no process and will be none

	mu       sync.Mutex
	process  *os.Process   // nil: none runs
	stopping chan struct{} // closed under mu when the stop begins
}

// Start runs a program on thread, which must stay open until the program has stopped. When the
// program dies, onDeath, which may be called from any goroutine, tells whether it is started
// again. The process owns one goroutine, ended by Stop or by onDeath saying no.
func Start(thread *Thread, program Program, onDeath func(Death) bool) *Process {
	p := &Process{
		program: program, thread: thread, onDeath: onDeath,
		done: make(chan struct{}), stopping: make(chan struct{}),
	}
	go p.keep()
	return p
}

// PID returns the process id; 0: no process runs at the moment.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process == nil {
		return 0
	}
	return p.process.Pid
}

// Stop asks the program to end (SIGTERM) and waits until it has. When ctx ends first, its
// process group is killed. Stop tells whether the program ended by itself. It is to be called
// once.
func (p *Process) Stop(ctx context.Context) (graceful bool) {
	p.mu.Lock()
	close(p.stopping)
	p.mu.Unlock()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
	}
	p.signal(syscall.SIGKILL)
	<-p.done
	return false
}

// signal reaches the whole process group. It asks first whether the process has been waited for:
// from then on its number may be somebody else's.
func (p *Process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process != nil && p.process.Signal(syscall.Signal(0)) == nil {
		_ = syscall.Kill(-p.process.Pid, sig) // fails when the process has just ended by itself
	}
}

// keep runs the program again and again.
func (p *Process) keep() {
	defer close(p.done)
	var pauses backoff
	for {
		began := time.Now()
		how := p.live()
		if p.isStopping() {
			return
		}
		again := pauses.next(time.Since(began))
		if !p.onDeath(Death{Name: p.program.Name, How: how, Again: again}) || !p.pause(again) {
			return
		}
	}
}

// live runs the program once and tells how it ended.
func (p *Process) live() (how string) {
	stdout, stderr := &lines{say: p.program.Output}, &lines{say: p.program.Output}
	cmd := p.command(stdout, stderr)
	if err := p.begin(cmd); err != nil {
		return fmt.Sprintf("it cannot be started: %v", err)
	}
	_ = cmd.Wait() // ProcessState tells more
	p.mu.Lock()
	p.process = nil
	p.mu.Unlock()
	stdout.end()
	stderr.end()
	return ending(cmd.ProcessState)
}

// command has a pipe for each output: lines of two writers in one pipe could be torn.
func (p *Process) command(stdout, stderr io.Writer) *exec.Cmd {
	return &exec.Cmd{
		Path: p.program.Path, Args: p.program.Args, Env: append(slices.Clip(p.program.Env), "RELAIS_SUPERVISED=1"), Dir: p.program.Dir,
		Stdout: stdout, Stderr: stderr,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
		WaitDelay:   drainOutput,
	}
}

// begin starts the process, unless the stop has begun: Stop signals what has been started before.
func (p *Process) begin(cmd *exec.Cmd) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isStopping() {
		return context.Canceled
	}
	p.thread.Do(func() { err = cmd.Start() })
	if err == nil {
		p.process = cmd.Process
	}
	return err
}

func (p *Process) isStopping() bool {
	select {
	case <-p.stopping:
		return true
	default:
		return false
	}
}

// pause tells whether there is a next time.
func (p *Process) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.stopping:
		return false
	}
}

func ending(state *os.ProcessState) string {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return fmt.Sprintf("killed by signal %d", status.Signal())
	}
	return fmt.Sprintf("exit code %d", state.ExitCode())
}
