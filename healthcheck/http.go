package healthcheck

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// HTTPOptions describe the request of an HTTP check and the answer that it expects. The caller
// has made sure that Method, Path, Host and Headers may stand in a request.
type HTTPOptions struct {
	Address string            // HOST:PORT; a name is resolved for each check
	Dial    Dial              // nil: TCP to Address
	Method  string            // empty: GET
	Path    string            // request target; empty: /
	Version string            // 1.0 or 1.1; empty: 1.1
	Host    string            // Host header; empty: Address, or none in version 1.0
	Headers map[string]string // further fields; they take the place of ours
	Body    string            // of the request

	Expect       func(code int) bool // tells which statuses mean well; nil: 200 to 399
	ExpectFields []FieldRule         // fields of the answer, all of them
	ExpectString string              // somewhere in the first maxBody bytes of the body; empty: anything
	ExpectRegex  *regexp.Regexp      // the same, once they are all there; nil: anything
	DisableOn404 bool                // a 404 is L7Conditional
}

// HTTP returns a probe that sends one request on a connection of its own and judges the answer.
// It does not wait for the body unless something is expected there.
func HTTP(o HTTPOptions) Probe {
	request := o.request()
	if o.Expect == nil {
		o.Expect = func(code int) bool { return 200 <= code && code <= 399 }
	}
	return Talk(o.Dial.or(o.Address), func(_ context.Context, conn net.Conn) (Result, error) {
		a, err := exchange(conn, request, o.Method)
		if err != nil {
			return evidence(a.first, err), err
		}
		r, err := o.judge(a)
		if err == nil {
			drain(conn)
		}
		return r, err
	})
}

func (o *HTTPOptions) request() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/%s\r\n", cmp.Or(o.Method, "GET"), cmp.Or(o.Path, "/"), cmp.Or(o.Version, "1.1"))
	own := func(name, value string) {
		if value != "" && !o.has(name) {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	old := o.Version == "1.0"
	if old {
		own("Host", o.Host)
	} else {
		own("Host", cmp.Or(o.Host, o.Address))
	}
	own("User-Agent", "relais-healthcheck/1")
	own("Accept", "*/*")
	if !old {
		own("Connection", "close")
	}
	if o.Body != "" {
		own("Content-Length", fmt.Sprint(len(o.Body)))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		fmt.Fprintf(&b, "%s: %s\r\n", name, o.Headers[name])
	}
	b.WriteString("\r\n" + o.Body)
	return b.Bytes()
}

func (o *HTTPOptions) has(name string) bool {
	for given := range o.Headers {
		if strings.EqualFold(given, name) {
			return true
		}
	}
	return false
}

// exchange sends request and reads the head of the answer. A server that answers and closes
// before it has read the request is judged by its answer.
func exchange(conn net.Conn, request []byte, method string) (answer, error) {
	_, sendErr := conn.Write(request)
	a, err := readAnswer(conn, method)
	if err != nil && shortage(sendErr) {
		err = sendErr
	}
	return a, err
}

// evidence is how far an answer came before time was up. Other errors tell that themselves.
func evidence(first string, err error) Result {
	if first == "" || !timedOut(err) {
		return Result{}
	}
	return Result{Detail: fmt.Sprintf("%q", first)}
}

// judge compares the answer with what is expected, in the order in which it comes.
func (o *HTTPOptions) judge(a answer) (Result, error) {
	r := Result{Status: L7Status, Code: a.code, Detail: a.status}
	if o.DisableOn404 && a.code == http.StatusNotFound {
		r.OK, r.Status = true, L7Conditional
		return r, nil
	}
	if !o.Expect(a.code) {
		return r, nil
	}
	for _, f := range o.ExpectFields {
		if fault := f.fault(a.fields); fault != "" {
			r.Detail = printable(a.status + ", but " + fault)
			return r, nil
		}
	}
	r.Status = L7OK
	r.OK = true
	if o.ExpectString == "" && o.ExpectRegex == nil {
		return r, nil
	}
	body, err := a.readBody(o.enough)
	if err != nil {
		return evidence(firstLine(body), err), err
	}
	if !o.matches(body) {
		r.OK, r.Status, r.Detail = false, L7Response, contentFault(body)
	}
	return r, nil
}

// enough tells whether the rest of the body cannot change anything. A regular expression may
// look at its end.
func (o *HTTPOptions) enough(body []byte) bool { return o.ExpectRegex == nil && o.matches(body) }

func (o *HTTPOptions) matches(body []byte) bool {
	return bytes.Contains(body, []byte(o.ExpectString)) && (o.ExpectRegex == nil || o.ExpectRegex.Match(body))
}

// contentFault says it as HAProxy does, with what came instead.
func contentFault(body []byte) string {
	if len(body) == 0 {
		return "HTTP content check could not find a response body"
	}
	return printable(fmt.Sprintf("HTTP content check did not match: %q", firstLine(body)))
}

// drain reads a short body and the end of the connection, for a moment: a server that is still
// writing when its peer resets the connection fills its log with broken pipes, and the side that
// closes first is the one that keeps the TIME_WAIT.
func drain(conn net.Conn) {
	const (
		body   = 4 << 10
		moment = 100 * time.Millisecond
	)
	_ = conn.SetReadDeadline(time.Now().Add(moment))
	_, _ = io.CopyN(io.Discard, conn, body)
}
