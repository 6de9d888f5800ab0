package operate

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCookieKey(t *testing.T) {
	state := statePath(t)
	path := state + ".cookie-key"
	key, err := CookieKey(state)
	if err != nil || len(key) != 32 || bytes.Equal(key, make([]byte, 32)) {
		t.Fatalf("got %x, %v", key, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, %v, want 0600", info.Mode(), err)
	}
	if again, err := CookieKey(state); err != nil || !bytes.Equal(again, key) {
		t.Errorf("read again it is %x, %v, want %x", again, err, key)
	}
	if other, err := CookieKey(statePath(t)); err != nil || bytes.Equal(other, key) {
		t.Errorf("another balancer has the same key, or %v", err)
	}
}

func TestADamagedCookieKeyIsReplaced(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "short": strings.Repeat("ab", 31), "long": strings.Repeat("ab", 33), "no digits": strings.Repeat("xy", 32),
	} {
		t.Run(name, func(t *testing.T) {
			state := statePath(t)
			path := state + ".cookie-key"
			writeFile(t, path, text)
			key, err := CookieKey(state)
			held := asides(t, path)
			if len(key) != 32 || err == nil || len(held) != 1 {
				t.Fatalf("got %x, %v, set aside %q", key, err, held)
			}
			for aside, data := range held {
				if data != text || !strings.Contains(err.Error(), "it is kept as "+aside) {
					t.Errorf("%s holds %q, and the error is %v", aside, data, err)
				}
			}
			if again, err := CookieKey(state); err != nil || !bytes.Equal(again, key) {
				t.Errorf("read again it is %x, %v, want %x", again, err, key)
			}
		})
	}
}

func TestNoCookieKey(t *testing.T) {
	folder := t.TempDir()
	check(t, os.Mkdir(filepath.Join(folder, "directory.cookie-key"), 0o700))
	for state, want := range map[string]string{
		"":                                  "there is no state_file to keep it beside",
		filepath.Join(folder, "no", "file"): "no such file or directory; make its folder",
		filepath.Join(folder, "directory"):  "it is no regular file; let the balancer read it, or move it away",
	} {
		if key, err := CookieKey(state); key != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %x, %v, want %s", state, key, err, want)
		}
	}
}
