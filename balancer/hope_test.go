package balancer

import (
	"runtime"
	"testing"
	"time"
)

// A request that comes in the moment when the first check of the only server has passed, and the
// farm has yet to hear of it, waits for that.
func TestHopeLastsUntilTheFarmKnows(t *testing.T) {
	for range 100 {
		f, now := farmOf(1), time.Now()
		s := f.servers[0]
		s.try(&settings{trial: time.Minute}, now)
		f.changed(now)
		f.mu.Lock()
		told := make(chan struct{})
		go func() {
			s.SetUp(true)
			close(told)
		}()
		for s.down.Load() {
			runtime.Gosched()
		}
		for range 10 {
			runtime.Gosched()
			if got, waits := f.pick(&waiter{}, now); got != nil || !waits {
				t.Fatalf("the request gets %v and does not wait", got)
			}
		}
		f.mu.Unlock()
		<-told
		if got, failure := f.take(&waiter{}, now); got != s {
			t.Fatalf("then it gets %v: failure %d", got, failure)
		}
		if s.hopeful(now) {
			t.Fatal("the server is up and still hoped for")
		}
	}
}
