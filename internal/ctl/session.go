package ctl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"time"
)

// Limits of what a client may send, in bytes.
const (
	maxLine    = 16 << 10
	maxPayload = 128 << 10
)

var errTooLong = errors.New("Input is too long.") //nolint:staticcheck // it is an answer

// mode is how a session goes on after an answer.
type mode int

const (
	once        mode = iota // it ends when no more lines have arrived
	interactive             // it goes on
	prompting               // and says when it is ready
)

// session is one connection. It belongs to the goroutine that serves it.
type session struct {
	cli        *CLI
	conn       net.Conn
	in         *bufio.Reader
	out        *bufio.Writer
	who        string
	level      Level
	timeout    time.Duration
	mode       mode
	timed      bool   // the prompt shows how long the CLI has been there
	severities string // how messages show theirs: "", "number" or "string"
	failed     bool   // a command of this line was not done
	left       bool   // the client has said that it goes
}

func (s *session) serve(ctx context.Context) {
	for !s.left {
		line, err := s.readLine(ctx)
		if errors.Is(err, errTooLong) {
			s.tooLong()
			return
		}
		if err != nil {
			return
		}
		s.answer(ctx, line)
		if s.out.Flush() != nil || s.mode == once && s.in.Buffered() == 0 {
			return
		}
	}
	_ = s.out.Flush()
}

// readLine returns the next line without its end. What a client has not ended is not run: it may
// be half a command.
func (s *session) readLine(ctx context.Context) (string, error) {
	_ = s.conn.SetReadDeadline(time.Now().Add(s.timeout))
	if err := ctx.Err(); err != nil {
		return "", err
	}
	line, err := s.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errTooLong
	}
	if err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))), nil
}

// tooLong is the last answer of a session.
func (s *session) tooLong() {
	s.mode = once
	x := &call{session: s}
	x.refuse(errTooLong)
	s.end()
	_ = s.out.Flush()
}

// statusMark begins a line whose client wants to be told at the end whether all was done: by a
// line statusLine behind the answers. HAProxy has no such thing.
const (
	statusMark = "@status "
	statusLine = "#status %d\n"
)

// answer runs the commands of a line, one answer after the other.
func (s *session) answer(ctx context.Context, line string) {
	line, status := strings.CutPrefix(line, statusMark)
	s.failed = false
	p := parse(line)
	if p.payload && !s.skipPayload(ctx, p.end) {
		return
	}
	for _, words := range p.commands {
		if s.run(ctx, words); s.left {
			break
		}
		s.end()
		if s.out.Flush() != nil { // nobody reads any more
			s.left = true
			return
		}
	}
	if status {
		code := 0
		if s.failed {
			code = 1
		}
		fmt.Fprintf(s.out, statusLine, code)
	}
}

// skipPayload reads a payload, which no command here takes. It tells whether the session goes on.
func (s *session) skipPayload(ctx context.Context, end string) bool {
	for size := 0; ; {
		if s.mode == prompting {
			s.out.WriteString("+ ")
			_ = s.out.Flush()
		}
		line, err := s.readLine(ctx)
		if size += len(line) + 1; err == nil && size > maxPayload {
			err = errTooLong
		}
		switch {
		case errors.Is(err, errTooLong):
			s.tooLong()
			s.left = true
			return false
		case err != nil:
			s.left = true
			return false
		case line == end:
			return true
		}
	}
}

// end ends an answer: an empty line and, if wanted, a prompt.
func (s *session) end() {
	s.out.WriteByte('\n')
	if s.mode != prompting {
		return
	}
	if s.timed {
		up := int64(time.Since(s.cli.started) / time.Second)
		fmt.Fprintf(s.out, "[%d:%02d:%02d:%02d]", up/86400, up/3600%24, up/60%60, up%60)
	}
	s.out.WriteString("> ")
}

// run runs one command. A panic in it is its own: it does not end the balancer.
func (s *session) run(ctx context.Context, words []string) {
	x := &call{session: s, ctx: ctx}
	defer func() {
		if v := recover(); v != nil {
			s.cli.options.Panicked(strings.Join(words, " "), v, debug.Stack())
			x.refuse(errors.New("Internal error: the command has failed."))
		}
	}()
	if err := x.dispatch(words); err != nil {
		x.refuse(err)
	}
}

func (x *call) dispatch(words []string) error {
	if len(words) > 0 && strings.HasPrefix(words[0], "@") {
		return fail("There is no master process: send the command without '%s'.", words[0])
	}
	c := x.cli.commands.find(words)
	if c == nil {
		return x.unknown(words)
	}
	if x.level < c.level {
		return errDenied
	}
	x.args = words[len(c.words):]
	if c.changes {
		args, note, err := cutNote(x.args, x.who)
		if err != nil {
			return err
		}
		if c.final && note.For > 0 {
			return fail("'%s' cannot be set back after a time: leave out 'for'.", strings.Join(c.words, " "))
		}
		x.args, x.note = args, note
	}
	return c.run(x)
}

var errDenied = fail("Permission denied")

// unknown answers with the commands that may have been meant.
func (x *call) unknown(words []string) error {
	var b strings.Builder
	b.WriteString("Unknown command, but maybe one of the following ones is a better match:\n")
	if len(words) == 0 {
		b.Reset()
		b.WriteString("Unknown command. Please enter one of the following commands only:\n")
	}
	x.list(&b, words)
	return &failure{severityInfo, b.String()}
}

// list adds the help of the commands near the words and of the session's own.
func (x *call) list(b *strings.Builder, words []string) {
	for _, c := range x.cli.commands.near(words) {
		if last(c) == 0 {
			b.WriteString(c.line())
		}
	}
	for i := range x.cli.commands {
		if c := &x.cli.commands[i]; last(*c) > 0 {
			b.WriteString(c.line())
		}
	}
}
