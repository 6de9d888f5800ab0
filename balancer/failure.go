package balancer

import "relais/balancer/h1"

// failure is why an attempt, or a whole request, did not go well.
type failure uint8

const (
	failNone           failure = iota
	failRequest                // the request broke a rule or a limit
	failSlowHead               // its head did not arrive in time
	failCutHead                // the client closed in the middle of its head
	failDenied                 // a rule of the frontend denies it
	failLimited                // more requests than a rule lets through
	failCrowded                // more at once than a rule lets through
	failNoServer               // no usable server
	failQueueFull              // no server has room, and as many wait as may
	failQueueTimeout           // no server had room within timeout.queue
	failConnect                // connection refused, unreachable …
	failConnectTimeout         // no connection within timeout.connect
	failShortage               // we lack descriptors, ports or memory
	failEmpty                  // the server closed or reset before it answered
	failJunk                   // the server's answer breaks the rules
	failTimeout                // no answer within timeout.server
	failStatus                 // an answer with a status of retry_on
	failDown                   // called off: the server went down
	failShutdown               // ended on purpose: the server went down
	failCut                    // the server closed or reset in the middle of its answer
	failStall                  // the server fell silent in the middle of its answer
	failClientGone             // the client closed or reset
	failClientSlow             // the client fell silent
	failKilled                 // ended on purpose by us: shutdown, an operator
	failInternal               // our own fault
)

// verdict is what a failure means to the client, to the log and to the server's record.
type verdict struct {
	status      int
	termination string // HAProxy's termination state
	words       string
}

// verdicts holds HAProxy's statuses and termination states (its manual, section 8.5).
var verdicts = [...]verdict{
	failNone:           {0, "----", ""},
	failRequest:        {400, "PR--", "the request was refused"},
	failSlowHead:       {408, "cR--", "the request head did not arrive in time"},
	failCutHead:        {400, "CR--", "the client closed in the middle of the request head"},
	failDenied:         {403, "PR--", "denied by a rule"},
	failLimited:        {429, "PR--", "more requests than a rule lets through"},
	failCrowded:        {503, "PR--", "more requests at once than a rule lets through"},
	failNoServer:       {503, "SC--", "no server is usable"},
	failQueueFull:      {503, "PQ--", "no server had room, and maxqueue requests were waiting"},
	failQueueTimeout:   {503, "sQ--", "no server had room within timeout.queue"},
	failConnect:        {503, "SC--", "the server could not be reached"},
	failConnectTimeout: {503, "sC--", "the server did not accept the connection in time"},
	failShortage:       {503, "RC--", "the balancer has no descriptors, ports or memory left for another connection"},
	failEmpty:          {502, "SH--", "the server closed the connection before it answered"},
	failJunk:           {502, "PH--", "the server's answer is not valid HTTP/1.1"},
	failTimeout:        {504, "sH--", "the server did not answer in time"},
	failStatus:         {502, "SH--", "the server answered with a status of retry_on"},
	failDown:           {502, "DH--", "the server went down before it answered"},
	failShutdown:       {502, "DD--", "the server went down, and what ran on it was ended"},
	failCut:            {502, "SD--", "the server closed the connection in the middle of its answer"},
	failStall:          {504, "sD--", "the server fell silent in the middle of its answer"},
	failClientGone:     {499, "CD--", "the client left"},
	failClientSlow:     {408, "cD--", "the client fell silent"},
	failKilled:         {503, "KD--", "the balancer ended the connection"},
	failInternal:       {500, "I---", "internal error"},
}

// headFault says which failure a fault in a request's head is.
func headFault(fault *h1.Fault) failure {
	switch fault {
	case h1.ErrSlowHead:
		return failSlowHead
	case h1.ErrCutHead:
		return failCutHead
	}
	return failRequest
}

// refusal tells whether the request never got as far as a backend.
func (f failure) refusal() bool { return f == failRequest || f == failSlowHead || f == failCutHead }

// headless tells whether an answer that is lacking may have begun.
func (f failure) headless() bool { return f == failEmpty || f == failJunk || f == failTimeout }

// withoutServer tells whether there was no server to give the request to.
func (f failure) withoutServer() bool {
	return f == failNoServer || f == failQueueFull || f == failQueueTimeout
}

// byClient tells whether the client is the cause, so that no server is named for it.
func (f failure) byClient() bool { return f == failClientGone || f == failClientSlow || f.refusal() }

// byServer tells whether the server is the cause.
func (f failure) byServer() bool {
	switch f {
	case failConnect, failConnectTimeout, failEmpty, failJunk, failTimeout, failStatus, failCut, failStall:
		return true
	}
	return false
}
