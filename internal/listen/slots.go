package listen

import "sync"

// Slots bounds how many client connections are open at once, over all listeners that share it.
// It is safe for concurrent use; nil has no bound.
type Slots struct {
	mu    sync.Mutex
	limit int // 0: none
	used  int
	freed chan struct{} // closed when there may be a free slot; nil: nobody waits
}

// NewSlots returns n free slots; 0: any number.
func NewSlots(n int) *Slots { return &Slots{limit: n} }

// SetLimit changes how many slots there are. Those in use stay so, even if they are more.
func (s *Slots) SetLimit(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = n
	s.tell()
}

// acquire waits for a free slot and takes it. Who still waits when closed is closed gets one
// beyond the limit: he is the last of his listener, and nobody else can serve him.
func (s *Slots) acquire(closed <-chan struct{}) {
	if s == nil {
		return
	}
	for {
		freed := s.tryAcquire()
		if freed == nil {
			return
		}
		select {
		case <-freed:
		case <-closed:
			s.mu.Lock()
			defer s.mu.Unlock()
			s.used++
			return
		}
	}
}

// tryAcquire takes a slot; if there is none, it returns what to wait for before the next try.
func (s *Slots) tryAcquire() (freed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit == 0 || s.used < s.limit {
		s.used++
		return nil
	}
	if s.freed == nil {
		s.freed = make(chan struct{})
	}
	return s.freed
}

func (s *Slots) release() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used--
	s.tell()
}

func (s *Slots) tell() {
	if s.freed != nil {
		close(s.freed)
		s.freed = nil
	}
}
