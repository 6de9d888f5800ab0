package handover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"relais/internal/listen"
)

// errSilent is why a successor is given up that does not answer.
var errSilent = errors.New("no answer in time")

// StartOptions say what to start and what it gets.
type StartOptions struct {
	Path    string          // of the program; see Program
	Args    []string        // its arguments, the name first
	Env     []string        // its environment
	Dir     string          // its working directory; empty: that of this process
	Sockets []listen.Socket // the listening sockets; the caller closes them
	State   []byte          // what helps it to prepare itself; may be large
	Stdout  *os.File
	Stderr  *os.File
	Timeout time.Duration // of Prepared and of Take, each; 0: none
}

// Successor is a program that has been started to take the place of this one. It is for one
// goroutine, and ends with the error of a method, with Abandon, or with Take.
type Successor struct {
	path    string
	timeout time.Duration
	start   message
	cmd     *exec.Cmd
	talk    *conversation
	stderr  *tail
	exited  chan struct{}
	err     error // how it ended; after exited
}

// Start starts the program in the process group of this one, so that signals of a supervisor
// reach both. It shares stdin and stdout; its stderr passes through this process until it serves.
func Start(o StartOptions) (*Successor, error) {
	s := &Successor{path: o.Path, timeout: o.Timeout, stderr: &tail{to: o.Stderr}, exited: make(chan struct{})}
	s.start = message{Say: start, state: o.State}
	if err := s.run(&o); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Path, err)
	}
	return s, nil
}

func (s *Successor) run(o *StartOptions) error {
	dir, err := directory(o.Dir)
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open a socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "successor"), os.NewFile(uintptr(pair[1]), "predecessor")
	defer theirs.Close()
	s.talk = newConversation(ours, 1<<20)
	s.cmd = &exec.Cmd{
		Path: o.Path, Args: o.Args, Dir: dir, Env: environment(o.Env),
		Stdin: os.Stdin, Stdout: o.Stdout, Stderr: s.stderr,
		ExtraFiles: []*os.File{theirs, o.Stderr},
		WaitDelay:  time.Second, // its stderr may be open in a child of its own
	}
	for _, given := range o.Sockets {
		s.start.Sockets = append(s.start.Sockets, socket{given.Address, given.Lent})
		s.cmd.ExtraFiles = append(s.cmd.ExtraFiles, given.File)
	}
	if err := s.cmd.Start(); err != nil {
		s.talk.close()
		return err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	return nil
}

// directory returns the working directory for the successor. Its configuration may be named from
// there.
func directory(dir string) (string, error) {
	if dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			return "", fmt.Errorf("the working directory has gone: %w", err)
		}
		return wd, nil
	}
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("the working directory has gone: %w", err)
	}
	return dir, nil
}

func environment(env []string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(s string) bool { return strings.HasPrefix(s, variable+"=") })
	return append(env, fmt.Sprintf("%s=%d", variable, os.Getpid()))
}

// PID returns the process id of the successor.
func (s *Successor) PID() int { return s.cmd.Process.Pid }

// Prepared waits until the successor has loaded its configuration and opened everything that it
// needs, and has begun nothing. An error says why it never will; it has ended then.
func (s *Successor) Prepared(ctx context.Context) error {
	return s.exchange(ctx, s.start, prepared)
}

// Take tells the successor that everything is its own now, and waits until it serves. Before, the
// caller stops its health checks, lets go of its state file and stops accepting on its admin
// socket; the final state goes along. After an error the successor has ended, and the caller goes
// on where it stopped. Otherwise it closes its listeners, with the files kept, and ends when what
// is under way has ended.
func (s *Successor) Take(ctx context.Context, state []byte) error {
	if err := s.exchange(ctx, message{Say: turn, state: state}, serving); err != nil {
		return err
	}
	s.talk.close()
	return nil
}

// Abandon ends a successor that has not taken over.
func (s *Successor) Abandon() {
	_ = s.cmd.Process.Kill() // an error means that it has ended
	<-s.exited
	s.talk.close()
}

// exchange says a thing and waits for the answer.
func (s *Successor) exchange(ctx context.Context, m message, answer string) error {
	if s.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.timeout, errSilent)
		defer cancel()
	}
	unsaid := s.talk.say(ctx, m)
	got, err := s.talk.expect(ctx, answer) // whether it listens or not: it may have said why it does not
	if err == nil {
		err = unsaid
	}
	if err == nil {
		return nil
	}
	s.Abandon()
	if got.Say == fail {
		return fmt.Errorf("hand over to %s: %s", s.path, got.Reason)
	}
	return fmt.Errorf("hand over to %s: %w", s.path, s.explain(err, answer))
}

// explain says of a successor that has ended why it failed.
func (s *Successor) explain(err error, answer string) error {
	switch {
	case errors.Is(err, errSilent):
		err = fmt.Errorf("%w: it did not say %q within %v", err, answer, s.timeout)
	case hungUp(err):
		err = s.ended()
	}
	if last := s.stderr.String(); last != "" {
		return fmt.Errorf("%w; its last words on stderr: %s", err, last)
	}
	return err
}

// ended tells how a successor ended that hung up before it was killed.
func (s *Successor) ended() error {
	if s.err == nil {
		return errors.New("it ended as if all were well")
	}
	return fmt.Errorf("it ended: %w", s.err)
}
