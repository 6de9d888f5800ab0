package config

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Fingerprint is short for everything that c has been read from: its sources, the variables that
// they name, and the files that it names, as they were when it was validated. The folder in which
// they are does not count.
func (c *Config) Fingerprint() string {
	d := &digest{sha256.New()}
	for i, s := range c.Sources {
		if i > 0 { // how the main file is called means nothing
			d.add([]byte(c.within(s.Name)))
		}
		d.add(s.Data)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Variables)) {
		d.add([]byte(name))
		d.add([]byte(c.Variables[name]))
	}
	for _, path := range c.Paths() {
		if data, err := path.read("a file", maxPEM); err == nil { // which it is, in a valid configuration
			d.add(data)
		}
	}
	return hex.EncodeToString(d.Sum(nil))[:16]
}

// within is the name of a source in the folder of the first; elsewhere its last element.
func (c *Config) within(name string) string {
	relative, err := filepath.Rel(filepath.Dir(c.Sources[0].Name), name)
	if err != nil || strings.HasPrefix(relative, "..") {
		return filepath.Base(name)
	}
	return relative
}

// digest is a fingerprint in the making.
type digest struct{ hash.Hash }

// add adds a text so that no other texts together are the same.
func (d *digest) add(text []byte) {
	d.Write(binary.AppendUvarint(nil, uint64(len(text))))
	d.Write(text)
}
