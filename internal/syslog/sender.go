package syslog

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	dialTimeout  = 2 * time.Second // for the name of the server
	redialAfter  = time.Second     // between two attempts on a server that is away
	writeTimeout = time.Second     // a local socket may be full
)

// ErrAway says that there is nobody to send to at the moment.
var ErrAway = errors.New("the syslog server is away")

// Sender sends each line of what it is given as one datagram, without its newline. It is the
// output of a queue: while the server is known to be away, Write fails and is to be called again
// with the rest. Only Lost may be called by others meanwhile.
type Sender struct {
	network, address string

	mu   sync.Mutex
	conn net.Conn  // nil: none
	next time.Time // when another one may be opened
	lost atomic.Uint64
}

// NewSender returns a sender to a server: network is udp or unixgram. Nothing is opened yet, and
// a name is resolved anew whenever the server was away.
func NewSender(network, address string) *Sender {
	return &Sender{network: network, address: address}
}

// Write sends lines. The number is that of the bytes of those that are done with: sent, or lost
// because they are longer than a datagram can be.
func (s *Sender) Write(lines []byte) (done int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return 0, err
	}
	for done < len(lines) {
		end := bytes.IndexByte(lines[done:], '\n')
		if end < 0 {
			end = len(lines) - done - 1 // never in whole lines
		}
		if err := s.send(lines[done : done+end]); err != nil {
			return done, err
		}
		done += end + 1
	}
	return done, nil
}

// Lost is how many messages are known to be lost, beside those that the queue has dropped. Of
// datagrams that vanish on the way nobody knows.
func (s *Sender) Lost() uint64 { return s.lost.Load() }

// Reopen has the next Write look for the server anew.
func (s *Sender) Reopen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangUp()
	s.next = time.Time{}
}

// Close closes the socket.
func (s *Sender) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangUp()
}

func (s *Sender) open() error {
	if s.conn != nil {
		return nil
	}
	if time.Now().Before(s.next) {
		return ErrAway
	}
	conn, err := net.DialTimeout(s.network, s.address, dialTimeout)
	if err != nil {
		s.next = time.Now().Add(redialAfter)
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	s.conn = conn
	return nil
}

// send sends one message. That a UDP port is closed is told by the message after the one that was
// lost.
func (s *Sender) send(message []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("send to syslog: %w", err)
	}
	_, err := s.conn.Write(message)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EMSGSIZE):
		s.lost.Add(1)
		return nil
	case errors.Is(err, syscall.ECONNREFUSED) && s.network == "udp":
		s.lost.Add(1)
	}
	s.hangUp()
	s.next = time.Now().Add(redialAfter)
	return fmt.Errorf("%w: %w", ErrAway, err)
}

func (s *Sender) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // datagrams are gone or lost
		s.conn = nil
	}
}
