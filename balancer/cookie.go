package balancer

import (
	"slices"

	"relais/balancer/h1"
	"relais/balancer/sticky"
	"relais/internal/config"
)

// compileCookie returns nil for a backend without one. common is the key of cookies that have none
// of their own; nil: there is none.
func compileCookie(c *config.Backend, common []byte) (*sticky.Cookie, error) {
	if c.Cookie == nil {
		return nil, nil
	}
	key, err := c.Cookie.LoadKey()
	if err != nil {
		return nil, err
	}
	if key == nil {
		key = common
	}
	return sticky.Compile(c.Cookie, c.Name, c.Servers, key)
}

// CookieName is the name of the cookie that keeps clients with their servers; empty: none does.
func (b *Backend) CookieName() string {
	if b.cookie == nil {
		return ""
	}
	return b.cookie.Name()
}

// CookieValue is the cookie's value for a server of the backend; empty: none.
func (b *Backend) CookieValue(s *Server) string {
	if i := slices.Index(b.Servers, s); i >= 0 && b.cookie != nil {
		return b.cookie.Value(i)
	}
	return ""
}

// CookieDerived tells that values of the cookie are derived from names for want of a key.
func (b *Backend) CookieDerived() bool { return b.cookie != nil && b.cookie.Derived() }

// cookieEdit is what becomes of the cookies in requests.
func (b *Backend) cookieEdit() h1.CookieEdit {
	if b.cookie == nil {
		return nil
	}
	return b.cookie
}

// stick is what a request has to do with the cookie of its backend.
type stick struct {
	claim  sticky.Claim
	down   *Server // that the client's cookie names, if it cannot be used
	answer sticky.Answer
}

// recognize looks for the server that the client's cookie names.
func (x *exchange) recognize() {
	if x.backend.cookie == nil {
		return
	}
	servers := x.backend.Servers
	down := -1
	i, claim := x.backend.cookie.Find(x.head.Cookies(), func(i int) bool {
		if servers[i].alive() {
			return true
		}
		down = i
		return false
	})
	x.stick.claim = claim
	if i >= 0 {
		x.waiter.want = servers[i]
	} else if down >= 0 {
		x.stick.down = servers[down]
	}
}

// remind tells the client which server has answered, unless its cookie says so already.
func (x *exchange) remind(d *h1.Delivery) {
	if x.backend.cookie == nil {
		return
	}
	i := slices.Index(x.backend.Servers, x.server) // not there: a reload has added it meanwhile
	x.stick.answer = x.backend.cookie.Answer(i, x.server == x.waiter.want)
	d.Cookie = &x.stick.answer
	d.Fields = x.stick.answer.Fields(x.response.Head.Storable(x.head.Method))
}

// cookieState puts what became of the cookie into a termination state.
func (x *exchange) cookieState(state string) string {
	if x.local || x.backend.cookie == nil {
		return state
	}
	claim := x.stick.claim
	if claim == sticky.Valid && x.server != nil && x.server != x.waiter.want {
		claim = sticky.Down // by the time that it got a server
	}
	cookie := cookieStates[claim][x.stick.answer.Outcome]
	if state == calm {
		return cookie
	}
	return state[:2] + cookie[2:]
}

// calm is the termination state of requests that end well.
const calm = "----"

// cookieStates are those of requests that end well, so that none of them is made anew each time.
var cookieStates = [...][4]string{
	sticky.None:    {"--NN", "--ND", "--NI", "--NR"},
	sticky.Invalid: {"--IN", "--ID", "--II", "--IR"},
	sticky.Down:    {"--DN", "--DD", "--DI", "--DR"},
	sticky.Valid:   {"--VN", "--VD", "--VI", "--VR"},
}
