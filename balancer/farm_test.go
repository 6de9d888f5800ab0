package balancer

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// limited is a farm whose servers get at most maxconn requests each.
func limited(maxconn, n int) *farm {
	f := farmOf(slices.Repeat([]int{1}, n)...)
	for _, s := range f.servers {
		s.settings.Load().Maxconn = maxconn
	}
	f.changed(time.Now())
	return f
}

// visit is a request that tells when it has a server.
type visit struct {
	waiter waiter
	left   chan struct{}
	server *Server
	why    failure
	took   time.Duration
	done   chan struct{}
}

func come(f *farm, tried ...*Server) *visit {
	v := &visit{left: make(chan struct{}, 1), done: make(chan struct{})}
	v.waiter.tried = tried
	return v.start(f)
}

func (v *visit) start(f *farm) *visit {
	began := time.Now()
	go func() {
		defer close(v.done)
		if v.server, v.why = f.take(&v.waiter, time.Now()); v.server == nil && v.why == failNone {
			v.server, v.why = f.await(&v.waiter, 5*time.Second, v.left)
		}
		v.took = time.Since(began)
	}()
	synctest.Wait() // until it has a server or a place in the queue
	return v
}

// leave ends the request.
func (v *visit) leave(f *farm) { f.release(&v.waiter, time.Millisecond, false, time.Now()) }

func (v *visit) served() bool {
	synctest.Wait()
	select {
	case <-v.done:
		return v.server != nil
	default:
		return false
	}
}

func TestQueueIsServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 2)
		first, second := come(f), come(f)
		if !first.served() || !second.served() || first.server == second.server {
			t.Fatal("two servers with room for one each did not take one each")
		}
		third, fourth, fifth := come(f), come(f), come(f)
		if third.served() {
			t.Fatal("a server got more than its maxconn")
		}
		second.leave(f)
		if !third.served() || third.server != second.server || fourth.served() {
			t.Error("the slot did not go to who waited longest")
		}
		first.leave(f)
		third.leave(f)
		if !fourth.served() || !fifth.served() {
			t.Error("not everybody was served in the end")
		}
	})
}

// The longest wait is known, also when somebody who has failed elsewhere has come in front.
func TestLongestWaitInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 2)
		wait := func() time.Duration { return (&Backend{farm: f}).Waiting(time.Now()).Queued }
		first, second := come(f), come(f)
		if got := wait(); got != 0 {
			t.Errorf("nobody waits, for %v", got)
		}
		third := come(f)
		time.Sleep(2 * time.Second)
		fourth := come(f, first.server)
		if got := wait(); got != 2*time.Second {
			t.Errorf("the longest wait is %v", got)
		}
		first.leave(f)
		second.leave(f)
		if !third.served() || !fourth.served() || wait() != 0 {
			t.Errorf("somebody waits, for %v", wait())
		}
	})
}

func TestQueueTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 1)
		busy, late := come(f), come(f)
		<-late.done
		if late.why != failQueueTimeout || late.took != 5*time.Second || late.waiter.queued != 5*time.Second {
			t.Errorf("%v after %v, queued for %v", late.why, late.took, late.waiter.queued)
		}
		busy.leave(f)
		if next := come(f); !next.served() {
			t.Error("who has gone still takes the slot")
		}
		if now, most := f.counters.Queued.Load(); now != 0 || most != 1 {
			t.Errorf("queued: %d, at most %d", now, most)
		}
	})
}

func TestClientLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 1)
		busy, leaver, next := come(f), come(f), come(f)
		leaver.left <- struct{}{}
		<-leaver.done
		if leaver.why != failClientGone {
			t.Error(leaver.why)
		}
		busy.leave(f)
		if !next.served() {
			t.Error("the place of who has left was not given on")
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 1)
		f.settings.maxqueue = 1
		busy, waiting, refused := come(f), come(f), come(f)
		if <-refused.done; refused.why != failQueueFull || refused.took != 0 {
			t.Errorf("%v after %v", refused.why, refused.took)
		}
		busy.leave(f)
		if !waiting.served() {
			t.Error("who had a place was not served")
		}
	})
}

// Who has failed on a server waits for another one as long as there is one, ahead of those who
// have come later, and does not hold these up.
func TestQueueAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 2)
		onA, onB := come(f), come(f)
		later := come(f)
		again := come(f, onA.server)
		onA.leave(f)
		if again.served() || !later.served() {
			t.Error("the slot of the server that has failed was not given to who can use it")
		}
		onB.leave(f)
		if !again.served() || again.server != onB.server {
			t.Error("the retry did not get the other server")
		}
	})
}

func TestQueueWakesWhenAServerReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 2)
		f.servers[1].SetUp(false)
		come(f)
		waiting := come(f)
		f.servers[1].SetUp(true)
		if !waiting.served() {
			t.Error("nobody noticed the server")
		}
	})
}

func TestNobodyWaitsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 1)
		f.servers[0].SetUp(false)
		v := come(f)
		if <-v.done; v.why != failNoServer || v.took != 0 {
			t.Errorf("%v after %v", v.why, v.took)
		}
	})
}

// A reload that gives room, or another server, serves those who wait.
func TestQueueFollowsTheServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, other := limited(1, 1), limited(1, 1)
		come(f)
		waiting := come(f)
		f.set(append(slices.Clone(f.servers), other.servers...), f.settings, time.Now())
		if !waiting.served() || waiting.server != other.servers[0] {
			t.Error("who waits does not see the new server")
		}
	})
}

// wanting is come for a request that wants a certain server.
func wanting(f *farm, s *Server) *visit {
	v := &visit{left: make(chan struct{}, 1), done: make(chan struct{})}
	v.waiter.want = s
	return v.start(f)
}

func TestWantedServer(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(f *farm, b *Server)
		tried  bool
		got    bool
	}{
		{"usable", func(*farm, *Server) {}, false, true},
		{"draining", func(f *farm, b *Server) { b.settings.Load().Weight = 0; f.changed(time.Now()) }, false, true},
		{"down", func(_ *farm, b *Server) { b.SetUp(false) }, false, false},
		{"in maintenance", func(f *farm, b *Server) { b.settings.Load().Disabled = true; f.changed(time.Now()) }, false, false},
		{"removed", func(f *farm, _ *Server) { f.set(f.servers[:1], f.settings, time.Now()) }, false, false},
		{"failed", func(*farm, *Server) {}, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := farmOf(1, 1)
			b := f.servers[1]
			test.change(f, b)
			w := waiter{want: b}
			if test.tried {
				w.tried = tried{b}
			}
			for range 3 {
				if s, _ := f.pick(&w, time.Now()); (s == b) != test.got || s == nil {
					t.Errorf("got %v", s)
				}
			}
		})
	}
}

// Who wants a server that is full waits for it though others have room, and holds nobody up.
func TestWantedServerIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 2)
		a, b := f.servers[0], f.servers[1]
		busy := wanting(f, b)
		first, second := wanting(f, b), wanting(f, b)
		if first.served() || second.served() {
			t.Fatal("somebody did not wait")
		}
		other := come(f)
		later := come(f)
		other.leave(f)
		if other.server != a || !later.served() || later.server != a {
			t.Error("those who want any server were held up")
		}
		busy.leave(f)
		if !first.served() || first.server != b || second.served() {
			t.Error("the first of those who wait did not get the server")
		}
		first.leave(f)
		if !second.served() || second.server != b {
			t.Error("the second of those who wait did not get the server")
		}
	})
}

func TestWantedServerGoesDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := limited(1, 2)
		b := f.servers[1]
		wanting(f, b)
		waiting := wanting(f, b)
		b.SetUp(false)
		if !waiting.served() || waiting.server != f.servers[0] || waiting.took != 0 {
			t.Error("who waits for a server that is down does not go elsewhere at once")
		}
	})
}

func TestPickCostsNoMemory(t *testing.T) {
	f := farmOf(1, 2, 3)
	var w waiter
	now := time.Now()
	if n := testing.AllocsPerRun(1000, func() {
		f.take(&w, now)
		f.release(&w, time.Millisecond, false, now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
