package config

// LoadBody reads the body of a fixed answer. Its error says what to write instead.
func (p Path) LoadBody() ([]byte, error) {
	return p.read("a file with the body of an answer", maxAnswer)
}
