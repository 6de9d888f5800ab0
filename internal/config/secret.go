package config

import (
	"bytes"
	"fmt"
)

const maxSecret Bytes = 4 << 10

// LoadSecret reads a password or a key: the whole file, without the line end that editors put
// behind it. Its error says what to write instead.
func (p Path) LoadSecret() ([]byte, error) {
	data, err := p.read("a file with a secret", maxSecret)
	if err != nil {
		return nil, err
	}
	secret := bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	if len(secret) == 0 {
		return nil, fmt.Errorf("%q is empty; write the secret into it", p)
	}
	return secret, nil
}
