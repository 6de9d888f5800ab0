package discovery

import (
	"cmp"
	"context"
	"net/netip"
	"sync"
	"time"
)

// Resolver follows names, each in a goroutine of its own, so that one that is not answered delays
// no other. All methods may be called by several goroutines at once.
type Resolver struct {
	options Options
	client  *client
	ctx     context.Context
	cancel  context.CancelFunc

	change  sync.Mutex // one Follow or Stop at a time
	reports sync.Mutex // one OnChange at a time

	mu        sync.RWMutex // never held while waiting
	followers map[key]*follower
}

// New returns a resolver that follows nothing yet. Its owner calls Stop.
func New(o Options) *Resolver { return newResolver(o, exchange) }

func newResolver(o Options, ask exchanger) *Resolver {
	o.GoneAfter = cmp.Or(o.GoneAfter, defaultGoneAfter)
	if o.OnChange == nil {
		o.OnChange = func(Name, Answer) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Resolver{options: o, client: newClient(o, ask), ctx: ctx, cancel: cancel, followers: map[key]*follower{}}
}

// Follow makes the followed names those of names and does not wait for answers. A name that stays
// keeps its answer, also when its Interval or HonorTTL are new. When Follow returns, names that
// are gone are no longer asked for, and OnChange is told nothing more of them.
func (r *Resolver) Follow(names []Name) {
	r.change.Lock()
	defer r.change.Unlock()
	if r.ctx.Err() != nil {
		return
	}
	next := map[key]*follower{}
	var fresh []*follower
	for k, n := range merged(names) {
		f := r.followers[k]
		if f != nil {
			f.adopt(n)
		} else {
			f = newFollower(n, r.options.GoneAfter, r.client.lookup, r.report)
			fresh = append(fresh, f)
		}
		next[k] = f
	}
	r.end(next)
	r.publish(next)
	for _, f := range fresh {
		f.start(r.ctx)
	}
}

// Ask has the questions to come asked of other name servers, as Options say of both. What is known
// of names stays.
func (r *Resolver) Ask(servers []netip.AddrPort, timeout time.Duration) {
	r.client.turnTo(servers, timeout)
}

// Wait returns when each of the names followed now has been asked for once, whatever came of it,
// and OnChange has been told; or with ctx.
func (r *Resolver) Wait(ctx context.Context) {
	r.mu.RLock()
	followers := r.followers // a map is never changed once it is published
	r.mu.RUnlock()
	for _, f := range followers {
		select {
		case <-f.asked:
		case <-f.done:
		case <-ctx.Done():
			return
		}
	}
}

// Answer tells what is known of a name; false: it is not followed. What it tells before the
// first answer is empty.
func (r *Resolver) Answer(n Name) (Answer, bool) {
	r.mu.RLock()
	f := r.followers[n.key()]
	r.mu.RUnlock()
	if f == nil {
		return Answer{}, false
	}
	return f.answer(), true
}

// Stop ends all questions and waits for them. OnChange is told nothing afterwards, Answer keeps
// answering and Follow does nothing.
func (r *Resolver) Stop() {
	r.change.Lock()
	defer r.change.Unlock()
	r.cancel()
	for _, f := range r.followers {
		<-f.done
	}
}

// end ends the followers that are not in next: first all are told, then all are waited for.
func (r *Resolver) end(next map[key]*follower) {
	var gone []*follower
	for k, f := range r.followers {
		if next[k] == nil {
			f.cancel()
			gone = append(gone, f)
		}
	}
	for _, f := range gone {
		<-f.done
	}
}

func (r *Resolver) publish(next map[key]*follower) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.followers = next
}

func (r *Resolver) report(n Name, a Answer) {
	r.reports.Lock()
	defer r.reports.Unlock()
	r.options.OnChange(n, a)
}

// merged returns each name once, with an interval.
func merged(names []Name) map[key]Name {
	want := make(map[key]Name, len(names))
	for _, n := range names {
		n.Interval = cmp.Or(max(n.Interval, 0), defaultInterval)
		k := n.key()
		if other, ok := want[k]; ok {
			n = other.merge(n)
		}
		want[k] = n
	}
	return want
}
