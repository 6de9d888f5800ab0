package healthcheck

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/testkit"
)

// speaker is an agent that says what it is told to say.
type speaker struct {
	address string
	line    atomic.Pointer[string]
	asked   atomic.Pointer[string] // what it was sent
}

func newSpeaker(t *testing.T, line string) *speaker {
	s := &speaker{}
	s.says(line)
	s.address = serve(t, "127.0.0.1", func(conn net.Conn) {
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		buf := make([]byte, 100)
		n, _ := conn.Read(buf)
		asked := string(buf[:n])
		s.asked.Store(&asked)
		_, _ = io.WriteString(conn, *s.line.Load())
	})
	return s
}

func (s *speaker) says(line string) { s.line.Store(&line) }

// hearer notes what agents have said.
type hearer struct {
	mu    sync.Mutex
	last  map[ID]Advice
	ended []ID
}

func (h *hearer) options() AgentOptions {
	h.last = map[ID]Advice{}
	return AgentOptions{
		OnAdvice: func(id ID, a Advice) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.last[id] = a
		},
		OnEnd: func(id ID) {
			h.mu.Lock()
			defer h.mu.Unlock()
			delete(h.last, id)
			h.ended = append(h.ended, id)
		},
	}
}

func (h *hearer) heard(id ID) (Advice, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a, ok := h.last[id]
	return a, ok
}

func TestAgent(t *testing.T) {
	var h hearer
	agents := NewAgents(h.options())
	defer agents.Stop()
	s := newSpeaker(t, "75%,maxconn:30 up # fine\n")
	spec := AgentSpec{Backend: "app", Server: "web1", Dial: DialTCP(s.address), Key: s.address, Send: "pouet", Inter: 200 * time.Millisecond}
	agents.Reconcile([]AgentSpec{spec})
	id := ID{"app", "web1"}
	becomes := func(what string, want AgentStatus) {
		t.Helper()
		testkit.Eventually(t, what, func() bool {
			got, ok := agents.Status("app", "web1")
			return ok && got.Up == want.Up && got.Last.Status == want.Last.Status && got.Last.Detail == want.Last.Detail
		})
	}

	becomes("up", AgentStatus{Up: true, Last: Result{Status: L7OK, Detail: "via agent : up (fine)"}})
	if a, _ := h.heard(id); a != (Advice{Weight: 75, Maxconn: 30, Health: "up", Word: "up", Reason: "fine"}) {
		t.Errorf("heard %+v", a)
	}
	if asked := *s.asked.Load(); asked != "pouet" {
		t.Errorf("the agent was sent %q", asked)
	}
	s.says("stopped\n")
	becomes("down", AgentStatus{Last: Result{Status: L7Status, Detail: "via agent : stopped"}})
	s.says("50%\n")
	becomes("nothing said of health", AgentStatus{Last: Result{Status: Checked}})
	s.says("up")
	becomes("half a line", AgentStatus{Last: Result{Status: L7Response, Detail: `answer cut short: "up"`}})
	s.says("bogus up\n")
	becomes("an unknown word", AgentStatus{Up: true, Last: Result{Status: L7OK, Detail: "agent reports an error: bogus"}})

	agents.Reconcile([]AgentSpec{spec})
	if len(h.ended) != 0 {
		t.Error("the agent was asked anew without a reason")
	}
	gone := refusing(t)
	spec.Dial, spec.Key = DialTCP(gone), gone
	agents.Reconcile([]AgentSpec{spec})
	becomes("an agent that cannot be reached", AgentStatus{Up: true, Last: Result{Status: L4Connect, Detail: "connection refused"}})
	if _, ok := h.heard(id); ok || len(h.ended) != 1 {
		t.Errorf("what an agent said holds on though it is another now; ended %v", h.ended)
	}
	agents.Reconcile(nil)
	if _, ok := agents.Status("app", "web1"); ok || len(h.ended) != 2 {
		t.Error("an agent that is not wanted any more is still asked")
	}
}
