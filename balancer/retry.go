package balancer

import (
	"fmt"
	"slices"
	"strconv"

	"relais/internal/config"
)

// retryPolicy decides whether a failed attempt is followed by another one. It is the only place
// that does.
type retryPolicy struct {
	retries  int // further attempts after the first one
	on       [len(verdicts)]bool
	statuses []int // of answers that count as failures
}

// retryCauses are HAProxy's words for what may be tried again. Our own shortage is no failure of
// the connection, but nothing has been sent either.
var retryCauses = map[string][]failure{
	"conn-failure":     {failConnect, failConnectTimeout, failShortage},
	"empty-response":   {failEmpty, failCut, failDown},
	"junk-response":    {failJunk},
	"response-timeout": {failTimeout},
}

// newRetryPolicy reads the words of retry_on: causes and statuses.
func newRetryPolicy(retries int, on []string) (retryPolicy, error) {
	p := retryPolicy{retries: retries}
	for _, word := range config.RetryEvents(on) {
		for _, f := range retryCauses[word] {
			p.on[f] = true
		}
		if retryCauses[word] != nil {
			continue
		}
		status, err := strconv.Atoi(word)
		if err != nil {
			return p, fmt.Errorf("retry_on: %q is not known", word)
		}
		p.statuses, p.on[failStatus] = append(p.statuses, status), true
	}
	return p, nil
}

// status tells whether an answer with this status counts as a failure.
func (r *retryPolicy) status(status int) bool { return slices.Contains(r.statuses, status) }

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
func (r *retryPolicy) again(a attempt) bool {
	return a.number < r.retries && r.on[a.failure] && a.replayable && !a.answered && (!a.processed || a.idempotent)
}
