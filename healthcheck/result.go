// Package healthcheck asks servers whether they are well. A Probe makes one check, a Machine
// turns results into up and down, a Set runs the checks of all servers.
package healthcheck

import "time"

// CheckStatus is the outcome of one check, in HAProxy's words for the column check_status.
type CheckStatus string

// The outcomes of a check.
const (
	StatusUnknown CheckStatus = "INI"     // no result yet
	SocketError   CheckStatus = "SOCKERR" // the check could not be made: our own shortage, never the server's failure
	L4OK          CheckStatus = "L4OK"
	L4Timeout     CheckStatus = "L4TOUT"
	L4Connect     CheckStatus = "L4CON"
	L6OK          CheckStatus = "L6OK"
	L6Timeout     CheckStatus = "L6TOUT" // TLS handshake not done in time
	L6Response    CheckStatus = "L6RSP"  // TLS handshake failed
	L7OK          CheckStatus = "L7OK"
	L7Conditional CheckStatus = "L7OKC" // well, but wants no new requests: a 404 of HTTPOptions.DisableOn404
	L7Timeout     CheckStatus = "L7TOUT"
	L7Response    CheckStatus = "L7RSP"   // not HTTP, or cut short
	L7Status      CheckStatus = "L7STS"   // a status that was not expected
	Checked       CheckStatus = "CHECKED" // an agent has answered and said nothing of up and down
	HealthAnalyze CheckStatus = "HANA"    // no check: live traffic has failed
)

// Description is HAProxy's text for s, its column check_desc.
func (s CheckStatus) Description() string {
	switch s {
	case StatusUnknown:
		return "Initializing"
	case SocketError:
		return "Socket error"
	case L4OK:
		return "Layer4 check passed"
	case L4Timeout:
		return "Layer4 timeout"
	case L4Connect:
		return "Layer4 connection problem"
	case L6OK:
		return "Layer6 check passed"
	case L6Timeout:
		return "Layer6 timeout"
	case L6Response:
		return "Layer6 invalid response"
	case L7OK:
		return "Layer7 check passed"
	case L7Conditional:
		return "Layer7 check conditionally passed"
	case Checked:
		return "No status change"
	case HealthAnalyze:
		return "Health analyze"
	case L7Timeout:
		return "Layer7 timeout"
	case L7Response:
		return "Layer7 invalid response"
	case L7Status:
		return "Layer7 wrong status"
	}
	return "Unknown"
}

// Result is what one check found.
type Result struct {
	OK       bool
	Status   CheckStatus
	Code     int    // HTTP status, 0: none
	Detail   string // evidence, short and printable: the system's error or the first words of the answer
	Duration time.Duration
}
