package healthcheck

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// Probe makes one check. It returns soon after ctx ends, at the latest, and leaves no goroutine
// and no descriptor behind. A Probe may be called by several goroutines at once.
type Probe func(ctx context.Context) Result

// TCP returns a probe that passes when a server accepts a connection and, behind TLS, shakes
// hands.
func TCP(dial Dial) Probe {
	return func(ctx context.Context) Result {
		start := time.Now()
		conn, err := dial(ctx)
		if err != nil {
			return connectFailure(ctx, start, err)
		}
		r := Result{OK: true, Status: L4OK, Duration: time.Since(start)}
		switch c := conn.(type) {
		case *tls.Conn: // a reset would look like a failed handshake there
			r.Status = L6OK
		case *net.TCPConn:
			// As HAProxy: a reset leaves no TIME_WAIT behind, which would pile up on our side.
			_ = c.SetLinger(0)
		}
		conn.Close()
		return r
	}
}

// connectFailure says why there is no connection. A name that cannot be resolved is the server's
// failure: a container that is gone looks just like that.
func connectFailure(ctx context.Context, start time.Time, err error) Result {
	r := Result{Status: L4Connect, Detail: cause(err), Duration: time.Since(start)}
	handshake, isHandshake := errors.AsType[*HandshakeError](err)
	switch {
	case notTheServer(ctx, err):
		r.Status = SocketError
	case isHandshake && timedOut(err):
		r.Status, r.Detail = L6Timeout, fmt.Sprintf("no TLS handshake within %v", allowed(ctx, start))
	case isHandshake:
		r.Status, r.Detail = L6Response, printable(handshake.Error())
	case timedOut(err):
		r.Status, r.Detail = L4Timeout, fmt.Sprintf("no connection within %v", allowed(ctx, start))
	}
	return r
}

// notTheServer tells whether a check failed for our own reasons: it was called off, or we are
// short of descriptors, memory or local ports.
func notTheServer(ctx context.Context, err error) bool {
	return errors.Is(ctx.Err(), context.Canceled) || shortage(err)
}

func shortage(err error) bool {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL,
	} {
		// The resolver keeps nothing but the text of the errors below it.
		if errors.Is(err, errno) || isDNS && strings.HasSuffix(dns.Err, errno.Error()) {
			return true
		}
	}
	return false
}

func timedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// allowed is the time that the check had.
func allowed(ctx context.Context, start time.Time) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now()
	}
	return end.Sub(start).Round(time.Millisecond)
}

// cause is the innermost error in words that fit a log line: "connection refused" without the
// addresses that the line has anyway.
func cause(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return printable(fmt.Sprintf("lookup %s: %s", dns.Name, dns.Err))
	}
	return printable(err.Error())
}

// printable makes one short line of s, whatever a server may have put into it.
func printable(s string) string {
	const longest = 80
	runes := []rune(s)
	if len(runes) > longest {
		runes = append(runes[:longest-3], []rune("...")...)
	}
	for i, r := range runes {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			runes[i] = '?'
		}
	}
	return string(runes)
}
