package balancer

import (
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"

	"relais/balancer/h1"
)

// page is what the balancer itself answers. It says what happened without naming servers, and
// carries the request id that the log has too.
const page = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>%[1]d %[2]s</title></head>
<body><h1>%[1]d %[2]s</h1>
<p>%[3]s</p>
<p>Request id: <code>%[4]s</code></p>
</body></html>
`

// pageJSON is the same for programs. None of the words needs escaping.
const pageJSON = `{"status":%[1]d,"error":"%[2]s","message":"%[3]s","request_id":"%[4]s"}
`

// answerPage answers with the page of a failure, if there is anybody to answer to.
func (x *exchange) answerPage(f failure) {
	x.status = verdicts[f].status
	words := pageWords[f]
	var fault *h1.Fault
	if f.refusal() && errors.As(x.cause, &fault) {
		x.status, words = fault.Status, "The request was refused: "+fault.Reason+"."
	}
	if f.refusal() || f == failInternal || f == failClientGone {
		x.closing = true
	}
	if f == failClientGone {
		return
	}
	x.answerError(words, "")
}

// answerError answers with the frontend's file for the status if the client wants such a page, else
// with one of our own. fields are lines of the head.
func (x *exchange) answerError(words, fields string) {
	if p := x.frontend.errorPages[x.status]; p != nil && (p.json || !x.head.WantsJSON()) {
		x.answerFile(p, fields)
		return
	}
	x.answerOwn(words, fields)
}

// answerOwn answers with a page of the balancer's own. fields are lines of its head that the
// others do not have.
func (x *exchange) answerOwn(words, fields string) {
	format, kind := page, "text/html; charset=utf-8"
	if x.head.WantsJSON() {
		format, kind = pageJSON, "application/json"
	}
	body := fmt.Sprintf(format, x.status, fasthttp.StatusMessage(x.status), words, x.id[:])
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\n"+
		"Cache-Control: no-cache\r\n%sX-Request-Id: %s\r\nContent-Length: %d\r\n",
		x.status, fasthttp.StatusMessage(x.status), kind, fields, x.id[:], len(body))
	x.sendPage([]byte(head), body)
}

// sendPage sends an answer that no server made. What the connection decides is added to its head.
// A body that the client is still sending is not waited for.
func (x *exchange) sendPage(head []byte, body string) {
	if !x.client.BodyDone() || x.stopping() {
		x.closing = true
	}
	switch {
	case x.closing:
		head = append(head, "Connection: close\r\n"...)
	case x.head.Minor == 0:
		head = append(head, "Connection: keep-alive\r\n"...)
	}
	head = append(head, "\r\n"...)
	if string(x.head.Method) != "HEAD" {
		head = append(head, body...)
	}
	x.started = true
	n, err := x.client.Answer(head)
	x.bytesOut += int64(n)
	if err != nil {
		x.closing = true
	}
}

// pageWords says to the user what happened and what can be done.
var pageWords = map[failure]string{
	failDenied:         "This request is not allowed.",
	failLimited:        "Too many requests. Please try again in a moment.",
	failCrowded:        "Too many requests are being handled right now. Please try again in a moment.",
	failNoServer:       "No server is available to handle this request. Please try again in a moment.",
	failQueueFull:      "Every server is busy and too many requests are waiting. Please try again in a moment.",
	failQueueTimeout:   "Every server is busy, and none became free in time. Please try again in a moment.",
	failConnect:        "The server behind this address could not be reached. Please try again in a moment.",
	failConnectTimeout: "The server behind this address did not accept the connection in time. Please try again in a moment.",
	failShortage:       "The load balancer is short of resources. Please try again in a moment.",
	failEmpty:          "The server closed the connection before it answered. The request may or may not have been carried out.",
	failCut:            "The server closed the connection in the middle of its answer. The request may or may not have been carried out.",
	failJunk:           "The server gave an answer that is not valid HTTP.",
	failTimeout:        "The server did not answer in time. The request may or may not have been carried out.",
	failDown:           "The server went down before it answered. The request may or may not have been carried out.",
	failClientSlow:     "The request did not arrive in time.",
	failInternal:       "The load balancer failed to handle this request.",
}
