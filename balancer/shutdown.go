package balancer

import (
	"errors"
	"sync"
)

// errShutdown is why a tunnel ends whose server has gone down.
var errShutdown = errors.New("the server went down")

// sessions is what runs on a server and is to end when that goes down (HAProxy's on-marked-down
// shutdown-sessions).
type sessions struct {
	mu      sync.Mutex // held while something is ended, so that nothing is ended after its removal
	running map[*running]struct{}
}

// running is an answer or a tunnel under way.
type running struct {
	end   func() // quick, from any goroutine
	ended bool   // under sessions.mu
}

// enlist has something ended when the server goes down, or at once if it has just gone. nil:
// nobody wants that.
func (x *stream) enlist(end func()) *running {
	if !x.backend.shutdownSessions {
		return nil
	}
	r, s := &running{end: end}, &x.server.sessions
	s.mu.Lock()
	if s.running == nil {
		s.running = map[*running]struct{}{}
	}
	s.running[r] = struct{}{}
	s.mu.Unlock()
	if x.server.isDown() {
		s.shutdown()
	}
	return r
}

// delist takes something out that has come to its end, and returns why: f, unless it was ended
// because the server went down.
func (x *stream) delist(r *running, f failure) failure {
	if r == nil {
		return f
	}
	s := &x.server.sessions
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, r)
	if r.ended && f != failNone {
		return failShutdown
	}
	return f
}

// shutdown ends everything.
func (s *sessions) shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range s.running {
		if !r.ended {
			r.ended = true
			r.end()
		}
	}
}
