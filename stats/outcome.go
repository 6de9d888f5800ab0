package stats

// Outcome is how a change that was asked for on the page went: HAProxy's option ";st=". Empty:
// nothing was asked for.
type Outcome string

// The outcomes of HAProxy.
const (
	OutcomeDone       Outcome = "DONE" // all of it was done
	OutcomePartial    Outcome = "PART" // done for some of the servers
	OutcomeNone       Outcome = "NONE" // there was nothing to do
	OutcomeParameters Outcome = "ERRP" // the parameters are not valid
	OutcomeExceeded   Outcome = "EXCD" // too much was asked for at once
	OutcomeDenied     Outcome = "DENY" // the user may not, or it was not the page that asked
	OutcomeInvalid    Outcome = "IVAL" // the request is not valid
	OutcomeUnknown    Outcome = "UNKN" // anything else
)

// parseOutcome takes every text: what HAProxy does not know is unknown.
func parseOutcome(code string) Outcome {
	switch o := Outcome(code); o {
	case OutcomeDone, OutcomePartial, OutcomeNone, OutcomeParameters, OutcomeExceeded, OutcomeDenied, OutcomeInvalid:
		return o
	}
	return OutcomeUnknown
}
