// Package healthcheck asks servers whether they are well. A Probe makes one check, a Machine
// turns results into up and down, a Set runs the checks of all servers.
package healthcheck

import "time"

// Status is the outcome of one check in HAProxy's terms.
type Status string

// The outcomes of a check.
const (
	StatusUnknown Status = "INI"     // no result yet
	SocketError   Status = "SOCKERR" // the check could not be made: our own shortage, never the server's failure
	L4OK          Status = "L4OK"
	L4Timeout     Status = "L4TOUT"
	L4Connect     Status = "L4CON"
	L7OK          Status = "L7OK"
	L7Timeout     Status = "L7TOUT"
	L7Response    Status = "L7RSP" // not HTTP, or cut short
	L7Status      Status = "L7STS" // a status that was not expected
)

// Result is what one check found.
type Result struct {
	OK       bool
	Status   Status
	Code     int    // HTTP status, 0: none
	Detail   string // evidence: the system's error or the first words of the answer
	Duration time.Duration
}
