package discovery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

func web() Name { return Name{Host: "web", Port: 5000, Interval: time.Second} }

func TestNameIsFollowed(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.2", "fd00::1", "10.0.0.1"}
		r.Follow([]Name{web()})
		r.Wait(t.Context())
		if got := addresses(t, r, web()); got != "[10.0.0.1:5000 10.0.0.2:5000 [fd00::1]:5000]" {
			t.Errorf("%s", got)
		}
		f.now(func() { f.addrs["web."] = []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1"} })
		pass(time.Second)
		if got := addresses(t, r, web()); got != "[10.0.0.1:5000 10.0.0.2:5000 10.0.0.3:5000 [fd00::1]:5000]" {
			t.Errorf("an interval after a container was added: %s", got)
		}
		f.now(func() { slices.Reverse(f.addrs["web."]) })
		pass(10 * time.Second)
		want := []string{"web: 3 addresses (+10.0.0.1 +10.0.0.2 +fd00::1)", "web: 4 addresses (+10.0.0.3)"}
		if got := j.told(); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q: the order of an answer means nothing", got, want)
		}
	})
}

func TestQuestionsAreAnIntervalApartWhateverTheTTL(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		r.Follow([]Name{{Host: "web", Port: 5000}}) // 1 s
		pass(5 * time.Minute)
		for _, gap := range f.gaps() {
			if gap > time.Second || gap < 900*time.Millisecond {
				t.Fatalf("%v between questions, want 0.9 s to 1 s", gap)
			}
		}
		patient := web()
		patient.HonorTTL = true
		r.Follow([]Name{patient})
		f.forget()
		pass(21 * time.Minute)
		if n := len(f.gaps()); n < 1 || n > 3 {
			t.Errorf("%d questions in 21 minutes of a name whose TTL of 10 minutes is honoured", n+1)
		}
		r.Follow([]Name{web()})
		f.forget()
		pass(time.Second)
		if n := f.count(); n == 0 {
			t.Error("a name whose interval has become shorter waits for the end of the longer one")
		}
		if got := j.told(); len(got) != 1 {
			t.Errorf("told %q, want the first answer only", got)
		}
	})
}

func TestFailuresBackOffAndRecover(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		r.Follow([]Name{web()})
		pass(10 * time.Second)
		j.told()
		f.now(func() { f.rcodes["web."] = dns.RcodeServerFailure })
		pass(2 * time.Minute) // to the longest pause
		f.forget()
		pass(time.Hour)
		if n := f.count(); n < 2*3600/8 || n > 2*3600/4+2 { // two attempts each
			t.Errorf("%d questions in an hour of failures", n)
		}
		if got := addresses(t, r, web()); got != "[10.0.0.1:5000]" {
			t.Errorf("after an hour of failures: %s, want the last good answer", got)
		}
		if a, _ := r.Answer(web()); a.Err == nil || a.Err.Error() != "SERVFAIL from "+server1 || time.Since(a.At) < time.Hour {
			t.Errorf("error %v, answer of %v ago", a.Err, time.Since(a.At))
		}
		if got := j.told(); len(got) != 1 || !strings.HasPrefix(got[0], "web: SERVFAIL from "+server1+"; the answer of ") {
			t.Errorf("told %q, want that the answer is kept, once", got)
		}
		f.now(func() { delete(f.rcodes, "web.") })
		pass(8 * time.Second)
		if got := j.told(); !slices.Equal(got, []string{"web: answered again, still 1 address"}) {
			t.Errorf("told %q", got)
		}
		f.forget()
		pass(10 * time.Second)
		if n := f.count(); n < 10 {
			t.Errorf("%d questions in 10 s after the recovery", n)
		}
	})
}

func TestNoSuchNameThreeTimesInARow(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		f.addrs["app."] = []string{"10.0.0.2"}
		app := Name{Host: "app", Port: 5000, Interval: time.Second}
		r.Follow([]Name{web(), app})
		pass(0)
		f.now(func() { delete(f.addrs, "web."); f.addrs["app."] = []string{} })
		pass(1900 * time.Millisecond)
		for _, n := range []Name{web(), app} {
			if got := addresses(t, r, n); got == "[]" {
				t.Errorf("%s: given up before the third answer", n.Host)
			}
		}
		pass(1100 * time.Millisecond)
		for _, n := range []Name{web(), app} {
			if a, _ := r.Answer(n); len(a.Endpoints) > 0 || !errors.Is(a.Err, ErrNoName) {
				t.Errorf("%s after 3 s: %v %v", n.Host, a.Endpoints, a.Err)
			}
		}
		f.now(func() { f.addrs["web."] = []string{"10.0.0.3"} })
		pass(time.Second)
		if got := addresses(t, r, web()); got != "[10.0.0.3:5000]" {
			t.Errorf("an interval after the name came back: %s", got)
		}
	})
}

func TestGoneAfterIsAnOption(t *testing.T) {
	inBubble(t, Options{GoneAfter: 1}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		r.Follow([]Name{web()})
		pass(0)
		f.now(func() { delete(f.addrs, "web.") })
		pass(time.Second)
		if got := addresses(t, r, web()); got != "[]" {
			t.Errorf("%s after the first denial", got)
		}
	})
}

func TestNamesThatAreNotAnsweredPreventNothing(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		f.silent[servers(server1)[0]] = true
		r.Follow([]Name{web()})
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r.Wait(ctx)
		if waited := time.Since(begin); waited != time.Second {
			t.Errorf("waited %v, want the second that the caller has", waited)
		}
		if a, ok := r.Answer(web()); !ok || a.Err != nil || len(a.Endpoints) > 0 || !a.At.IsZero() {
			t.Errorf("before the first answer: %+v %v", a, ok)
		}
		r.Wait(t.Context())
		if waited := time.Since(begin); waited != 4*time.Second {
			t.Errorf("waited %v, want two attempts of 2 s", waited)
		}
		want := []string{"web: no answer from " + server1 + " within 2s; it has no address yet"}
		if got := j.told(); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}

func TestFollowReconciles(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		f.addrs["app."] = []string{"10.0.0.2"}
		app := Name{Host: "app", Port: 80, Interval: 10 * time.Second}
		loud := web()
		loud.Host = "WEB"
		quick := web()
		quick.Interval = 100 * time.Millisecond
		r.Follow([]Name{web(), app, loud, quick})
		pass(0)
		if n := f.count(); n != 2 {
			t.Errorf("%d questions for two names, one of them written three times", n)
		}
		pass(time.Second)
		if n := f.count(); n < 12 {
			t.Errorf("%d questions: the shortest interval counts", n)
		}
		f.now(func() { f.silent[servers(server1)[0]] = true })
		slow := web()
		slow.Interval = time.Hour
		other := web()
		other.Port = 5001
		r.Follow([]Name{slow, other})
		if got := addresses(t, r, loud); got != "[10.0.0.1:5000]" {
			t.Errorf("a name that stays has %s", got)
		}
		if _, ok := r.Answer(app); ok {
			t.Error("a name that is gone is answered for")
		}
		if got := addresses(t, r, other); got != "[]" {
			t.Errorf("another port has %s", got)
		}
		r.Follow(nil)
		f.forget()
		pass(time.Minute)
		if f.count() > 0 {
			t.Error("asked for a name that nobody follows")
		}
		r.Wait(t.Context()) // for nothing
	})
}

func TestNothingIsToldOfNamesThatAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, finish := newFake(), make(chan struct{})
		r := newResolver(Options{Servers: servers(server1), HostsFile: os.DevNull, OnChange: func(Name, Answer) { <-finish }}, f.exchange)
		defer r.Stop()
		r.Follow([]Name{web()})
		pass(0)
		gone := make(chan struct{})
		go func() { r.Follow(nil); close(gone) }()
		pass(time.Second)
		select {
		case <-gone:
			t.Error("OnChange is still being told of a name that is no longer followed")
		default:
		}
		close(finish)
		<-gone
	})
}

func TestStopEndsEverything(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.addrs["web."] = []string{"10.0.0.1"}
		r.Follow([]Name{web()})
		pass(0)
		f.now(func() { f.silent[servers(server1)[0]] = true })
		pass(2 * time.Second)
		j.told()
		begin := time.Now()
		r.Stop()
		r.Stop()
		r.Follow([]Name{{Host: "app", Port: 80}})
		if time.Since(begin) > 0 {
			t.Error("stop waits for an answer")
		}
		if f.atOnce != 0 {
			t.Error("a question is under way after the end")
		}
		pass(time.Minute)
		if got := addresses(t, r, web()); got != "[10.0.0.1:5000]" || len(j.told()) > 0 {
			t.Errorf("after the end: %s, told %q", got, j.told())
		}
	})
}

func TestOneReportAtATime(t *testing.T) {
	f := newFake()
	var names []Name
	for i := range 50 {
		names = append(names, Name{Host: fmt.Sprint("web", i), Port: 80, Interval: time.Hour})
		f.addrs[names[i].Host+"."] = []string{"10.0.0.1"}
	}
	var atOnce, maximum, calls int // the race detector sees to them too
	r := newResolver(Options{Servers: servers(server1), OnChange: func(Name, Answer) {
		calls++
		atOnce++
		maximum = max(maximum, atOnce)
		for range 100 {
			runtime.Gosched()
		}
		atOnce--
	}}, f.exchange)
	defer r.Stop()
	r.Follow(names)
	r.Wait(t.Context())
	if maximum != 1 || calls != 50 {
		t.Errorf("%d calls, %d at once", calls, maximum)
	}
}

func TestQuestionsAtOnceAreBounded(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, r *Resolver, f *fake, j *journal) {
		f.takes = time.Second
		var names []Name
		for i := range 200 {
			names = append(names, Name{Host: fmt.Sprint("web", i), Port: 80, Interval: time.Minute})
			f.addrs[names[i].Host+"."] = []string{"10.0.0.1"}
		}
		r.Follow(names)
		r.Wait(t.Context())
		if f.maximum != mostAtOnce {
			t.Errorf("%d questions at once, want %d", f.maximum, mostAtOnce)
		}
		if n := len(j.told()); n != 200 {
			t.Errorf("%d of 200 names found", n)
		}
	})
}
