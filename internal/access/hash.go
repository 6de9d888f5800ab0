package access

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

var (
	// ErrHash says that a file holds no hash of a password that can be used.
	ErrHash = errors.New("no usable bcrypt hash")
	// ErrToken says that a file holds no token that can be used.
	ErrToken = errors.New("no usable token")
)

const (
	lowestCost    = 4
	highestCost   = 14 // a second's work
	shortestToken = 16
	writeHash     = "write what `htpasswd -nB -C 10 ops` prints"
	writeToken    = "write what `openssl rand -hex 32` prints"
)

// LoadHash finds the bcrypt hash in a password file: alone, or behind a name as htpasswd writes
// it. Its error says what to write instead and nothing of what is there, which may be a password.
func LoadHash(content []byte) ([]byte, error) {
	content = bytes.TrimSpace(content)
	if len(content) == 0 {
		return nil, fmt.Errorf("%w: the file is empty; %s", ErrHash, writeHash)
	}
	if bytes.ContainsAny(content, "\r\n") {
		return nil, fmt.Errorf("%w: a password file holds one line; give each user one of his own", ErrHash)
	}
	hash := content[bytes.LastIndexByte(content, ':')+1:]
	m := regexp.MustCompile(`^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$`).FindSubmatch(hash)
	if m == nil {
		return nil, fmt.Errorf("%w: neither $2a$, $2b$ nor $2y$ in its 60 characters; %s", ErrHash, writeHash)
	}
	if cost, _ := strconv.Atoi(string(m[1])); cost < lowestCost || cost > highestCost {
		return nil, fmt.Errorf("%w: its cost %d is not between %d and %d (each more takes twice the time); %s", ErrHash, cost, lowestCost, highestCost, writeHash)
	}
	return bytes.Clone(hash), nil
}

// LoadToken finds the token in a token file: one line of characters that a Bearer token may have
// (RFC 6750 2.1). Its error says what to write instead.
func LoadToken(content []byte) ([]byte, error) {
	content = bytes.TrimSpace(content)
	if !regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`).Match(content) {
		return nil, fmt.Errorf("%w: it is not one line of letters, digits and -._~+/; %s", ErrToken, writeToken)
	}
	if len(content) < shortestToken {
		return nil, fmt.Errorf("%w: it is shorter than %d characters; %s", ErrToken, shortestToken, writeToken)
	}
	return bytes.Clone(content), nil
}
