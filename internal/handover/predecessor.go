package handover

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"relais/internal/listen"
)

// Predecessor is the process whose place this one is to take. It is for one goroutine.
type Predecessor struct {
	talk    *conversation
	stderr  *os.File
	sockets []listen.Socket
	state   []byte
}

// FromEnv meets the predecessor; nil: there is none, or it has gone. It is called before the
// process starts others or opens anything, and clears the environment for them.
func FromEnv(getenv func(string) (string, bool), unsetenv func(string) error) (*Predecessor, error) {
	pid, found := getenv(variable)
	if !found {
		return nil, nil
	}
	if err := unsetenv(variable); err != nil {
		return nil, fmt.Errorf("unset %s: %w", variable, err)
	}
	if pid != strconv.Itoa(os.Getppid()) {
		return nil, nil
	}
	p := &Predecessor{
		talk:   newConversation(given(conversationFD, "predecessor"), math.MaxInt64),
		stderr: given(stderrFD, "stderr"),
	}
	m, err := p.talk.expect(context.Background(), start)
	if err != nil {
		return nil, fmt.Errorf("listen to the predecessor: %w", err)
	}
	p.state = m.state
	for i, s := range m.Sockets {
		p.sockets = append(p.sockets, listen.Socket{Address: s.Address, Lent: s.Lent, File: given(socketsFD+i, s.Address)})
	}
	return p, nil
}

// given returns a descriptor that the predecessor has left open, which nobody else is to get.
func given(fd int, name string) *os.File {
	unix.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), name)
}

// Sockets returns the listening sockets, which belong to the caller.
func (p *Predecessor) Sockets() []listen.Socket { return p.sockets }

// State returns the state of the predecessor when it started this process.
func (p *Predecessor) State() []byte { return p.state }

// SayPrepared says that nothing can fail any more, and that nothing has begun.
func (p *Predecessor) SayPrepared() error { return p.say(message{Say: prepared}) }

// AwaitTurn waits until the predecessor has let go of everything, and returns its final state.
// Its checks, its state file and its sockets are this process's from here on. After an error they
// are not, and the process has to end.
func (p *Predecessor) AwaitTurn(ctx context.Context) (state []byte, err error) {
	m, err := p.talk.expect(ctx, turn)
	if hungUp(err) {
		err = errors.New("it has gone")
	}
	if err != nil {
		return nil, fmt.Errorf("await the turn from the predecessor: %w", err)
	}
	return m.state, nil
}

// SayServing says that clients are served; the predecessor goes. After an error it has gone
// already, and this process serves nonetheless.
func (p *Predecessor) SayServing() error {
	defer p.talk.close()
	if err := unix.Dup3(int(p.stderr.Fd()), unix.Stderr, 0); err != nil {
		return fmt.Errorf("take over stderr: %w", err)
	}
	_ = p.stderr.Close()
	return p.say(message{Say: serving})
}

// Fail says why this process cannot take over. It ends then.
func (p *Predecessor) Fail(reason string) error {
	defer p.talk.close()
	return p.say(message{Say: fail, Reason: reason})
}

func (p *Predecessor) say(m message) error {
	if err := p.talk.say(context.Background(), m); err != nil {
		return fmt.Errorf("say %q to the predecessor: %w", m.Say, err)
	}
	return nil
}
