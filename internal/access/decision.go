package access

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// challenge asks a browser for name and password (RFC 7617).
const challenge = `Basic realm="relais", charset="UTF-8"`

// Decision is what becomes of a request.
type Decision struct {
	Allow   bool
	Status  int               // of the answer, when it is not allowed: 401, 403, 405, 421, 429 or 503
	Message string            // for who has sent it: what is wrong and what to do; one line of plain text
	Header  map[string]string // fields that the answer needs; nil: none

	User string // who has logged in; empty: nobody
	Role Role   // what he may do, or everybody when there are no users

	Audit Audit // of what was refused, and of changes; else its zero value
}

// Audit is what a log line says about a decision. No password and no token is in it, and no name
// that is not a user's: people type passwords where names belong.
type Audit struct {
	Who  string // the user, or whom somebody claims to be; empty: nobody that we know
	From string // the address of the client
	What string // method and path
	Why  string // it was refused; empty: it was not
}

// caller is who has sent a request.
type caller struct {
	user   *User  // has logged in; nil: nobody
	role   Role   // what he may do
	claims string // the user he claims to be
}

func (c caller) name() string {
	if c.user == nil {
		return ""
	}
	return c.user.Name
}

// refusal is why a request is not allowed.
type refusal struct {
	status  int
	why     string // for the log
	message string // for the client
	header  map[string]string
}

func decision(r *Request, who caller, no *refusal) Decision {
	d := Decision{Allow: no == nil, User: who.name(), Role: who.role}
	if no != nil {
		d.Status, d.Message, d.Header = no.status, no.message, no.header
		d.Audit.Why = no.why
	}
	if no != nil || r.Need == Operate {
		d.Audit.Who = who.claims
		d.Audit.From = r.Peer.Unmap().String()
		d.Audit.What = printable(r.Method) + " " + printable(r.Path)
	}
	return d
}

func wrongMethod(need Right) *refusal {
	methods := strings.Join(need.methods(), ", ")
	return &refusal{
		status: http.StatusMethodNotAllowed, why: "wrong method", message: "only " + methods,
		header: map[string]string{"Allow": methods},
	}
}

func unauthorized(why, message string) *refusal {
	return &refusal{
		status: http.StatusUnauthorized, why: why, message: message,
		header: map[string]string{"WWW-Authenticate": challenge},
	}
}

func forbidden(why, message string) *refusal {
	return &refusal{status: http.StatusForbidden, why: why, message: message}
}

func misdirected(host string) *refusal {
	host = strconv.Quote(printable(host))
	return &refusal{
		status: http.StatusMisdirectedRequest, why: "foreign host " + host,
		message: "this listener does not know itself as " + host + "; use its address, or add the name to stats.hosts",
	}
}

func tooMany(wait time.Duration) *refusal {
	seconds := later(wait)
	return &refusal{
		status: http.StatusTooManyRequests, why: "too many failed logins",
		message: "too many failed logins; try again in " + seconds + " s",
		header:  map[string]string{"Retry-After": seconds},
	}
}

func busy() *refusal {
	return &refusal{
		status: http.StatusServiceUnavailable, why: "too many logins at once",
		message: "too many logins at once; try again",
		header:  map[string]string{"Retry-After": later(time.Second)},
	}
}

// later returns whole seconds, rounded up, so that who comes then is not early.
func later(wait time.Duration) string {
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// printable is what a log and a message may show of a client's words: not much, and nothing that
// moves the cursor.
func printable(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
