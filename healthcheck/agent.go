package healthcheck

import (
	"bufio"
	"cmp"
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
	Up         bool // what it last said of up and down, or Agents.Force did; true before that
	Paused     bool // see Agents.Pause
	Maintained bool // see Agents.Maintain
	Running    bool
	Last       Result
}

// agent is the running conversation with one server's agent. One goroutine asks.
type agent struct {
	spec   AgentSpec
	tell   func(ID, Advice)
	turns  *turns
	cancel context.CancelFunc
	done   chan struct{}

	// order is held from an answer to the end of its report, so that reports come in order, and
	// when the agent is held or goes on, so that no answer is reported after that.
	order sync.Mutex

	mu   sync.Mutex // held for moments only
	last Result
	said Advice // of each thing what it said last
}

// newAgent returns the agent that takes up what is known of it so far or, at the first Reconcile,
// from the process before.
func (s *Agents) newAgent(spec AgentSpec, now time.Time) *agent {
	was, known := s.restore[spec.id()]
	if before := s.agents[spec.id()]; before != nil {
		was, known = before.saved(), false // but for who holds it: what it has said holds no longer
	}
	a := &agent{
		spec: spec, tell: s.options.OnAdvice, turns: newTurns(was.held()|s.frozen, now), done: make(chan struct{}),
		last: Result{Status: StatusUnknown}, said: noAdvice(),
	}
	if known && was.Key == spec.Key {
		a.last, a.said = was.Last, was.Said
	}
	return a
}

// start repeats what the agent is known to have said, and goes on to ask.
func (a *agent) start(ctx context.Context) {
	if a.said != noAdvice() {
		a.tell(a.spec.id(), a.said)
	}
	ctx, a.cancel = context.WithCancel(ctx)
	go a.run(ctx)
}

func (a *agent) status() AgentStatus {
	held, running, _ := a.turns.status()
	a.mu.Lock()
	defer a.mu.Unlock()
	return AgentStatus{
		Up: a.said.Health != "down", Running: running, Last: a.last,
		Paused: held&paused != 0, Maintained: held&maintained != 0,
	}
}

func (a *agent) saved() SavedAgent {
	s := a.status()
	a.mu.Lock()
	defer a.mu.Unlock()
	return SavedAgent{
		ID: a.spec.id(), Key: a.spec.Key, Up: s.Up, Last: a.last, Said: a.said, Paused: s.Paused, Maintained: s.Maintained,
	}
}

func (a *agent) run(ctx context.Context) {
	defer close(a.done)
	defer a.cancel()
	for {
		turn, ok := a.turns.next(ctx, a.spec.Inter)
		if !ok {
			return
		}
		result, advice, heard := a.ask(turn)
		if ctx.Err() != nil {
			return
		}
		a.conclude(result, advice, heard)
	}
}

// conclude takes in how a question has ended.
func (a *agent) conclude(r Result, advice Advice, heard bool) {
	a.order.Lock()
	defer a.order.Unlock()
	if !a.turns.over() {
		return
	}
	a.mu.Lock()
	a.last = r
	a.mu.Unlock()
	if heard {
		a.hear(advice)
	}
	a.turns.repeat(a.spec.Inter)
}

// force makes the agent say that its server is up or down.
func (a *agent) force(up bool, by string) {
	a.order.Lock()
	defer a.order.Unlock()
	advice := noAdvice()
	advice.Health, advice.Reason = "down", "changed by "+cmp.Or(by, anOperator)
	if up {
		advice.Health = "up"
	}
	advice.Word = advice.Health
	a.hear(advice)
}

// hold calls off the question to the agent, for as long as there is a reason to.
func (a *agent) hold(why reasons) {
	a.order.Lock()
	defer a.order.Unlock()
	a.turns.hold(why)
}

// lift lets the agent be asked again, unless there is another reason to wait.
func (a *agent) lift(why reasons) {
	a.order.Lock()
	defer a.order.Unlock()
	a.turns.lift(why, why != frozen)
}

// hear takes in what an agent says, and reports it.
func (a *agent) hear(advice Advice) {
	a.mu.Lock()
	a.said = a.said.and(advice)
	a.mu.Unlock()
	a.tell(a.spec.id(), advice)
}

// ask asks once, until ctx ends. heard is false if there was no whole line: nothing is made of an
// agent that cannot be reached.
func (a *agent) ask(ctx context.Context) (r Result, advice Advice, heard bool) {
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
