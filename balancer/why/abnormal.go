package why

import "time"

// Abnormal tells whether an admin may one day ask for the request: more than one server was
// tried, something went wrong, a status of 500 or above was answered, the server that the client's
// cookie named did not get it, it was queued, or it was slow. What is slow takes as long as that up
// to the answer, or to its end unless it is a tunnel or a connection of TCP mode. With slow 0
// nothing is.
func (r *Record) Abnormal(slow time.Duration) bool {
	return len(r.Attempts) > 1 || r.Reason != "" || r.Status >= 500 || !calm(r.Termination) ||
		r.Stick == DownCookie || r.elsewhere() || r.Place > 0 || slow > 0 && r.took() >= slow
}

// calm tells whether a termination state says that all went well: the request ended by itself, or
// the balancer answered it as it was told to.
func calm(state string) bool {
	return len(state) < 2 || state[:2] == "--" || state[:2] == "LR"
}

// elsewhere tells whether another server than the one that the cookie named got the request.
func (r *Record) elsewhere() bool {
	return r.Wanted != "" && (len(r.Attempts) == 0 || r.Attempts[0].Server != r.Wanted)
}

// took is how long the client waited as far as it was not its own doing.
func (r *Record) took() time.Duration {
	t := &r.Timers
	if r.Status == 101 || len(r.Method) == 0 {
		return max(t.Queue, 0) + max(t.Connect, 0) + max(t.Response, 0)
	}
	return t.Total
}
