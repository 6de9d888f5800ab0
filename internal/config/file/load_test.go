package file

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// environment is what the variables of testdata hold.
func environment(name string) (string, bool) {
	value, set := map[string]string{
		"EMPTY":     "",
		"WORD":      "word",
		"PORT":      "5001",
		"WEIGHT":    "7",
		"CHECK":     "/ready",
		"STRUCTURE": "web, weight: 3}",
		"DOLLAR":    "${WORD}",
		"OFF":       "true",
		"TIMEOUT":   "9s",
	}[name]
	return value, set
}

func TestInvalid(t *testing.T) {
	files, err := filepath.Glob("testdata/invalid/*.yml")
	if err != nil || len(files) < 35 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := Parse(filepath.Base(path), data, environment)
			if faults, ok := errors.AsType[Faults](err); !ok || len(faults) == 0 || cfg != nil {
				t.Fatalf("Parse = %v, %v; want faults only", cfg, err)
			}
			golden(t, strings.TrimSuffix(path, ".yml")+".txt", err.Error()+"\n")
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

const minimalText = `frontends: [{name: web, bind: ":8080", default_backend: app}]
backends: [{name: app, servers: [{name: web1, address: "127.0.0.1:5001"}]}]
`

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "balancer.yml")
	_, err := Load(missing, environment)
	want := missing + ": open " + missing + ": no such file or directory; create it, or name another file with --config"
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
		t.Errorf("missing file: %v\nwant %s", err, want)
	}
	_, err = Load(dir, environment)
	if want := dir + ": read " + dir + ": is a directory; name a readable file with --config"; err == nil || err.Error() != want {
		t.Errorf("directory: %v\nwant %s", err, want)
	}
}

func TestFaultsNameTheFileAsGiven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my.yml")
	if err := os.WriteFile(path, []byte("version: 2\n"+minimalText), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path, environment)
	faults, ok := errors.AsType[Faults](err)
	if !ok || len(faults) != 1 || faults[0] != (Fault{File: path, Line: 1, Message: "version: 2 is not known; write 1"}) {
		t.Errorf("Load = %v", err)
	}
}

// The parser counts from 0 for some faults, and gives no line for others.
func TestSyntaxLines(t *testing.T) {
	for _, test := range []struct {
		text string
		line int
	}{
		{"a: b: c\n", 1},
		{"a: ]\n", 1},
		{"a: 1\nb: ]\n", 2},
		{"# one\n\na: 1\nb: [1, 2\nc: 3\n", 4},
		{"a: 1\n b: 2\n", 2},
		{"# one\na:\n  b: 1\n  c: 2\n   d: 3\n", 5},
		{"# one\na:\n  - 1\n  b: 2\n", 4},
		{"# one\na:\n    b: 1\n  c: 2\n", 4},
		{"a: 1\nb: 2\n- c\n", 3},
		{"a: *b\n", 1},
		{"a: 1\n\nb: *c\n", 3},
		{"a: 1\nb: \x02\n", 2},
		{"a: 1\nb: \xff\n", 2},
		{"\xff", 1},
		{"a: 1\nb: 'c\n", 2},
		{"a: 1\nb: \"\\q\"\n", 2},
		{"a: 1\nb: @c\n", 2},
		{"a: 1\nb:\n\tc: 1\n", 3},
		{"%YAML 3.0\n---\na: 1\n", 1},
		{"a: 1\nb: !x!y c\n", 2},
		{"---\na: 1\n---\nb: 2\n", 3},
	} {
		_, err := Parse("f.yml", []byte(test.text), environment)
		faults, ok := errors.AsType[Faults](err)
		if !ok || len(faults) != 1 || faults[0].Line != test.line {
			t.Errorf("%q: got %v, want one fault in line %d", test.text, err, test.line)
		}
	}
}
