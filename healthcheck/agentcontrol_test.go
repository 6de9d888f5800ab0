package healthcheck

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// oracle is an agent on a virtual clock.
type oracle struct {
	mu    sync.Mutex
	line  string
	takes time.Duration
	asked []time.Time
}

func (o *oracle) dial(context.Context) (net.Conn, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, time.Now())
	ours, theirs := net.Pipe()
	line, takes := o.line, o.takes
	go func() {
		defer theirs.Close()
		time.Sleep(takes)
		_, _ = io.WriteString(theirs, line)
	}()
	return ours, nil
}

func (o *oracle) says(line string, takes time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.line, o.takes = line, takes
}

func (o *oracle) questions() []time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked[:len(o.asked):len(o.asked)]
}

func (o *oracle) spec() AgentSpec {
	return AgentSpec{Backend: "app", Server: "web1", Dial: o.dial, Key: "oracle", Inter: 2 * time.Second}
}

// withAgent runs f on a virtual clock with an agent that has been asked for a minute.
func withAgent(t *testing.T, line string, f func(t *testing.T, s *Agents, o *oracle, h *hearer)) {
	synctest.Test(t, func(t *testing.T) {
		var h hearer
		s := NewAgents(h.options())
		defer s.Stop()
		o := &oracle{line: line}
		s.Reconcile([]AgentSpec{o.spec()})
		pass(time.Minute)
		f(t, s, o, &h)
	})
}

func TestAgentIsHeld(t *testing.T) {
	for name, hold := range map[string]func(s *Agents, on bool){
		"pause":    func(s *Agents, on bool) { s.Pause(web1, on) },
		"maintain": func(s *Agents, on bool) { s.Maintain(web1, on) },
		"freeze":   func(s *Agents, on bool) { s.Freeze(on) },
		"all": func(s *Agents, on bool) {
			s.Pause(web1, on)
			s.Maintain(web1, on)
			s.Freeze(on)
		},
	} {
		t.Run(name, func(t *testing.T) {
			withAgent(t, "50% down\n", func(t *testing.T, s *Agents, o *oracle, h *hearer) {
				o.says("100% up\n", time.Second)
				for asked := len(o.questions()); len(o.questions()) == asked; {
					pass(100 * time.Millisecond)
				}
				hold(s, true)
				asked := len(o.questions())
				s.Reconcile([]AgentSpec{o.spec()})
				pass(time.Minute)
				if n := len(o.questions()) - asked; n > 0 {
					t.Errorf("%d questions meanwhile", n)
				}
				if a, ok := h.heard(web1); !ok || a.Weight != 50 || a.Health != "down" {
					t.Errorf("what the agent has said does not hold on: %+v", a)
				}
				if st, _ := s.Status("app", "web1"); st.Up || st.Running || st.Last.Status != L7Status {
					t.Errorf("status %+v", st)
				}
				again := time.Now()
				hold(s, false)
				pass(time.Second)
				if asked := o.questions(); !asked[len(asked)-1].Equal(again) {
					t.Error("not asked at once")
				}
				if a, _ := h.heard(web1); a.Weight != 100 {
					t.Errorf("heard %+v", a)
				}
			})
		})
	}
}

func TestChangedAgentIsStillHeld(t *testing.T) {
	withAgent(t, "50%\n", func(t *testing.T, s *Agents, o *oracle, h *hearer) {
		s.Pause(web1, true)
		spec := o.spec()
		spec.Key = "another"
		s.Reconcile([]AgentSpec{spec})
		asked := len(o.questions())
		pass(time.Minute)
		if st, _ := s.Status("app", "web1"); len(o.questions()) != asked || !st.Paused || st.Maintained {
			t.Errorf("%d questions, %+v", len(o.questions())-asked, st)
		}
		if _, ok := h.heard(web1); ok {
			t.Error("what another agent has said holds on")
		}
	})
}

func TestForcedAgent(t *testing.T) {
	withAgent(t, "50%\n", func(t *testing.T, s *Agents, o *oracle, h *hearer) {
		for _, tc := range []struct {
			up   bool
			by   string
			want Advice
		}{
			{false, "alice", Advice{Weight: -1, Maxconn: -1, Health: "down", Word: "down", Reason: "changed by alice"}},
			{true, "", Advice{Weight: -1, Maxconn: -1, Health: "up", Word: "up", Reason: "changed by an operator"}},
			{false, "", Advice{Weight: -1, Maxconn: -1, Health: "down", Word: "down", Reason: "changed by an operator"}},
		} {
			if !s.Force(web1, tc.up, tc.by) {
				t.Fatal("there is no agent")
			}
			if a, _ := h.heard(web1); a != tc.want {
				t.Errorf("heard %+v, want %+v", a, tc.want)
			}
			pass(time.Minute) // in which it says nothing of up and down
			if st, _ := s.Status("app", "web1"); st.Up != tc.up || st.Last.Status != Checked {
				t.Errorf("up %v, last %v, want up %v", st.Up, st.Last, tc.up)
			}
		}
		o.says("up\n", 0)
		pass(3 * time.Second)
		if st, _ := s.Status("app", "web1"); !st.Up {
			t.Error("the agent has no say any more")
		}
	})
}

func TestControlOfUnknownAgents(t *testing.T) {
	withAgent(t, "50%\n", func(t *testing.T, s *Agents, o *oracle, h *hearer) {
		other := ID{"app", "web2"}
		if s.Pause(other, true) || s.Maintain(other, true) || s.Force(other, true, "") {
			t.Error("there is nothing to control")
		}
		s.Stop()
		if s.Pause(web1, true) || s.Force(web1, false, "") {
			t.Error("agents that have been stopped can be controlled")
		}
	})
}

func TestSuccessorKnowsWhatAgentsHaveSaid(t *testing.T) {
	for _, tc := range []struct {
		name   string
		during func(*Agents)
		key    string
		want   string // weight, maxconn, admin, health and reason
		status AgentStatus
		asked  bool
	}{
		{"the same", nil, "oracle", "50 30 drain down late", AgentStatus{Last: Result{OK: true, Status: Checked}}, true},
		{"forced", func(s *Agents) { s.Force(web1, true, "alice") }, "oracle", "50 30 drain up changed by alice",
			AgentStatus{Up: true, Last: Result{OK: true, Status: Checked}}, true},
		{"paused", func(s *Agents) { s.Pause(web1, true) }, "oracle", "50 30 drain down late",
			AgentStatus{Paused: true, Last: Result{OK: true, Status: Checked}}, false},
		{"another one", func(s *Agents) { s.Maintain(web1, true) }, "another", "",
			AgentStatus{Up: true, Maintained: true, Last: Result{Status: StatusUnknown}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			withAgent(t, "50% drain down\n", func(t *testing.T, s *Agents, o *oracle, h *hearer) {
				o.says("maxconn:30 # late\n", 0)
				pass(3 * time.Second)
				if tc.during != nil {
					tc.during(s)
				}
				s.Freeze(true)
				written, err := json.Marshal(s.Export())
				if err != nil {
					t.Fatal(err)
				}
				var heir hearer
				options := heir.options()
				if err := json.Unmarshal(written, &options.Restore); err != nil {
					t.Fatal(err)
				}
				next := NewAgents(options)
				defer next.Stop()
				spec, asked := o.spec(), len(o.questions())
				spec.Key = tc.key
				o.says("", time.Hour)
				next.Reconcile([]AgentSpec{spec})

				var got string
				if a, ok := heir.heard(web1); ok {
					got = fmt.Sprint(a.Weight, " ", a.Maxconn, " ", a.Admin, " ", a.Health, " ", a.Reason)
				}
				if got != tc.want {
					t.Errorf("heard %q, want %q", got, tc.want)
				}
				pass(time.Second)
				st, _ := next.Status("app", "web1")
				st.Running, st.Last.Duration = false, 0
				if st != tc.status {
					t.Errorf("status %+v, want %+v", st, tc.status)
				}
				if (len(o.questions()) > asked) != tc.asked {
					t.Errorf("asked %v, want %v", !tc.asked, tc.asked)
				}
				next.Stop()
				pass(2 * time.Hour) // for those who are about to speak
			})
		})
	}
}

// TestAgentsUnderFire is for the race detector.
func TestAgentsUnderFire(t *testing.T) {
	withAgent(t, "50% up\n", func(t *testing.T, s *Agents, o *oracle, h *hearer) {
		var wg sync.WaitGroup
		for worker, act := range []func(round int){
			func(n int) { s.Pause(web1, n%2 == 0) },
			func(n int) { s.Maintain(web1, n%2 == 0) },
			func(n int) { s.Freeze(n%2 == 0) },
			func(n int) { s.Force(web1, n%2 == 0, "alice") },
			func(n int) { s.Status("app", "web1"); s.Export() },
			func(n int) {
				spec := o.spec()
				spec.Inter += time.Duration(n % 3)
				s.Reconcile([]AgentSpec{spec})
			},
		} {
			wg.Go(func() {
				for round := range 200 {
					act(round)
					time.Sleep(time.Duration(worker+1) * time.Millisecond)
				}
			})
		}
		wg.Wait()
		s.Pause(web1, false)
		s.Maintain(web1, false)
		s.Freeze(false)
		pass(time.Minute)
		if st, _ := s.Status("app", "web1"); !st.Up {
			t.Errorf("status %+v", st)
		}
	})
}
