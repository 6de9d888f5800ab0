package healthcheck

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// HTTPOptions describe the request of an HTTP check and the answer that it expects. The caller
// has made sure that Method, Path and Host may stand in a request.
type HTTPOptions struct {
	Address string              // HOST:PORT; a name is resolved for each check
	Dial    Dial                // nil: TCP to Address
	Method  string              // empty: GET
	Path    string              // request target; empty: /
	Host    string              // Host header; empty: Address
	Expect  func(code int) bool // tells which statuses mean well; nil: 200 to 399
}

// HTTP returns a probe that sends one request on a connection of its own and judges the status
// of the answer. It does not wait for the body.
func HTTP(o HTTPOptions) Probe {
	request, dial := o.request(), o.Dial.or(o.Address)
	expect := o.Expect
	if expect == nil {
		expect = func(code int) bool { return 200 <= code && code <= 399 }
	}
	return func(ctx context.Context) Result {
		start := time.Now()
		conn, err := dial(ctx)
		if err != nil {
			return connectFailure(ctx, start, err)
		}
		release := bind(ctx, conn)
		defer release()

		a, err := exchange(conn, request)
		if err != nil {
			return answerFailure(ctx, start, a, err)
		}
		r := Result{OK: true, Status: L7OK, Code: a.code, Detail: a.status, Duration: time.Since(start)}
		if !expect(a.code) {
			r.OK, r.Status = false, L7Status
		}
		drain(conn)
		return r
	}
}

func (o HTTPOptions) request() []byte {
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: relais-healthcheck/1\r\nAccept: */*\r\nConnection: close\r\n\r\n",
		cmp.Or(o.Method, "GET"), cmp.Or(o.Path, "/"), cmp.Or(o.Host, o.Address))
}

// bind lets the end of ctx end reads and writes of conn. release closes conn and undoes that.
func bind(ctx context.Context, conn net.Conn) (release func()) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = conn.SetDeadline(time.Unix(1, 0))
		close(ended)
	})
	return func() {
		if !stop() {
			<-ended
		}
		conn.Close()
	}
}

// exchange sends request and reads the head of the answer. A server that answers and closes
// before it has read the request is judged by its answer.
func exchange(conn net.Conn, request []byte) (answer, error) {
	_, sendErr := conn.Write(request)
	a, err := readAnswer(conn)
	if err != nil && shortage(sendErr) {
		err = sendErr
	}
	return a, err
}

func answerFailure(ctx context.Context, start time.Time, a answer, err error) Result {
	r := Result{Status: L7Response, Detail: cause(err), Duration: time.Since(start)}
	switch {
	case notTheServer(ctx, err):
		r.Status = SocketError
	case timedOut(err) && a.first == "":
		r.Status, r.Detail = L7Timeout, fmt.Sprintf("no answer within %v", allowed(ctx, start))
	case timedOut(err):
		r.Status, r.Detail = L7Timeout, printable(fmt.Sprintf("no whole answer within %v: %q", allowed(ctx, start), a.first))
	}
	return r
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
