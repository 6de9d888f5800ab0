package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Errors of Do.
var (
	ErrAnswer = errors.New("the balancer has refused") // the answer says why
	ErrCut    = errors.New("the answer is not whole")
)

// Do sends a line of commands to the CLI that listens on the unix socket path and copies the
// answers to out as they come. It returns ErrAnswer when one of them says that a command was not
// done, and ErrCut when the connection has ended before them. Join makes a line of words.
func Do(ctx context.Context, path, line string, out io.Writer) error {
	if strings.ContainsAny(line, "\n") {
		return fmt.Errorf("send %q: one line is a command", line)
	}
	conn, stop, err := dial(ctx, path)
	if err != nil {
		return err
	}
	defer stop()
	if _, err := io.WriteString(conn, statusMark+line+"\n"); err != nil {
		return fmt.Errorf("send the command: %w", err)
	}
	tail := &tailing{out: out}
	if _, err := io.Copy(tail, conn); err != nil && !tail.ended() {
		return errors.Join(fmt.Errorf("read the answer: %w", err), tail.status())
	}
	return tail.status()
}

// Interact lets a person use the CLI that listens on the unix socket path: with a prompt, until
// one side ends.
func Interact(ctx context.Context, path string, in io.Reader, out io.Writer) error {
	conn, stop, err := dial(ctx, path)
	if err != nil {
		return err
	}
	defer stop()
	if _, err := io.WriteString(conn, "set timeout cli 1d;prompt\n"); err != nil {
		return fmt.Errorf("ask for a prompt: %w", err)
	}
	// A terminal's Read cannot be ended, so nobody waits for this.
	go func() {
		_, _ = io.Copy(conn, in)
		_ = conn.CloseWrite()
	}()
	if _, err := io.Copy(out, conn); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// dial connects; the connection is closed by stop or when ctx is done.
func dial(ctx context.Context, path string) (conn *net.UnixConn, stop func(), err error) {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	c, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the balancer: %w", err)
	}
	unregister := context.AfterFunc(ctx, func() { _ = c.Close() })
	return c.(*net.UnixConn), func() { unregister(); _ = c.Close() }, nil
}

// tailing passes on all but the last bytes written to it, which may be the status line.
type tailing struct {
	out  io.Writer
	held []byte
}

func (t *tailing) Write(p []byte) (int, error) {
	t.held = append(t.held, p...)
	size := len(fmt.Sprintf(statusLine, 0))
	if pass := len(t.held) - size; pass > 0 {
		if _, err := t.out.Write(t.held[:pass]); err != nil {
			return 0, err
		}
		t.held = append(t.held[:0], t.held[pass:]...)
	}
	return len(p), nil
}

func (t *tailing) ended() bool { return !errors.Is(t.statusOf(), ErrCut) }

// status passes on what is no status line and returns what the status says.
func (t *tailing) status() error {
	err := t.statusOf()
	if errors.Is(err, ErrCut) {
		if _, err := t.out.Write(t.held); err != nil {
			return err
		}
	}
	return err
}

func (t *tailing) statusOf() error {
	switch string(t.held) {
	case fmt.Sprintf(statusLine, 0):
		return nil
	case fmt.Sprintf(statusLine, 1):
		return ErrAnswer
	}
	return ErrCut
}
