package healthcheck

import (
	"fmt"
	"sync/atomic"
)

// Observe says what of live traffic an Observer looks at. HAProxy's words.
type Observe string

// What can be observed.
const (
	ObserveLayer4 Observe = "layer4" // connections
	ObserveLayer7 Observe = "layer7" // connections and answers
)

// OnError says what becomes of a server on which live traffic has failed too often in a row. All
// of them make the next check come after Spec.Fast. HAProxy's words.
type OnError string

// What can become of it.
const (
	OnErrorFastinter   OnError = "fastinter"    // nothing else
	OnErrorFailCheck   OnError = "fail-check"   // it counts as a failed check
	OnErrorSuddenDeath OnError = "sudden-death" // one more failure takes the server down
	OnErrorMarkDown    OnError = "mark-down"    // the server is down
)

// Observer counts the failures in a row that live traffic has seen on one server. It is safe for
// concurrent use and does next to nothing as long as all is well.
type Observer struct {
	layer7  bool
	limit   int32
	reached func(detail string)

	errors atomic.Int32 // in a row
}

// Seen takes in how an attempt on the server ended: whether there was a connection, and the
// status of the answer, 0 if there was none or it was not valid. What the client or the balancer
// itself did must not be told.
func (o *Observer) Seen(connected bool, status int) {
	if connected && (!o.layer7 || wellMeant(status)) {
		o.clear()
		return
	}
	// Of those who see the limit passed at the same time one acts.
	if o.errors.Add(1) != o.limit {
		return
	}
	o.errors.Store(0)
	o.reached(fmt.Sprintf("Detected %d consecutive errors, last one was: %s", o.limit, failureSeen(connected, status)))
}

// clear is also called when a check has passed.
func (o *Observer) clear() {
	if o.errors.Load() != 0 {
		o.errors.Store(0)
	}
}

// wellMeant is HAProxy's choice: a 5xx says that the server is ill, but for 501 and 505, which the
// request has brought about.
func wellMeant(status int) bool {
	return 100 <= status && status <= 499 || status == 501 || status == 505
}

func failureSeen(connected bool, status int) string {
	switch {
	case !connected:
		return "L4 unsuccessful connection"
	case status == 0:
		return "no valid http response"
	}
	return fmt.Sprintf("http status %d", status)
}
