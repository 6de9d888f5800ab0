package config

import (
	"bytes"
	"fmt"
)

// Sizes of the key that signs cookies, in bytes.
const (
	leastKey = 16
	mostKey  = 4 << 10
)

// LoadKey reads the key that signs the cookie; the end of its last line does not belong to it. It
// returns nil when KeyFile names none. Its error says what to write instead.
func (c *Cookie) LoadKey() ([]byte, error) {
	if c.KeyFile == "" {
		return nil, nil
	}
	data, err := c.KeyFile.read("a file with a key", mostKey)
	if err != nil {
		return nil, err
	}
	key := bytes.TrimRight(data, "\r\n")
	if len(key) < leastKey {
		return nil, fmt.Errorf("%q has a key of %d bytes; write one of at least %d, such as openssl rand -hex 32 makes", c.KeyFile, len(key), leastKey)
	}
	return key, nil
}
