package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A module with every way to end, given to the real go command.
var outcomes = map[string]string{
	"go.mod":       "module outcomes\n\ngo 1.26.0\n",
	"none/none.go": "package none\n",
	"good/good_test.go": `package good
import "testing"
func TestA(t *testing.T) { t.Log("quiet") }
func TestB(t *testing.T) {
	t.Run("one", func(t *testing.T) {})
	t.Run("two/three", func(t *testing.T) {})
}
func FuzzC(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) {})
}
`,
	"skip/skip_test.go": `package skip
import "testing"
func TestS(t *testing.T) { t.Skip("no haproxy here") }
func TestT(t *testing.T) {}
`,
	"bad/bad_test.go": `package bad
import "testing"
func TestA(t *testing.T) {}
func TestB(t *testing.T) {
	t.Log("of the parent")
	t.Run("one", func(t *testing.T) {})
	t.Run("two/three", func(t *testing.T) { t.Error("the \"cause\"\tof it") })
}
`,
	"panics/panics_test.go": `package panics
import "testing"
func TestP(t *testing.T) { t.Run("sub", func(t *testing.T) { panic("at the disco") }) }
func TestNever(t *testing.T) {}
`,
	"exits/exits_test.go": `package exits
import ("fmt"; "os"; "testing")
func TestMain(m *testing.M) { m.Run(); fmt.Println("cannot clean up"); os.Exit(3) }
func TestFine(t *testing.T) {}
`,
	"broken/broken_test.go": `package broken
import "testing"
func TestX(t *testing.T) { undefined() }
`,
}

func TestReportOfTheGoCommand(t *testing.T) {
	tests := []struct {
		name        string
		packages    []string
		skipIsFault bool
		ok          bool
		last        string
		has         []string // patterns, each a whole line
		hasNot      string
	}{
		{
			"good",
			[]string{"./good", "./none"},
			true, true, "4 passed, 0 failed, 0 skipped",
			[]string{`ok    outcomes/good  [0-9.]+s`, `-     outcomes/none  no tests`},
			"quiet",
		},
		{
			"skip",
			[]string{"./skip"},
			false, true, "1 passed, 0 failed, 1 skipped",
			[]string{`  outcomes/skip TestS: skip_test.go:3: no haproxy here`},
			"fault",
		},
		{
			"skip in CI",
			[]string{"./skip"},
			true, false, "1 passed, 0 failed, 1 skipped",
			[]string{`  outcomes/skip TestS: .*no haproxy here`, `With CI=true a skipped test is a fault\.`},
			"FAIL",
		},
		{
			"bad",
			[]string{"./bad", "./good"},
			false, false, "6 passed, 1 failed, 0 skipped",
			[]string{
				`--- FAIL: outcomes/bad TestB/two/three  [0-9.]+s`, `.*the "cause"\tof it`, `.*of the parent`,
				`FAIL\toutcomes/bad\t[0-9.]+s`, `  outcomes/bad TestB/two/three`, `ok    outcomes/good .*`,
			},
			"quiet",
		},
		{
			"panic",
			[]string{"./panics"},
			false, false, "0 passed, 1 failed, 0 skipped",
			[]string{`panic: at the disco.*`, `  outcomes/panics TestP/sub`},
			"TestNever",
		},
		{
			"exit",
			[]string{"./exits"},
			false, false, "1 passed, 1 failed, 0 skipped",
			[]string{`cannot clean up`, `  outcomes/exits`},
			"TestFine",
		},
		{
			"does not build",
			[]string{"./broken", "./good"},
			false, false, "4 passed, 1 failed, 0 skipped",
			[]string{`broken/broken_test\.go:3:28: undefined: undefined`, `  outcomes/broken`},
			"quiet",
		},
		{
			"nothing",
			[]string{"./none"},
			false, false, "0 passed, 0 failed, 0 skipped",
			[]string{`No test was run: .*`},
			"FAIL",
		},
	}
	module := writeModule(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out, nil)
			r.read(bytes.NewReader(goTest(t, module, test.packages)))
			if ok := r.finish(test.skipIsFault); ok != test.ok {
				t.Errorf("all is well: %v, want %v", ok, test.ok)
			}
			got := out.String()
			if !strings.HasSuffix(got, "\n"+test.last+"\n") {
				t.Errorf("want %q in the end", test.last)
			}
			for _, pattern := range test.has {
				if !regexp.MustCompile(`(?m)^` + pattern + `$`).MatchString(got) {
					t.Errorf("want a line %q", pattern)
				}
			}
			if strings.Contains(got, test.hasNot) {
				t.Errorf("want no word of %q", test.hasNot)
			}
			if t.Failed() {
				t.Log(got)
			}
		})
	}
}

func TestReportOfAnInterruptedRun(t *testing.T) {
	const in = `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestSlow"}
{"Action":"output","Package":"a","Test":"TestSlow","Output":"waiting for a train\n"}
{"Action":"run","Package":"a","Test":"TestQuick"}
{"Action":"pass","Package":"a","Test":"TestQuick"}
signal: terminated
`
	const want = `signal: terminated
--- FAIL: a TestSlow  did not end
waiting for a train

FAILED:
  gofmt
  a TestSlow

1 passed, 2 failed, 0 skipped
`
	var out strings.Builder
	r := newReport(&out, []string{"gofmt"})
	r.read(strings.NewReader(in))
	if r.finish(false) || out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func writeModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range outcomes {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func goTest(t *testing.T, dir string, packages []string) []byte {
	t.Helper()
	cmd := exec.Command("go", append([]string{"test", "-json", "-vet=off"}, packages...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("go test: %v", err)
	}
	return out
}
