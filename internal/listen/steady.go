package listen

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// steady is the connection below TLS. A write that has timed out leaves TLS broken even if the
// client has taken some of it, so here one goes on as long as the client takes something.
type steady struct {
	stream
	stall   time.Duration // without the client taking anything; 0: for ever
	at      time.Time     // the write deadline that is set
	closing atomic.Bool

	stranger string // the name that the client asked for and nobody has a certificate for
}

// Write writes all of p, unless the client takes nothing for the whole stall time. Its deadline
// is moved as seldom as possible: it may fire early and is armed anew then.
func (s *steady) Write(p []byte) (int, error) {
	if s.closing.Load() {
		return s.tryWrite(p)
	}
	if s.stall == 0 {
		return s.stream.Write(p)
	}
	sent, now := 0, time.Now()
	need := now.Add(s.stall)
	for {
		if !s.at.After(now) || s.at.After(need) {
			s.at = need
			if err := s.stream.SetWriteDeadline(need); err != nil {
				return sent, err
			}
		}
		n, err := s.stream.Write(p[sent:])
		sent += n
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return sent, err
		}
		if now = time.Now(); n > 0 {
			need = now.Add(s.stall)
		}
		if !now.Before(need) {
			return sent, err
		}
	}
}

// patience sets stall. For ever begins now, whatever deadline is set.
func (s *steady) patience(limit time.Duration) {
	s.stall = limit
	if limit == 0 && !s.at.IsZero() {
		s.at = time.Time{}
		_ = s.stream.SetWriteDeadline(s.at)
	}
}

// SetWriteDeadline is what crypto/tls calls before it says that the connection ends, and never
// else. That is worth one try, but no wait for a client that does not read.
func (s *steady) SetWriteDeadline(time.Time) error {
	s.closing.Store(true)
	return nil
}

func (s *steady) tryWrite(p []byte) (n int, err error) {
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	if err := s.stream.SetWriteDeadline(time.Time{}); err != nil {
		return 0, err
	}
	wrote := raw.Write(func(fd uintptr) bool {
		n, err = syscall.Write(int(fd), p)
		return true
	})
	return max(n, 0), errors.Join(err, wrote)
}
