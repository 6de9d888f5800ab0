package access

import (
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const (
	remembered = 10_000           // of each: addresses and names that failed, good and bad logins
	fresh      = 15 * time.Minute // a login is taken for verified
	trusted    = 24 * time.Hour   // and then for one that need not queue behind guesses to be verified again
	atOnce     = 2                // hashes computed
	slotWait   = time.Second      // for one of these
)

// attempt is somebody's name and password.
type attempt struct {
	id       mark   // of all that follows
	from     string // the client
	name     string
	password string
	hash     []byte // to compare with
	known    bool   // the name is a user's; else the password is wrong whatever the hash says
}

// outcome is what came of an attempt. Its zero value is the safe one.
type outcome uint8

const (
	wrong   outcome = iota
	right           // name and password are a user's
	early           // it was not looked at
	crowded         // there was no room to look at it
)

type verdict struct {
	outcome outcome
	wait    time.Duration // until it is not early any more
}

// logins verifies passwords, remembers for a while what it found, and slows down who guesses.
//
// What it remembers belongs to one client. So a guess elsewhere never meets a verified login,
// which would tell it the answer for nothing, and guesses at a name never keep out the user who
// has logged in from where he is. The pauses of a client hold for all that comes from it.
type logins struct {
	compare func(hash, password []byte) error
	slots   chan struct{}

	mu        sync.Mutex // of all below
	good, bad *lru[mark, time.Time]
	flights   map[mark]*flight
	address   *throttle
	name      *throttle
	overall   *throttle
}

// flight is an attempt being verified, for which its likes wait.
type flight struct {
	done    chan struct{} // closed when verdict is there
	verdict verdict
}

func newLogins() *logins {
	return &logins{
		compare: bcrypt.CompareHashAndPassword,
		slots:   make(chan struct{}, atOnce),
		good:    newLRU[mark, time.Time](remembered),
		bad:     newLRU[mark, time.Time](remembered),
		flights: map[mark]*flight{},
		address: newThrottle(limit{free: 5, first: time.Second, most: 5 * time.Minute, quiet: time.Minute}, remembered),
		name:    newThrottle(limit{free: 10, first: time.Second, most: time.Minute, quiet: time.Minute}, remembered),
		overall: newThrottle(limit{free: 20, first: time.Second, most: 2 * time.Second, quiet: 3 * time.Second}, 1),
	}
}

// try finds out whether an attempt is right.
func (l *logins) try(a *attempt) verdict {
	l.mu.Lock()
	if f, ok := l.flights[a.id]; ok {
		l.mu.Unlock()
		<-f.done
		return f.verdict
	}
	now := time.Now()
	if v, ok := l.recall(a.id, a.from, now); ok {
		l.mu.Unlock()
		return v
	}
	if wait := l.queue(a, now); wait > 0 {
		l.mu.Unlock()
		return verdict{early, wait}
	}
	f := l.begin(a)
	l.mu.Unlock()
	defer l.end(a, f)
	f.verdict.outcome = l.verify(a)
	return f.verdict
}

// settled takes an attempt that cost nothing to verify, and passes the verdict on unless the client
// has to wait.
func (l *logins) settled(id mark, from string, ok bool) verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	wait := l.address.wait(from, now)
	switch _, seen := l.bad.get(id); {
	case wait > 0:
		return verdict{early, wait}
	case ok:
		return verdict{outcome: right}
	case !seen:
		l.bad.put(id, now)
		l.address.fail(from, "", now)
	}
	return verdict{}
}

// recall returns the verdict that needs no hash. The same wrong password over and over is one
// failure: a scraper with an old one is no guesser.
func (l *logins) recall(id mark, from string, now time.Time) (v verdict, ok bool) {
	if wait := l.address.wait(from, now); wait > 0 {
		return verdict{early, wait}, true
	}
	if at, ok := l.good.get(id); ok && now.Sub(at) < fresh {
		return verdict{outcome: right}, true
	}
	if at, ok := l.bad.get(id); ok && now.Sub(at) < fresh {
		return verdict{}, true
	}
	return verdict{}, false
}

// queue returns how long an attempt has to wait for others' failures. One that was right not long
// ago does not.
func (l *logins) queue(a *attempt, now time.Time) time.Duration {
	if at, ok := l.good.get(a.id); ok && now.Sub(at) < trusted {
		return 0
	}
	return max(l.name.wait(a.name, now), l.overall.wait("", now))
}

func (l *logins) begin(a *attempt) *flight {
	l.address.begin(a.from)
	l.name.begin(a.name)
	l.overall.begin("")
	f := &flight{done: make(chan struct{})}
	l.flights[a.id] = f
	return f
}

func (l *logins) verify(a *attempt) outcome {
	patience := time.NewTimer(slotWait)
	defer patience.Stop()
	select {
	case l.slots <- struct{}{}:
	case <-patience.C:
		return crowded
	}
	defer func() { <-l.slots }()
	if err := l.compare(a.hash, []byte(a.password)); err != nil || !a.known {
		return wrong
	}
	return right
}

func (l *logins) end(a *attempt, f *flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer close(f.done)
	delete(l.flights, a.id)
	now := time.Now()
	switch f.verdict.outcome {
	case right:
		l.good.put(a.id, now)
		l.address.pass(a.from, a.name)
		l.name.pass(a.name, a.name)
		l.overall.release("")
	case crowded:
		l.address.release(a.from)
		l.name.release(a.name)
		l.overall.release("")
	default:
		l.bad.put(a.id, now)
		l.address.fail(a.from, a.name, now)
		l.name.fail(a.name, a.name, now)
		l.overall.fail("", a.name, now)
	}
}
