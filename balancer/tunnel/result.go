package tunnel

import "errors"

// ErrSilent says that neither side has moved a byte for the time-out.
var ErrSilent = errors.New("neither side has moved a byte for the time-out")

// End is how a tunnel ended. Its values are the distinctions that HAProxy's termination states
// make for sessions in mode tcp (its manual, section 8.5).
type End uint8

// The ways in which a tunnel ends.
const (
	Done          End = iota // -- both sides have ended their streams
	ClientAborted            // CD the client reset the connection, or cannot be written to
	ServerAborted            // SD the same of the server
	ClientSilent             // cD time-out; something was expected from the client
	ServerSilent             // sD time-out; something was expected from the server
	Cut                      // K- or D- ended on our side: Cut was called, or a connection closed
	Panicked                 // I- our own fault
)

// Result is how a tunnel ended and why.
type Result struct {
	End End
	Err error // nil if End is Done
}
