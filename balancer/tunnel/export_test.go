package tunnel

// NoPipes makes a supply that has none, as if the descriptors had run out.
func NoPipes() *Supply { return &Supply{open: maxPipes} }

// Pipes returns how many pipes are empty, and how many there are.
func (s *Supply) Pipes() (idle, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.idle), s.open
}
