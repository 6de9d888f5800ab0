package operate

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// diary runs a journal until the test ends, and notes when it calls.
type diary struct {
	start time.Time
	lines []string
}

func run(t *testing.T, j *Journal) *diary {
	d := &diary{start: time.Now()}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.Run(ctx, func(o Order) { d.note("soon", o) }, func(o Order) {
			if _, given := j.Order(o.Object, o.Key); given {
				t.Errorf("%v holds after its end", o.String())
			}
			d.note("end", o)
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return d
}

func (d *diary) note(what string, o Order) {
	d.lines = append(d.lines, fmt.Sprintf("%v %s %s", time.Since(d.start), what, o.Object.Server))
}

func (d *diary) want(t *testing.T, lines ...string) {
	t.Helper()
	synctest.Wait()
	if !reflect.DeepEqual(d.lines, lines) {
		t.Fatalf("the owner heard\n%s\nwant\n%s", strings.Join(d.lines, "\n"), strings.Join(lines, "\n"))
	}
}

// on is a drain of a server for so long.
func on(server string, d time.Duration) Order {
	o := drain(d)
	o.Object.Server = server
	return o
}

func TestOrdersAreAnnouncedAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := statePath(t)
		j := open(t, path)
		d := run(t, j)
		give(t, j, on("long", 30*time.Minute), on("ever", 0), on("short", 5*time.Minute), on("barely", 5*time.Minute+time.Second), on("also", 30*time.Minute))
		time.Sleep(time.Hour)
		d.want(t,
			"1s soon barely",
			"5m0s end short",
			"5m1s end barely",
			"25m0s soon also", "25m0s soon long",
			"30m0s end also", "30m0s end long",
		)
		if orders := open(t, path).Orders(); len(orders) != 1 || orders[0].Object.Server != "ever" {
			t.Errorf("on disk are %v, want the order without an end", orders)
		}
		if last := j.Changes()[8]; last.What != "server app/long: state drain for 30m0s ended" || last.By != "end of time" || last.Result != "done" {
			t.Errorf("the history ends with %+v", last)
		}
	})
}

func TestAChangedOrderEndsAtItsNewEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := open(t, "")
		d := run(t, j)
		give(t, j, on("longer", 10*time.Minute), on("back", 10*time.Minute), on("sooner", time.Hour))
		time.Sleep(7 * time.Minute)
		if _, err := j.SetBack("bob", Target{Object{Backend: "app", Server: "back"}, State}); err != nil {
			t.Fatal(err)
		}
		give(t, j, on("longer", 10*time.Minute), on("sooner", time.Minute))
		time.Sleep(time.Hour)
		d.want(t,
			"5m0s soon back", "5m0s soon longer",
			"8m0s end sooner",
			"12m0s soon longer", "17m0s end longer",
		)
	})
}

func TestTheOwnerMayAnswerAnEndWithAnOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := open(t, "")
		ctx, cancel := context.WithCancel(t.Context())
		ends := 0
		give(t, j, on("web1", time.Minute))
		j.Run(ctx, nil, func(Order) {
			if ends++; ends == 3 {
				cancel()
			}
			give(t, j, on("web1", time.Minute))
		})
		if len(j.Orders()) != 1 {
			t.Error("the last order does not hold")
		}
	})
}

func TestARestartCountsTheTimeBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := statePath(t)
		give(t, open(t, path), on("long", 30*time.Minute), on("soon", 14*time.Minute), on("gone", 10*time.Minute), on("just", 7*time.Minute))
		time.Sleep(10 * time.Minute)

		j, report := Open(path)
		if ended := report.Ended; report.Fault != nil || len(ended) != 2 || ended[0].Object.Server != "gone" || ended[1].Object.Server != "just" {
			t.Fatalf("ended are %v, fault %v, want gone and just", ended, report.Fault)
		}
		if again, report := Open(path); len(report.Ended) > 0 || len(again.Orders()) != 2 {
			t.Errorf("opened again: %v ended, %v hold, want the two others", report.Ended, again.Orders())
		}
		d := run(t, j)
		time.Sleep(time.Hour)
		d.want(t, "0s soon soon", "4m0s end soon", "15m0s soon long", "20m0s end long")
	})
}

// The file is from a clock of today, and the bubble's is in the year 2000.
func TestAClockSetBackLetsNoTimePass(t *testing.T) {
	path := statePath(t)
	give(t, open(t, path), on("web1", 30*time.Minute))
	synctest.Test(t, func(t *testing.T) {
		d := run(t, open(t, path))
		time.Sleep(time.Hour)
		d.want(t, "25m0s soon web1", "30m0s end web1")
	})
}

func TestNothingEndsWhileASuccessorHasTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := statePath(t)
		j := open(t, path)
		d := run(t, j)
		give(t, j, on("web1", 30*time.Minute), on("web2", 2*time.Hour))
		j.Suspend()
		before := content(t, path)
		time.Sleep(time.Hour)
		d.want(t)
		if content(t, path) != before {
			t.Error("a suspended journal writes")
		}
		if err := j.Resume(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		d.want(t, "1h0m0s end web1", "1h55m0s soon web2", "2h0m0s end web2")
	})
}

func TestAnOrderEndsThoughTheDiskRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := pathInFolder(t)
		j := open(t, path)
		d := run(t, j)
		give(t, j, on("web1", time.Minute))
		closeFolder(t, path)
		time.Sleep(time.Hour)
		d.want(t, "1m0s end web1")
		if last := j.Changes()[1]; !strings.HasPrefix(last.Result, "done, but: write state file") {
			t.Errorf("the history says %q", last.Result)
		}
		if got, err := j.Reconcile(&fakeFile{}); err != nil || len(got) > 0 {
			t.Errorf("%v, %v are left", got, err)
		}
	})
}
