package operate

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOrdersSurviveARestart(t *testing.T) {
	path, j := filled(t)
	again := open(t, path)
	wantSame(t, again, j)

	if orders := again.Orders(); len(orders) != len(samples()) || orders[0].Object != (Object{}) || orders[1].Object.Frontend != "http" {
		t.Errorf("got %v, want the process first, then the frontend, then servers", orders)
	}
	o, given := again.Order(web1, State)
	if !given || o.Value != "drain" || o.By != "root (pid 4711)" || o.Reason != "new disk" || o.File != "ready" {
		t.Errorf("got %+v, want what was given", o)
	}
	if left := time.Until(o.Until); left > 30*time.Minute || left < 29*time.Minute {
		t.Errorf("it ends in %v, want about 30m", left)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, %v, want 0600", info.Mode(), err)
	}
}

// What a moment is counted from must be a clock that nobody can set.
func TestTheEndIsOnTheMonotonicClock(t *testing.T) {
	path := statePath(t)
	j := open(t, path)
	give(t, j, drain(time.Hour))
	for name, j := range map[string]*Journal{"given": j, "read": open(t, path)} {
		if o, _ := j.Order(web1, State); !strings.Contains(o.Until.String(), " m=") {
			t.Errorf("%s: the end %v has no monotonic clock", name, o.Until)
		}
	}
}

func TestInvalidOrdersAreRefused(t *testing.T) {
	with := func(change func(o *Order)) Order {
		o := drain(0)
		change(&o)
		return o
	}
	for want, o := range map[string]Order{
		`state "up" is not known; write one of ready, drain, maint`:        with(func(o *Order) { o.Value = "up" }),
		`write one of enabled, disabled`:                                   {Object: Object{Frontend: "http"}, Key: State, Value: "drain", By: "a", File: "enabled"},
		`weight "257" is no number from 0 to 256`:                          with(func(o *Order) { o.Key, o.Value = Weight, "257" }),
		`weight "07" is no number`:                                         with(func(o *Order) { o.Key, o.Value = Weight, "07" }),
		`maxconn "-1" is no number`:                                        with(func(o *Order) { o.Key, o.Value = Maxconn, "-1" }),
		`server app/web1 has no key "colour"`:                              with(func(o *Order) { o.Key = "colour" }),
		`process has no key "state"`:                                       with(func(o *Order) { o.Object = Object{} }),
		`frontend http has no key "weight"`:                                with(func(o *Order) { o.Object, o.Key = Object{Frontend: "http"}, Weight }),
		`server app/ is neither a server nor a frontend`:                   with(func(o *Order) { o.Object.Server = "" }),
		`frontend http is neither a server nor a frontend`:                 with(func(o *Order) { o.Object.Frontend = "http" }),
		`the server "web\n1" holds characters that cannot be printed`:      with(func(o *Order) { o.Object.Server = "web\n1" }),
		`who gave it is missing`:                                           with(func(o *Order) { o.By = "" }),
		`what the file says is missing`:                                    with(func(o *Order) { o.File = "" }),
		`the reason has 201 bytes; write at most 200`:                      with(func(o *Order) { o.Reason = strings.Repeat("x", 201) }),
		`the reason "\x1b[2J" holds characters that cannot be printed`:     with(func(o *Order) { o.Reason = "\x1b[2J" }),
		`the reason "two\nlines" holds characters that cannot be printed`:  with(func(o *Order) { o.Reason = "two\nlines" }),
		`the name of who gave it "\xff" holds characters that cannot be p`: with(func(o *Order) { o.By = "\xff" }),
		`-1m0s is no time to hold`:                                         with(func(o *Order) { o.For = -time.Minute }),
	} {
		j, _ := Open("")
		before := j.Revision()
		err := j.Give(drain(time.Hour), o)
		wantError(t, err, ErrInvalid)
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
		if len(j.Orders()) > 0 || j.Revision() != before || len(j.Changes()) > 0 {
			t.Errorf("%s: an order of the batch holds", want)
		}
	}
}

func TestAnOrderReplacesTheOneBefore(t *testing.T) {
	path := statePath(t)
	j := open(t, path)
	maint := drain(0)
	maint.Value = "maint"
	give(t, j, drain(time.Hour))
	give(t, j, maint)
	wantSame(t, open(t, path), j)
	if orders := j.Orders(); len(orders) != 1 || orders[0].Value != "maint" || !orders[0].Until.IsZero() {
		t.Errorf("got %v, want maint without an end", orders)
	}
}

// "ready" for a server that is ready in the file, in one batch with one that is not.
func TestAnOrderThatTheFileSaysTakesBack(t *testing.T) {
	path := statePath(t)
	j := open(t, path)
	give(t, j, drain(0))
	ready, other := drain(0), drain(0)
	ready.Value, other.Value, other.File, other.Object.Server = "ready", "ready", "maint", "web2"
	give(t, j, ready, other)
	if orders := open(t, path).Orders(); len(orders) != 1 || orders[0].Object.Server != "web2" {
		t.Errorf("got %v, want the order on web2 alone", orders)
	}
}

func TestSetBack(t *testing.T) {
	path, j := filled(t)
	gone, err := j.SetBack("bob", Target{web1, State}, Target{web1, Maxconn}, Target{web1, Weight})
	if err != nil || len(gone) != 2 || gone[0].Value != "drain" || gone[1].Key != Weight {
		t.Fatalf("set back %v, %v, want state and weight", gone, err)
	}
	if _, given := open(t, path).Order(web1, State); given {
		t.Error("the order is there after a restart")
	}

	before, revision := content(t, path), j.Revision()
	if gone, err := j.SetBack("bob", Target{web1, State}); err != nil || len(gone) > 0 {
		t.Errorf("set back again: %v, %v, want nothing", gone, err)
	}
	if content(t, path) != before || j.Revision() != revision {
		t.Error("setting back nothing is a change")
	}
	_, err = j.SetBack("", Target{web1, State})
	wantError(t, err, ErrInvalid)
}

func TestServers(t *testing.T) {
	path, j := filled(t)
	wantError(t, j.AddServer(web9()), ErrInvalid)
	servers := open(t, path).Servers()
	if len(servers) != 1 || time.Since(servers[0].At) > time.Minute {
		t.Fatalf("got %v, want web9 of just now", servers)
	}
	if servers[0].At = (time.Time{}); !reflect.DeepEqual(servers[0], web9()) {
		t.Errorf("got %+v, want %+v", servers[0], web9())
	}

	wantError(t, j.DeleteServer("bob", "app", "web1"), ErrInvalid)
	if err := j.DeleteServer("bob", "app", "web9"); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	if len(again.Servers()) > 0 {
		t.Error("web9 is there after it was deleted")
	}
	if _, given := again.Order(Object{Backend: "app", Server: "web9"}, State); given {
		t.Error("the order on web9 is there after it was deleted")
	}
}

func TestInvalidServersAreRefused(t *testing.T) {
	j, _ := Open("")
	for name, change := range map[string]func(s *Server){
		"no name":        func(s *Server) { s.Name, s.Backend = "", "" },
		"no backend":     func(s *Server) { s.Backend = "" },
		"nobody":         func(s *Server) { s.By = "" },
		"line end":       func(s *Server) { s.Arguments = []string{"a\nb"} },
		"many arguments": func(s *Server) { s.Arguments = make([]string, mostArguments+1) },
	} {
		s := web9()
		change(&s)
		if err := j.AddServer(s); err == nil || len(j.Servers()) > 0 {
			t.Errorf("%s: it is added, %v", name, err)
		}
	}
}

func TestWithoutStateFile(t *testing.T) {
	j := open(t, "")
	give(t, j, drain(0))
	if len(j.Orders()) != 1 {
		t.Error("the order does not hold")
	}
	if want := "not kept over a restart: there is no state_file"; j.Warning() != want {
		t.Errorf("the warning is %q, want %q", j.Warning(), want)
	}
	if j := open(t, statePath(t)); j.Warning() != "" {
		t.Errorf("with a state file the warning is %q", j.Warning())
	}
}

func TestRevision(t *testing.T) {
	path := statePath(t)
	j := open(t, path)
	seen := map[string]bool{j.Revision(): true}
	for n, change := range []func() error{
		func() error { return j.Give(drain(0)) },
		func() error { return j.AddServer(web9()) },
		func() error { _, err := j.SetBack("bob", Target{web1, State}); return err },
		func() error { return j.DeleteServer("bob", "app", "web9") },
		func() error { j = open(t, path); return nil },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if seen[j.Revision()] {
			t.Errorf("after change %d the revision is an old one", n)
		}
		seen[j.Revision()] = true
	}
}

func TestSuspend(t *testing.T) {
	path, j := filled(t)
	j.Suspend()
	before := content(t, path)
	wantError(t, j.Give(drain(0)), ErrSuspended)
	_, err := j.SetBack("bob", Target{web1, State})
	wantError(t, err, ErrSuspended)
	wantError(t, j.AddServer(Server{Backend: "app", Name: "web8", By: "bob"}), ErrSuspended)
	wantError(t, j.DeleteServer("bob", "app", "web9"), ErrSuspended)
	_, err = j.Reconcile(&fakeFile{})
	wantError(t, err, ErrSuspended)
	if content(t, path) != before {
		t.Error("a suspended journal writes")
	}
	if len(j.Orders()) != len(samples()) {
		t.Error("a suspended journal forgets")
	}

	successor := open(t, path)
	if _, err := successor.SetBack("bob", Target{web1, State}); err != nil {
		t.Fatal(err)
	}
	successor.Suspend() // it has not come up
	if err := j.Resume(); err != nil {
		t.Fatal(err)
	}
	wantSame(t, open(t, path), j)
	give(t, j, drain(0))
	wantSame(t, open(t, path), j)
}

func TestHistory(t *testing.T) {
	_, j := filled(t)
	changes := j.Changes()
	if got, want := fmt.Sprint(changes[3]), "root (pid 4711) server app/web1: state drain for 30m0s new disk done}"; !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := changes[6]; got.What != "server app/web9 added: 10.0.0.9:80 weight 5" || time.Since(got.At) > time.Minute {
		t.Errorf("got %+v, want web9 of just now", got)
	}
	for i := range 2 * longestHistory {
		j.Record(Change{By: "bob", What: fmt.Sprint("shutdown sessions ", i), Result: "refused"})
	}
	changes = j.Changes()
	if last := changes[len(changes)-1]; len(changes) != 200 || last.What != "shutdown sessions 399" || last.Result != "refused" || last.At.IsZero() {
		t.Errorf("%d changes, the last one %+v, want 200 and the last recorded", len(changes), last)
	}
}

func TestConcurrentUse(t *testing.T) {
	path := statePath(t)
	j := open(t, path)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			o := drain(time.Hour)
			o.Object.Server = fmt.Sprint("web", i)
			for range 5 {
				give(t, j, o)
				j.Orders()
				j.Order(o.Object, State)
				j.Revision()
				j.Changes()
			}
		})
	}
	wg.Wait()
	wantSame(t, open(t, path), j)
	if n := len(j.Orders()); n != 8 {
		t.Errorf("%d orders hold, want 8", n)
	}
}
