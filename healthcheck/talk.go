package healthcheck

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Talk returns a probe that opens a connection, lets converse say what is to be said over it and
// closes it. converse returns the result but for its duration. Its reads and writes fail when ctx
// ends. If it returns an error, the probe finds out what that means, and the Detail of the result
// is evidence of how far the conversation came. The connection is closed for converse.
func Talk(dial Dial, converse func(ctx context.Context, conn net.Conn) (Result, error)) Probe {
	return func(ctx context.Context) Result {
		start := time.Now()
		conn, err := dial(ctx)
		if err != nil {
			return connectFailure(ctx, start, err)
		}
		release := bind(ctx, conn)
		defer release()

		r, err := converse(ctx, conn)
		if err != nil {
			return talkFailure(ctx, start, r.Detail, err)
		}
		r.Detail, r.Duration = printable(r.Detail), time.Since(start)
		return r
	}
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

// talkFailure says why a conversation has not come to its end.
func talkFailure(ctx context.Context, start time.Time, evidence string, err error) Result {
	r := Result{Status: L7Response, Detail: cause(err), Duration: time.Since(start)}
	switch {
	case notTheServer(ctx, err):
		r.Status = SocketError
		return r
	case timedOut(err) && evidence == "":
		r.Status, r.Detail = L7Timeout, fmt.Sprintf("no answer within %v", allowed(ctx, start))
	case timedOut(err):
		r.Status, r.Detail = L7Timeout, fmt.Sprintf("no whole answer within %v", allowed(ctx, start))
	}
	if evidence != "" {
		r.Detail = printable(r.Detail + ": " + evidence)
	}
	return r
}
