package file

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the file holds: no panic, and either a configuration or faults that an admin can find.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/valid/*.yml", "testdata/invalid/*.yml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range files {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := Parse("fuzz.yml", data, environment)
		if err == nil {
			if cfg == nil {
				t.Fatal("neither a configuration nor faults")
			}
			return
		}
		faults, ok := errors.AsType[Faults](err)
		if !ok || len(faults) == 0 || cfg != nil {
			t.Fatalf("Parse = %v, %#v; want faults only", cfg, err)
		}
		lines := max(1, bytes.Count(data, []byte("\n"))+1)
		for _, fault := range faults {
			if fault.Line < 1 || fault.Line > lines || fault.Message == "" || strings.ContainsAny(fault.Message, "\n\r\x1b") {
				t.Errorf("%#v in a file of %d lines", fault, lines)
			}
		}
	})
}
