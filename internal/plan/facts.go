package plan

import "time"

// Facts are what the plan needs to know of the running process. What is nil counts as nothing
// under way, and as a server that is up.
type Facts struct {
	Now time.Time

	Served  func(backend, server string) int  // requests and sessions now on a server, tunnels included
	Tunnels func(backend, server string) int  // of those, the ones that are tunnels
	Conns   func(frontend, bind string) int   // client connections now on a bind
	Usable  func(backend, server string) bool // whether the server gets requests now

	Orders  []Order  // that stand
	Dynamic []Server // added at run time

	HashNow, HashNext string // fingerprints of the configurations, contents of files included
	Revision          string // of everything at run time
}

// Order is what an operator has set, which holds over the file.
type Order struct {
	Object    string // backend/server, the name of a frontend, or process
	Key       string // state, weight, maxconn, or another one, for which the file wins
	Value     string
	FileValue string // what the file said when it was given
	By        string
	Reason    string // empty: none was given
	At        time.Time
	Until     time.Time // zero: until it is set back
}

// Server names a server.
type Server struct{ Backend, Name string }

// complete puts answers in the place of functions that are missing.
func (f Facts) complete() Facts {
	none := func(string, string) int { return 0 }
	if f.Served == nil {
		f.Served = none
	}
	if f.Tunnels == nil {
		f.Tunnels = none
	}
	if f.Conns == nil {
		f.Conns = none
	}
	if f.Usable == nil {
		f.Usable = func(string, string) bool { return true }
	}
	return f
}
