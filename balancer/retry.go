package balancer

// retryPolicy decides whether a failed attempt is followed by another one. It is the only place
// that does.
type retryPolicy struct {
	retries int // further attempts after the first one
}

// attempt is what the policy needs to know about an attempt that failed.
type attempt struct {
	number     int // from 0 on
	failure    failure
	processed  bool // the server may have seen some of the request
	replayable bool // the whole request is still at hand
	idempotent bool // it may be processed twice
	answered   bool // the client has some of an answer
}

// again tells whether to try again.
func (r retryPolicy) again(a attempt) bool {
	if a.number >= r.retries || !a.replayable || a.answered {
		return false
	}
	switch a.failure {
	case failConnect, failConnectTimeout, failShortage, failEmpty, failCut, failDown:
		return !a.processed || a.idempotent
	}
	return false
}
