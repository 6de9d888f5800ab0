// Package handover starts a new program in the place of the running one without refusing a
// connection: the successor gets the listening sockets, prepares itself, and begins when the
// predecessor says that it is its turn. Until the successor serves, its failure changes nothing.
package handover

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// variable tells a successor that it is one. Its value is the process id of the predecessor, so
// that it says nothing to anybody else who may inherit it.
const variable = "RELAIS_HANDOVER"

// What a successor finds open. Two programs of different versions meet here: these numbers, and
// what messages mean, can be added to and never changed.
const (
	conversationFD = 3 + iota
	stderrFD       // where its stderr goes when it serves; until then the predecessor reads it
	socketsFD      // the first of the sockets
)

// What the two say, in this order. The successor may say fail instead of its words.
const (
	start    = "start"    // with the sockets and the state so far
	prepared = "prepared" // nothing can fail any more
	turn     = "turn"     // with the final state: the predecessor has let go of everything
	serving  = "serving"  // the predecessor is not needed any more
	fail     = "fail"     // with the reason
)

// errLanguage says that there is something else than the successor or the predecessor.
var errLanguage = errors.New("it does not speak the language of a hand-over")

// message is a line of JSON, and the bytes of the state behind it.
type message struct {
	Say     string   `json:"say"`
	Sockets []socket `json:"sockets,omitempty"` // in the order of their descriptors
	Reason  string   `json:"reason,omitempty"`
	Size    int64    `json:"state,omitempty"` // of the state; set by say

	state []byte
}

type socket struct {
	Address string `json:"address"`
	Lent    bool   `json:"lent,omitempty"`
}

// conversation is one end of the socket between the two.
type conversation struct {
	file *os.File
	in   *bufio.Reader
}

// newConversation reads at most limit bytes of what the other one says.
func newConversation(file *os.File, limit int64) *conversation {
	return &conversation{file: file, in: bufio.NewReader(io.LimitReader(file, limit))}
}

// say and hear wait no longer than ctx, whose cause they return then.
func (c *conversation) say(ctx context.Context, m message) error {
	m.Size = int64(len(m.state))
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	// In one piece: after the last word the other one hangs up.
	whole := slices.Concat(line, []byte{'\n'}, m.state)
	return c.within(ctx, func() error {
		_, err := c.file.Write(whole)
		return err
	})
}

func (c *conversation) hear(ctx context.Context) (m message, err error) {
	err = c.within(ctx, func() error { return c.read(&m) })
	return m, err
}

func (c *conversation) read(m *message) error {
	line, err := c.in.ReadBytes('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, m); err != nil {
		return fmt.Errorf("%w: %w", errLanguage, err)
	}
	// Not all at once: nobody knows whether there is so much.
	m.state, err = io.ReadAll(io.LimitReader(c.in, m.Size))
	if err == nil && int64(len(m.state)) != m.Size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// expect hears a message that says what.
func (c *conversation) expect(ctx context.Context, what string) (message, error) {
	m, err := c.hear(ctx)
	if err == nil && m.Say != what {
		err = fmt.Errorf("%w: it says %.100q instead of %q", errLanguage, m.Say, what)
	}
	return m, err
}

func (c *conversation) within(ctx context.Context, talk func() error) error {
	if err := c.file.SetDeadline(time.Time{}); err != nil {
		return err
	}
	release := context.AfterFunc(ctx, func() { _ = c.file.SetDeadline(time.Unix(1, 0)) })
	err := talk()
	if !release() {
		return context.Cause(ctx)
	}
	return err
}

// hungUp tells whether a conversation failed because the other one has closed it.
func hungUp(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, unix.ECONNRESET, unix.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

func (c *conversation) close() { _ = c.file.Close() }
