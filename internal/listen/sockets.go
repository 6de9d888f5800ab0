package listen

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
)

// Sockets are the listening sockets that the process was given when it started. A bind uses the
// one that has its address, or else the one that listens where the bind would; of several, the
// first that is left. Until Own they belong to whoever gave them, and no file of a unix socket is
// touched. They are safe for concurrent use.
type Sockets struct {
	mu   sync.Mutex
	left []Socket
	used []*Listener
}

// NewSockets takes over the sockets and their descriptors.
func NewSockets(given ...Socket) *Sockets { return &Sockets{left: given} }

// Left returns the addresses of the sockets that no bind has used so far.
func (s *Sockets) Left() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var addresses []string
	for _, socket := range s.left {
		addresses = append(addresses, socket.Address)
	}
	return addresses
}

// Own makes the sockets the process's, after the giver has let go of them: listeners remove the
// files of their unix sockets when they are closed. Sockets that no bind has used are closed at
// once. What is lent goes on belonging to its lender.
func (s *Sockets) Own() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, l := range s.used {
		errs = append(errs, l.own())
	}
	for _, socket := range s.left {
		_ = socket.File.Close()
		if path, ok := strings.CutPrefix(socket.Address, "unix@"); ok && !socket.Lent {
			errs = append(errs, os.Remove(path))
		}
	}
	s.used, s.left = nil, nil
	return errors.Join(errs...)
}

// Close closes the sockets that no bind has used, and leaves their files to the giver.
func (s *Sockets) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, socket := range s.left {
		_ = socket.File.Close()
	}
	s.left = nil
}

// take returns the socket for an address; its File is nil if there is none, as with no Sockets.
func (s *Sockets) take(address string) Socket {
	if s == nil {
		return Socket{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.left, func(socket Socket) bool { return socket.Address == address })
	if i < 0 {
		i = slices.IndexFunc(s.left, func(socket Socket) bool { return socket.listensOn(address) })
	}
	if i < 0 {
		return Socket{}
	}
	socket := s.left[i]
	s.left = slices.Delete(s.left, i, i+1)
	return socket
}

func (s *Sockets) use(l *Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = append(s.used, l)
}
