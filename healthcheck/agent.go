package healthcheck

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// AgentSpec says where and how often a server's agent is asked.
type AgentSpec struct {
	Backend, Server string

	Dial  Dial
	Key   string        // stands for Dial, which cannot be compared
	Send  string        // is said first
	Inter time.Duration // from the start of one question to the start of the next, and its time-out; more than 0
}

func (s AgentSpec) id() ID { return ID{s.Backend, s.Server} }

func (s AgentSpec) same(o AgentSpec) bool {
	return s.id() == o.id() && s.Key == o.Key && s.Send == o.Send && s.Inter == o.Inter
}

// AgentStatus is what is known of an agent.
type AgentStatus struct {
	Up      bool // what it last said of up and down; true before that
	Running bool
	Last    Result
}

// agent is the running conversation with one server's agent. One goroutine asks.
type agent struct {
	spec   AgentSpec
	tell   func(ID, Advice)
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	status AgentStatus
}

func (a *agent) run(ctx context.Context) {
	defer close(a.done)
	defer a.cancel()
	for {
		start := time.Now()
		result, advice, heard := a.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		a.note(result, advice)
		if heard {
			a.tell(a.spec.id(), advice)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(start.Add(jittered(a.spec.Inter)))):
		}
	}
}

// ask asks once. heard is false if there was no whole line: nothing is made of an agent that
// cannot be reached.
func (a *agent) ask(ctx context.Context) (r Result, advice Advice, heard bool) {
	ctx, cancel := context.WithTimeout(ctx, a.spec.Inter)
	defer cancel()
	a.mu.Lock()
	a.status.Running = true
	a.mu.Unlock()
	r = Talk(a.spec.Dial, func(_ context.Context, conn net.Conn) (r Result, err error) {
		line, err := readAdvice(conn, a.spec.Send)
		if err != nil {
			return Result{}, err
		}
		heard = true
		advice, err = ParseAdvice(line)
		return advice.result(err), nil
	})(ctx)
	return r, advice, heard
}

// readAdvice sends what is to be sent and reads a line. One without an end does not count: it
// may be a part of another.
func readAdvice(conn net.Conn, send string) (string, error) {
	const longest = 1 << 10
	if send != "" {
		if _, err := io.WriteString(conn, send); err != nil {
			return "", err
		}
	}
	line, err := bufio.NewReader(io.LimitReader(conn, longest)).ReadString('\n')
	switch {
	case !errors.Is(err, io.EOF):
		return line, err
	case line == "":
		return "", errNoAnswer
	}
	return "", fmt.Errorf("%w: %q", errCutShort, firstLine([]byte(line)))
}

// result is HAProxy's view of what an agent has said.
func (a Advice) result(err error) Result {
	r := Result{OK: true, Status: Checked}
	switch a.Health {
	case "up":
		r.Status = L7OK
	case "down":
		r.OK, r.Status = false, L7Status
	}
	if a.Health != "" {
		r.Detail = "via agent : " + a.Word
		if a.Reason != "" {
			r.Detail += " (" + a.Reason + ")"
		}
	}
	if err != nil {
		r.Detail = err.Error()
	}
	return r
}

func (a *agent) note(r Result, advice Advice) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status.Running, a.status.Last = false, r
	if advice.Health != "" {
		a.status.Up = advice.Health == "up"
	}
}
