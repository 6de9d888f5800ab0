package app

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"relais/internal/config"
	"relais/internal/ctl"
	"relais/internal/operate"
	"relais/stats"
)

// bounds are what a reload may not break while it is watched.
type bounds struct {
	during      time.Duration
	minRequests uint64
	maxErrors   float64 // share of the answers that may be errors of servers (5xx), beyond that before the reload
	maxLatency  float64 // so many times the time that servers took to answer before; 0: not looked at
}

// parseBounds reads "30s [min-requests N] [max-errors P%] [max-latency Fx]".
func parseBounds(args []string) (b bounds, err error) {
	b = bounds{minRequests: 100, maxErrors: 0.01}
	if len(args) == 0 || len(args)%2 == 0 {
		return b, errArguments
	}
	if b.during, err = time.ParseDuration(args[0]); err != nil || b.during < time.Second || b.during > 24*time.Hour {
		return b, fmt.Errorf("%q is not a time to watch for; write one such as 30s", args[0])
	}
	for i := 1; i < len(args); i += 2 {
		switch key, value := args[i], args[i+1]; key {
		case "min-requests":
			if b.minRequests, err = strconv.ParseUint(value, 10, 64); err != nil {
				return b, fmt.Errorf("min-requests: %q is not a number", value)
			}
		case "max-errors":
			percent, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
			if err != nil || percent < 0 || percent > 100 || !strings.HasSuffix(value, "%") {
				return b, fmt.Errorf("max-errors: %q is not a share; write one such as 1%%", value)
			}
			b.maxErrors = percent / 100
		case "max-latency":
			b.maxLatency, err = strconv.ParseFloat(strings.TrimSuffix(value, "x"), 64)
			if err != nil || b.maxLatency <= 1 || !strings.HasSuffix(value, "x") {
				return b, fmt.Errorf("max-latency: %q is not a factor above 1; write one such as 2x", value)
			}
		default:
			return b, fmt.Errorf("%q is not known; write min-requests, max-errors or max-latency", key)
		}
	}
	return b, nil
}

// traffic is what has been answered so far, and how fast.
type traffic struct {
	at                time.Time
	answers, failures uint64        // failures are 5xx
	latency           time.Duration // that servers take to answer, about now, over all backends
}

// traffic takes stock.
func (a *App) traffic(now time.Time) traffic {
	t := traffic{at: now}
	for _, f := range a.proxy.Table().Frontends {
		for class := range f.Counters.Responses {
			n := f.Counters.Responses[class].Load()
			t.answers += n
			if class == 5 {
				t.failures += n
			}
		}
	}
	var weighed, weight uint64
	for _, b := range a.proxy.Table().Backends {
		average, _ := b.Counters.Response.Load()
		n := b.Counters.SessionsTotal.Load()
		weighed, weight = weighed+average*n, weight+n
	}
	if weight > 0 {
		t.latency = time.Duration(weighed/weight) * time.Microsecond
	}
	return t
}

// since is what was answered after an earlier stocktaking. Counters that were cleared meanwhile
// begin anew.
func (t traffic) since(before traffic) traffic {
	if t.answers >= before.answers && t.failures >= before.failures {
		t.answers, t.failures = t.answers-before.answers, t.failures-before.failures
	}
	return t
}

func (t traffic) ratio() float64 {
	if t.answers == 0 {
		return 0
	}
	return float64(t.failures) / float64(t.answers)
}

// breach says which bound is broken; empty: none.
func (b bounds) breach(before, after traffic) string {
	switch {
	case after.answers < b.minRequests:
		return ""
	case after.ratio() > before.ratio()+b.maxErrors:
		return fmt.Sprintf("%.2f %% of %d answers are 5xx, more than the %.2f %% before and the %.2f %% allowed on top",
			100*after.ratio(), after.answers, 100*before.ratio(), 100*b.maxErrors)
	case b.maxLatency > 0 && before.latency > 0 && after.latency > time.Duration(float64(before.latency)*b.maxLatency):
		return fmt.Sprintf("servers take %s to answer, more than %gx the %s before", after.latency, b.maxLatency, before.latency)
	}
	return ""
}

// errWentBack says that a watched reload was undone.
var errWentBack = errors.New("went back to the configuration before")

// watchedReload reloads, watches the traffic, and goes back if that breaks a bound.
func (a *App) watchedReload(args []string, note ctl.Note, say func(string, ...any)) error {
	b, err := parseBounds(args)
	if err != nil {
		return err
	}
	a.change.Lock()
	old, orders, start := a.parts, a.journal.Orders(), a.history.over(b.during, a.traffic(time.Now()))
	done, err := a.reload(nil)
	watched := a.parts
	a.change.Unlock()
	a.tellReload(done, err, note.By)
	switch {
	case err != nil:
		return refused(err)
	case done.Unchanged:
		say("%s\n", a.words(done))
		return nil
	}
	say("%s\nBaseline of the last %s: %d answers, %.2f %% of them 5xx, servers took %s. Watching for %s.\n",
		a.words(done), start.span, start.before.answers, 100*start.before.ratio(), start.before.latency, b.during)
	why, err := a.watch(b, start, watched, say)
	if err != nil || why == "" {
		return err
	}
	return a.goBack(old, watched, orders, note, why)
}

// watch returns which bound was broken, or empty.
func (a *App) watch(b bounds, start baseline, watched *parts, say func(string, ...any)) (why string, err error) {
	end := time.Now().Add(b.during)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-a.stopping:
			return "", errStopping
		case <-ticker.C:
		}
		now := time.Now()
		after := a.traffic(now).since(start.now)
		if why := b.breach(start.before, after); why != "" {
			return why, nil
		}
		a.change.Lock()
		superseded := a.parts.file != watched.file
		a.change.Unlock()
		switch {
		case superseded:
			return "", errors.New("another reload has come; nothing is watched any more")
		case now.Before(end):
			say("%s left: %d answers, %.2f %% of them 5xx, servers take %s\n", end.Sub(now).Round(time.Second), after.answers, 100*after.ratio(), after.latency)
			continue
		case after.answers < b.minRequests:
			say("Too few answers to judge by, %d of %d. It stays in force.\n", after.answers, b.minRequests)
		default:
			say("It stays in force: %d answers, %.2f %% of them 5xx, servers take %s.\n", after.answers, 100*after.ratio(), after.latency)
		}
		return "", nil
	}
}

// goBack puts the configuration in force that was so before a reload, with what operators had set.
func (a *App) goBack(old, watched *parts, orders []operate.Order, note ctl.Note, why string) error {
	a.change.Lock()
	defer a.change.Unlock()
	if a.parts.file != watched.file || a.isStopping() {
		return errors.New("another reload has come; nothing is undone")
	}
	began := time.Now()
	if err := a.restore(old.file); err != nil {
		a.log.Error().Err(err).Str("why", why).Msg("the reload should be undone, which failed; the new configuration holds on")
		return fmt.Errorf("%s; going back failed: %w", why, err)
	}
	for _, o := range orders {
		if _, holds := a.journal.Order(o.Object, o.Key); !holds {
			if err := a.giveAgain(o); err != nil {
				a.log.Error().Err(err).Str("order", o.String()).Msg("an order is lost")
			}
		}
	}
	a.obey()
	a.log.Error().Str("by", note.By).Str("why", why).Str("fingerprint", old.file.Fingerprint()).
		Msg("the reload was undone: the configuration before it is in force again, and not what is on disk")
	a.timeline.add(aboutProcess, stats.Happening{At: began, What: "reload undone", By: note.By, Reason: why, Trouble: true})
	return fmt.Errorf("%w: %s", errWentBack, why)
}

func (a *App) restore(file *config.Config) error {
	if _, err := a.replace(file); err != nil {
		return err
	}
	a.disk.undone(file.Fingerprint())
	a.keepGood(file)
	return nil
}
