package balancer

import (
	"errors"
	"net"
	"syscall"

	"relais/balancer/dial"
)

// cause is what a failure is counted under: its words, or those of what the system or TLS said of
// it, but nothing that a server could make up, for the number of causes must be small.
func cause(f failure, err error) string {
	var errno syscall.Errno
	var handshake *dial.HandshakeError
	var name *net.DNSError
	switch {
	case (f == failConnect || f == failConnectTimeout) && errors.As(err, &handshake):
		return "the TLS handshake failed"
	case f == failConnect && errors.As(err, &name):
		return "its name has no address"
	case f == failConnect && errors.As(err, &errno):
		return errno.Error()
	case f == failEmpty && isReset(err):
		return "the server reset the connection before it answered"
	case f == failCut && isReset(err):
		return "the server reset the connection in the middle of its answer"
	}
	return verdicts[f].words
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// countCause counts a failure under its cause: with its server, or with the backend if no server
// had a part in it. What clients do is no failure.
func (x *stream) countCause(f failure, err error) {
	switch {
	case f.byServer() || f == failDown || f == failShutdown:
		x.server.Counters.Failures.Inc(cause(f, err))
	case f.withoutServer() || f == failShortage:
		x.backend.Counters.Failures.Inc(cause(f, err))
	}
}
