package healthcheck

import (
	"context"
	"sync"
)

// AgentOptions are what Agents tell their owner. Neither may be nil, nor call Reconcile or Stop.
type AgentOptions struct {
	// OnAdvice is called with what an agent says, each time, by the goroutine that asks it.
	OnAdvice func(ID, Advice)

	// OnEnd is called by Reconcile when an agent is not asked any more, or differently: what it
	// has said holds no longer.
	OnEnd func(ID)
}

// Agents asks the agents of all servers, each in a goroutine of its own. All methods may be
// called by several goroutines at once.
type Agents struct {
	options AgentOptions
	ctx     context.Context
	cancel  context.CancelFunc

	change sync.Mutex // one Reconcile or Stop at a time

	mu     sync.RWMutex // never held while waiting
	agents map[ID]*agent
}

// NewAgents returns a set without agents. Its owner calls Stop.
func NewAgents(o AgentOptions) *Agents {
	ctx, cancel := context.WithCancel(context.Background())
	return &Agents{options: o, ctx: ctx, cancel: cancel, agents: map[ID]*agent{}}
}

// Reconcile makes the agents those of want; of two specs for one server the first counts. An
// agent whose spec has not changed goes on.
func (s *Agents) Reconcile(want []AgentSpec) {
	s.change.Lock()
	defer s.change.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	next, fresh := s.next(want)
	s.end(next)
	s.mu.Lock()
	s.agents = next
	s.mu.Unlock()
	for _, a := range fresh {
		var ctx context.Context
		ctx, a.cancel = context.WithCancel(s.ctx)
		go a.run(ctx)
	}
}

// Status tells what is known of a server's agent; false: it has none.
func (s *Agents) Status(backend, server string) (AgentStatus, bool) {
	s.mu.RLock()
	a := s.agents[ID{backend, server}]
	s.mu.RUnlock()
	if a == nil {
		return AgentStatus{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status, true
}

// Stop ends the conversations with all agents and waits for that.
func (s *Agents) Stop() {
	s.change.Lock()
	defer s.change.Unlock()
	s.cancel()
	for _, a := range s.agents {
		<-a.done
	}
}

// end ends the agents that are not in next: first all are told, then all are waited for.
func (s *Agents) end(next map[ID]*agent) {
	var gone []*agent
	for id, a := range s.agents {
		if next[id] != a {
			a.cancel()
			gone = append(gone, a)
		}
	}
	for _, a := range gone {
		<-a.done
		s.options.OnEnd(a.spec.id())
	}
}

func (s *Agents) next(want []AgentSpec) (next map[ID]*agent, fresh []*agent) {
	next = make(map[ID]*agent, len(want))
	for _, spec := range want {
		id := spec.id()
		if next[id] != nil {
			continue
		}
		if old := s.agents[id]; old != nil && old.spec.same(spec) {
			next[id] = old
			continue
		}
		next[id] = &agent{
			spec: spec, tell: s.options.OnAdvice, done: make(chan struct{}),
			status: AgentStatus{Up: true, Last: Result{Status: StatusUnknown}},
		}
		fresh = append(fresh, next[id])
	}
	return next, fresh
}
