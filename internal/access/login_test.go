package access

import (
	"fmt"
	"net/netip"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"
)

func TestLoginsAreRemembered(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g, hashes := counted(p)
		for range 15 {
			wantStatus(t, g.Decide(get(here, "ops", "ops-secret")), 200)
			time.Sleep(time.Minute - time.Nanosecond)
		}
		if n := hashes.Load(); n != 1 {
			t.Errorf("%d hashes within 15 minutes, want 1", n)
		}
		time.Sleep(time.Second) // the last use does not make it last
		wantStatus(t, g.Decide(get(here, "ops", "ops-secret")), 200)
		if n := hashes.Load(); n != 2 {
			t.Errorf("%d hashes after 15 minutes, want 2", n)
		}
		wantStatus(t, g.Decide(get(addr(1), "ops", "ops-secret")), 200)
		if n := hashes.Load(); n != 3 {
			t.Errorf("%d hashes after a login from elsewhere, want 3", n)
		}
	})
}

// A name that is no user's costs the same hash as a wrong password, at the cost of a user's.
func TestUnknownUsersCostAsMuch(t *testing.T) {
	p := house(t)
	g, hashes := counted(p)
	costs := map[int]int{}
	count := g.logins.compare
	g.logins.compare = func(hash, password []byte) error {
		cost, err := bcrypt.Cost(hash)
		if err != nil {
			t.Error(err)
		}
		costs[cost]++
		return count(hash, password)
	}
	for i, name := range []string{"ops", "eye", "who", "", "root"} {
		before := hashes.Load()
		wantStatus(t, g.Decide(get(addr(i), name, "wrong")), 401)
		if n := hashes.Load() - before; n != 1 {
			t.Errorf("user %q cost %d hashes, want 1", name, n)
		}
	}
	if costs[bcrypt.MinCost] != 5 {
		t.Errorf("costs %v, want those of the users", costs)
	}
}

// What stands in for an unknown user must not let him in by its own password.
func TestStandInsOpenNothing(t *testing.T) {
	g := New(withUsers(house(t), User{Name: "ops", Hash: hashOf(t, "ops-secret"), Role: RoleOperate}))
	for range 2 {
		wantStatus(t, g.Decide(get(here, "who", "ops-secret")), 401)
	}
}

func TestGuessesFromOneClient(t *testing.T) {
	p := house(t)
	for name, peers := range map[string]func(int) netip.Addr{
		"one address": func(int) netip.Addr { return here },
		"one /64": func(n int) netip.Addr {
			return netip.MustParseAddr("2001:db8::" + strconv.FormatInt(int64(n+1), 16))
		},
		"mapped": func(n int) netip.Addr {
			if n%2 == 0 {
				return here
			}
			return netip.AddrFrom16(here.As16())
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, hashes := counted(p)
				n := 0
				guess := func() Decision {
					n++
					return g.Decide(get(peers(n), fmt.Sprint("user", n), "guess"))
				}
				for range 5 {
					wantStatus(t, guess(), 401)
				}
				for _, pause := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
					before := hashes.Load()
					d := guess()
					wantStatus(t, d, 429)
					if got := d.Header["Retry-After"]; got != strconv.Itoa(pause) {
						t.Errorf("Retry-After %s, want %d", got, pause)
					}
					time.Sleep(time.Duration(pause)*time.Second - time.Millisecond)
					wantStatus(t, guess(), 429)
					if hashes.Load() != before {
						t.Error("a hash was computed of a guess that came too early")
					}
					time.Sleep(time.Millisecond)
					wantStatus(t, guess(), 401)
				}
			})
		})
	}
}

func TestQuietMinutesForgive(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g, n := New(p), 0
		fail := func(want int) Decision {
			t.Helper()
			n++
			d := g.Decide(get(here, "ops", fmt.Sprint(n)))
			wantStatus(t, d, want)
			return d
		}
		for range 5 {
			fail(401)
		}
		fail(429)
		time.Sleep(time.Second + 2*time.Minute)
		fail(401) // three are left of the five
		fail(401)
		time.Sleep(500 * time.Millisecond)
		if got := fail(429).Header["Retry-After"]; got != "1" {
			t.Errorf("Retry-After %s for half a second, want 1", got)
		}
		time.Sleep(time.Hour)
		for range 5 {
			fail(401)
		}
		fail(429)
	})
}

func TestSuccessResets(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g := New(p)
		for round := range 3 {
			for n := range 4 {
				wantStatus(t, g.Decide(get(here, "ops", fmt.Sprint(round, n))), 401)
			}
			time.Sleep(fresh)
			for n := range 4 {
				wantStatus(t, g.Decide(get(here, "ops", fmt.Sprint(round, n, "again"))), 401)
			}
			wantStatus(t, g.Decide(get(here, "ops", "ops-secret")), 200)
		}
	})
}

// Somebody with a login of his own must not get free guesses at others' by it.
func TestOwnSuccessDoesNotResetGuesses(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g := New(p)
		for n := range 3 {
			wantStatus(t, g.Decide(get(here, "ops", fmt.Sprint(n))), 401)
		}
		wantStatus(t, g.Decide(get(here, "eye", "mistyped")), 401)
		wantStatus(t, g.Decide(get(here, "eye", "eye-secret")), 200)
		wantStatus(t, g.Decide(get(here, "ops", "fifth")), 401)
		wantStatus(t, g.Decide(get(here, "ops", "sixth")), 429)
	})
}

// A login lasts through guesses at its name from everywhere else, also past the time for which
// it is remembered, and it is no help to those who guess.
func TestGuessesElsewhereLockNobodyOut(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g := New(p)
		wantStatus(t, g.Decide(get(here, "ops", "ops-secret")), 200)
		refused := 0
		for n := range 600 {
			if statusOf(g.Decide(get(addr(n), "ops", fmt.Sprint(n)))) == 429 {
				refused++
			}
			time.Sleep(3 * time.Second)
			wantStatus(t, g.Decide(get(here, "ops", "ops-secret")), 200)
		}
		if refused < 500 {
			t.Errorf("%d of 600 guesses at one name were refused, want most", refused)
		}
		for n := range 11 { // his success may have been a moment ago
			g.Decide(get(addr(1000+n), "ops", "another"))
		}
		wantStatus(t, g.Decide(get(addr(9999), "ops", "ops-secret")), 429)
		wantStatus(t, g.Decide(get(addr(9999), "eye", "eye-secret")), 200)
	})
}

func TestGuessesAtManyNamesFromEverywhere(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g, hashes := counted(p)
		for n := range 3000 {
			g.Decide(get(addr(n), fmt.Sprint("user", n), "guess"))
			time.Sleep(20 * time.Millisecond)
		}
		if n := hashes.Load(); n > 20+60 {
			t.Errorf("%d hashes in a minute, want about one a second", n)
		}
	})
}

func TestOneWrongPasswordOverAndOverIsOneFailure(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g, hashes := counted(p)
		for range 4 * 60 { // an hour of a scraper with an old password
			wantStatus(t, g.Decide(get(here, "eye", "old")), 401)
			wantStatus(t, g.Decide(Request{Method: "GET", Need: Metrics, Peer: here, Authorization: "Bearer old"}), 401)
			time.Sleep(15 * time.Second)
		}
		if n := hashes.Load(); n != 4 {
			t.Errorf("%d hashes, want one every 15 minutes", n)
		}
		wantStatus(t, g.Decide(get(here, "eye", "eye-secret")), 200)
	})
}

func TestGuessesAtTheToken(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g := New(p)
		scrape := func(peer netip.Addr, token string) Decision {
			return g.Decide(Request{Method: "GET", Need: Metrics, Peer: peer, Authorization: "Bearer " + token})
		}
		for n := range 5 {
			wantStatus(t, scrape(here, fmt.Sprint("guess", n)), 401)
		}
		wantStatus(t, scrape(here, "0123456789abcdef"), 429)
		wantStatus(t, scrape(addr(1), "0123456789abcdef"), 200)
		time.Sleep(time.Second)
		wantStatus(t, scrape(here, "0123456789abcdef"), 200)
	})
}

// held makes hashes take until the returned channel is closed.
func held(g *Guard) (open chan struct{}, most *atomic.Int64) {
	open, most = make(chan struct{}), new(atomic.Int64)
	var now atomic.Int64
	compare := g.logins.compare
	g.logins.compare = func(hash, password []byte) error {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		<-open
		return compare(hash, password)
	}
	return open, most
}

func TestTwoHashesAtOnce(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g := New(p)
		open, most := held(g)
		answers := make(chan Decision, 5)
		for n := range 5 {
			go func() { answers <- g.Decide(get(addr(n), "eye", "eye-secret")) }()
		}
		time.Sleep(slotWait + time.Millisecond)
		for range 3 {
			d := <-answers
			wantStatus(t, d, 503)
			if d.Header["Retry-After"] != "1" {
				t.Errorf("Retry-After %q, want 1", d.Header["Retry-After"])
			}
		}
		close(open)
		for range 2 {
			wantStatus(t, <-answers, 200)
		}
		if n := most.Load(); n != atOnce {
			t.Errorf("%d hashes at once, want %d", n, atOnce)
		}
		for n := range 5 { // there was no room: nobody has failed
			wantStatus(t, g.Decide(get(addr(n), "eye", "eye-secret")), 200)
		}
	})
}

// A browser asks for a page's parts at once.
func TestSameLoginsAtOnceCostOneHash(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g, hashes := counted(p)
		open, _ := held(g)
		answers := make(chan Decision, 20)
		for range cap(answers) {
			go func() { answers <- g.Decide(get(here, "ops", "ops-secret")) }()
		}
		synctest.Wait()
		close(open)
		for range cap(answers) {
			wantStatus(t, <-answers, 200)
		}
		if n := hashes.Load(); n != 1 {
			t.Errorf("%d hashes, want 1", n)
		}
	})
}

// Guesses sent all at once are no better than one after the other.
func TestGuessesAtOnce(t *testing.T) {
	p := house(t)
	for _, test := range []struct {
		name  string
		guess func(n int) Request
		most  int64
	}{
		{"from one address", func(n int) Request { return get(here, fmt.Sprint("user", n), "guess") }, 5},
		{"at one name", func(n int) Request { return get(addr(n), "ops", "guess") }, 10},
		{"at many names from everywhere", func(n int) Request { return get(addr(n), fmt.Sprint("user", n), "guess") }, 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, hashes := counted(p)
				open, _ := held(g)
				answers := make(chan Decision, 50)
				for n := range cap(answers) {
					go func() { answers <- g.Decide(test.guess(n)) }()
				}
				synctest.Wait()
				close(open)
				for range cap(answers) {
					<-answers
				}
				if n := hashes.Load(); n == 0 || n > test.most {
					t.Errorf("%d guesses were looked at, want at most %d", n, test.most)
				}
			})
		})
	}
}

func TestMemoryIsBounded(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g := New(p)
		g.logins.compare = func([]byte, []byte) error { return bcrypt.ErrMismatchedHashAndPassword }
		for n := range remembered + 500 {
			wantStatus(t, g.Decide(get(addr(n), fmt.Sprint("user", n), "guess")), 401)
			time.Sleep(3 * time.Second)
		}
		l := g.logins
		for name, n := range map[string]int{
			"addresses": len(l.address.strikes.entries), "names": len(l.name.strikes.entries), "bad": len(l.bad.entries),
			"addresses in order": l.address.strikes.order.Len(), "flights": len(l.flights),
		} {
			if n > remembered {
				t.Errorf("%d %s are remembered, want at most %d", n, name, remembered)
			}
		}
	})
}
