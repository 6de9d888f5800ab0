package page

import (
	"fmt"

	"relais/stats"
)

// Admin is a user who may change what the page shows.
type Admin struct {
	User  string // the user's name
	Token string // comes back as Action.Token and tells that it was the page that asked
}

// form is what a backend's table is part of when the user may change its servers.
type form struct {
	Action  string // where it is posted to
	Backend string // # and its number
	Name    string // its name
	Token   string
	Reason  int // how long a reason may be
	Verbs   []choice
	Terms   []choice
}

// choice is one line of a list to choose from.
type choice struct{ Value, Words string }

// verbs are HAProxy's, in HAProxy's words and order.
var verbs = []choice{
	{"ready", "Set state to READY"},
	{"drain", "Set state to DRAIN"},
	{"maint", "Set state to MAINT"},
	{"dhlth", "Health: disable checks"},
	{"ehlth", "Health: enable checks"},
	{"hrunn", "Health: force UP"},
	{"hnolb", "Health: force NOLB"},
	{"hdown", "Health: force DOWN"},
	{"dagent", "Agent: disable checks"},
	{"eagent", "Agent: enable checks"},
	{"arunn", "Agent: force UP"},
	{"adown", "Agent: force DOWN"},
	{"shutdown", "Kill Sessions"},
}

// oldVerbs are what scripts of long ago post, and HAProxy still takes.
var oldVerbs = map[string]string{"enable": "ready", "disable": "maint", "stop": "drain", "start": "ready"}

// terms are for how long something can be ordered on the page.
var terms = []choice{
	{"", "until changed"},
	{"10m", "10 minutes"},
	{"30m", "30 minutes"},
	{"1h", "1 hour"},
	{"4h", "4 hours"},
	{"24h", "24 hours"},
}

// newForm returns the form of a backend, or nil where there is nothing that o lets the user change.
func newForm(shown []stats.Row, o Options) *form {
	if o.Admin == nil || len(shown) == 0 || shown[0].Scope != stats.Server {
		return nil
	}
	return &form{
		Action:  o.address(func(*stats.Options) {}),
		Backend: fmt.Sprintf("#%d", shown[0].IID),
		Name:    shown[0].Proxy,
		Token:   o.Admin.Token,
		Reason:  maxReason,
		Verbs:   verbs,
		Terms:   terms,
	}
}
