package healthcheck

import (
	"context"
	"slices"
	"sync"
	"time"
)

// AgentOptions are what Agents begin with and what they tell their owner. Neither function may be
// nil. They may call Status and Export, but none of the other methods, nor wait for a lock that is
// held around these.
type AgentOptions struct {
	// OnAdvice is called with what an agent says, each time, by the goroutine that asks it; with
	// what Force says, by that; and by the first Reconcile with all that is restored. Calls for
	// one server come one after the other.
	OnAdvice func(ID, Advice)

	// OnEnd is called by Reconcile when an agent is not asked any more, or differently: what it
	// has said holds no longer.
	OnEnd func(ID)

	// Restore is what other Agents have exported. At the first Reconcile an agent that is in it
	// with the same Key has said what it said then. Pause and Maintain hold on for all in it.
	Restore []SavedAgent
}

// Agents asks the agents of all servers, each in a goroutine of its own. All methods may be
// called by several goroutines at once.
type Agents struct {
	options AgentOptions
	ctx     context.Context
	cancel  context.CancelFunc

	change  sync.Mutex        // one at a time of what changes which agents there are, and whether they wait
	frozen  reasons           // frozen or none; under change
	restore map[ID]SavedAgent // nil from the first Reconcile on; under change

	mu     sync.RWMutex // never held while waiting; agents is written under change as well
	agents map[ID]*agent
}

// NewAgents returns a set without agents. Its owner calls Stop.
func NewAgents(o AgentOptions) *Agents {
	ctx, cancel := context.WithCancel(context.Background())
	return &Agents{
		options: o, ctx: ctx, cancel: cancel, agents: map[ID]*agent{},
		restore: byID(o.Restore, func(s SavedAgent) ID { return s.ID }),
	}
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
		a.start(s.ctx)
	}
	s.restore = nil
}

// Status tells what is known of a server's agent; false: it has none.
func (s *Agents) Status(backend, server string) (AgentStatus, bool) {
	s.mu.RLock()
	a := s.agents[ID{backend, server}]
	s.mu.RUnlock()
	if a == nil {
		return AgentStatus{}, false
	}
	return a.status(), true
}

// Export returns what is known of all agents, by the name of the server.
func (s *Agents) Export() []SavedAgent {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]SavedAgent, 0, len(s.agents))
	for _, a := range s.agents {
		all = append(all, a.saved())
	}
	slices.SortFunc(all, func(a, b SavedAgent) int { return a.ID.compare(b.ID) })
	return all
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
	now := time.Now()
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
		next[id] = s.newAgent(spec, now)
		fresh = append(fresh, next[id])
	}
	return next, fresh
}
