package operate

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

const keyLength = 32 // bytes

// CookieKey returns the key that signs stickiness cookies, 32 bytes of a file beside the state
// file, as hexadecimal text. It makes the file when there is none. An error beside a key says that
// the file was damaged and is kept aside, so that the key is a new one and the cookies given out
// before are not known any more. An error alone says that there is no key that would last.
func CookieKey(stateFile string) ([]byte, error) {
	if stateFile == "" {
		return nil, errors.New("read cookie key: there is no state_file to keep it beside")
	}
	path := stateFile + ".cookie-key"
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeCookieKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read cookie key %s: %w; let the balancer read it, or move it away", path, cause(err))
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(data)))
	if err == nil && len(key) == keyLength {
		return key, nil
	}
	aside, err := setAside(path, data, time.Now())
	if err != nil {
		return nil, fmt.Errorf("keep damaged cookie key %s aside: %w; move it away", path, cause(err))
	}
	if key, err = makeCookieKey(path); err != nil {
		return nil, err
	}
	return key, fmt.Errorf("read cookie key %s: it does not hold %d bytes in hexadecimal; it is kept as %s, and a new key is used: visitors get a new cookie", path, keyLength, aside)
}

func makeCookieKey(path string) ([]byte, error) {
	key := make([]byte, keyLength)
	rand.Read(key) // never fails
	if err := replace(path, []byte(hex.EncodeToString(key)+"\n")); err != nil {
		return nil, fmt.Errorf("make cookie key %s: %w; %s", path, cause(err), advice(err))
	}
	return key, nil
}
