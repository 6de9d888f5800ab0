package file

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relais/internal/testkit"
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
			if fault.Line < 1 || fault.File == "fuzz.yml" && fault.Line > lines || fault.Message == "" || strings.ContainsAny(fault.Message, "\n\r\x1b") {
				t.Errorf("%#v in a file of %d lines", fault, lines)
			}
		}
	})
}

// The same holds for an included file, whatever the main one holds.
func FuzzInclude(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*/*.yml")
	if err != nil || len(files) == 0 {
		f.Fatalf("found no included files: %v", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	dir := f.TempDir()
	main, included := filepath.Join(dir, "balancer.yml"), filepath.Join(dir, "a.yml")
	f.Fuzz(func(t *testing.T, data []byte) {
		testkit.WriteFile(t, included, data)
		cfg, err := Parse(main, []byte("include: a.yml\n"+minimalText), environment)
		faults, _ := errors.AsType[Faults](err)
		if (cfg == nil) != (err != nil) || (err != nil) != (len(faults) > 0) {
			t.Fatalf("Parse = %v, %#v; want a configuration or faults", cfg, err)
		}
		lines := map[string]int{main: 3, included: max(1, bytes.Count(data, []byte("\n"))+1)}
		for _, fault := range faults {
			if fault.Line < 1 || fault.Line > lines[fault.File] || fault.Message == "" || strings.ContainsAny(fault.Message, "\n\r\x1b") {
				t.Errorf("%#v in files of %v lines", fault, lines)
			}
		}
	})
}
