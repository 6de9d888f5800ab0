// Package access decides who may see and do what on the admin listener. It looks at plain values
// and sends nothing: its owner fills a Request and obeys the Decision.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"hash/maphash"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Guard decides about requests by the policy in force. It may be used by many goroutines.
type Guard struct {
	policy atomic.Pointer[policy]
	nobody maphash.Seed
	seal   *seal
	logins *logins
	start  time.Time // the hours of tokens count from here, whatever becomes of the clock
}

// New returns a guard with keys of its own: what it has made and remembers dies with the process.
func New(p Policy) *Guard {
	g := &Guard{nobody: maphash.MakeSeed(), seal: newSeal(), logins: newLogins(), start: time.Now()}
	g.Update(p)
	return g
}

// Update puts another policy in force, from the next request on. Failures stay counted, and
// logins are remembered of users whose hash stays the same.
func (g *Guard) Update(p Policy) { g.policy.Store(compile(p, g.nobody)) }

// Decide decides about a request. It computes a bcrypt hash when somebody logs in whom it does
// not remember, and may wait for a second until it can.
func (g *Guard) Decide(r Request) Decision {
	p := g.policy.Load()
	if !r.fits() {
		return decision(&r, caller{}, wrongMethod(r.Need))
	}
	if len(p.users) == 0 {
		return withoutUsers(&r)
	}
	who, no := g.judge(p, &r)
	return decision(&r, who, no)
}

func withoutUsers(r *Request) Decision {
	if r.Need == Operate {
		return decision(r, caller{role: RoleRead}, forbidden("no users",
			"nothing can be changed here without users; name some in stats.users, or use the admin socket: balancer ctl"))
	}
	return decision(r, caller{role: RoleRead}, nil)
}

// judge asks what costs least first: foreign pages do not get as far as the password.
func (g *Guard) judge(p *policy, r *Request) (caller, *refusal) {
	switch r.Need {
	case Open:
		return caller{}, nil
	case Metrics:
		if p.scrapes(r.Peer) {
			return caller{}, nil
		}
		if token, ok := bearer(r.Authorization); ok && p.tokens {
			return caller{}, g.checkBearer(p, r, token)
		}
	case Operate:
		if no := p.foreign(r); no != nil {
			return caller{}, no
		}
	}
	who, no := g.authenticate(p, r)
	switch {
	case no != nil:
		return who, no
	case who.role < r.Need.role():
		return who, forbidden("role "+who.role.String(), "your role is "+who.role.String()+", and this needs "+r.Need.role().String()+
			"; log in as somebody else, or change the role in stats.users")
	case r.Need == Operate && !g.checkToken(who.user.Name, r.Token):
		return who, forbidden("no valid form token",
			"the form is too old or not from this page; load the page again and repeat, or use the admin socket: balancer ctl")
	}
	return who, nil
}

// foreign refuses a change that a page of another site may have sent. One that tells nothing of
// its origin, which a browser always does, has the token of the form to show.
func (p *policy) foreign(r *Request) *refusal {
	if !p.answersTo(r.Host) {
		return misdirected(r.Host)
	}
	const message = "changes are taken from this listener's own page only; load it again and repeat"
	switch {
	case r.SecFetchSite != "" && r.SecFetchSite != "same-origin" && r.SecFetchSite != "none":
		return forbidden("sent from another site", message)
	case r.Origin != "":
		if !sameOrigin(r.Origin, r.Host, r.TLS) {
			return forbidden("foreign origin "+printable(r.Origin), message)
		}
	case r.SecFetchSite != "":
	case r.Referer != "":
		if !sameOrigin(originOf(r.Referer), r.Host, r.TLS) {
			return forbidden("foreign referer "+printable(originOf(r.Referer)), message)
		}
	}
	return nil
}

// wrongLogin is said alike of names and passwords, so that nobody learns who is a user.
const wrongLogin = "wrong name or password; try again"

func (g *Guard) authenticate(p *policy, r *Request) (caller, *refusal) {
	if r.Authorization == "" {
		return caller{}, unauthorized("no login", "log in as a user of stats.users")
	}
	name, password, err := basic(r.Authorization)
	if err != nil {
		return caller{}, unauthorized(err.Error(), "log in with name and password: "+err.Error())
	}
	u, known := p.user(name)
	from := client(r.Peer)
	who := caller{}
	if known {
		who.claims = u.Name
	}
	v := g.logins.try(&attempt{
		id:   g.seal.of("login", from, name, password, string(u.Hash), strconv.FormatBool(known)), // not to be taken for a user of old whose hash another has now
		from: from, name: name, password: password, hash: u.Hash, known: known,
	})
	if v.outcome == right {
		who.user, who.role = u, u.Role
	}
	if !known {
		return who, v.refusal("unknown user", wrongLogin)
	}
	return who, v.refusal("wrong password", wrongLogin)
}

// checkBearer compares a token for metrics. What was wrong counts as a failed login does.
func (g *Guard) checkBearer(p *policy, r *Request, token string) *refusal {
	from, sum := client(r.Peer), sha256.Sum256([]byte(token))
	ok := subtle.ConstantTimeCompare(sum[:], p.token[:]) == 1
	v := g.logins.settled(g.seal.of("bearer", from, token), from, ok)
	return v.refusal("wrong token", "wrong token; send the one of stats.metrics_token_file, or log in as a user")
}

func (v verdict) refusal(why, message string) *refusal {
	switch v.outcome {
	case right:
		return nil
	case early:
		return tooMany(v.wait)
	case crowded:
		return busy()
	default:
		return unauthorized(why, message)
	}
}

func bearer(authorization string) (token string, ok bool) {
	scheme, token, ok := strings.Cut(authorization, " ")
	return strings.TrimLeft(token, " "), ok && strings.EqualFold(scheme, "Bearer")
}
