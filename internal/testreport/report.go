package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output and build-fail
	Test       string
	Elapsed    float64
	Output     string
}

// test names a test, a subtest (TestA/b), or with an empty name what belongs to the package.
type test struct{ pkg, name string }

func (t test) String() string { return strings.TrimSpace(t.pkg + " " + t.name) }

func (t test) parent() test {
	return test{t.pkg, t.name[:max(0, strings.LastIndexByte(t.name, '/'))]}
}

// report counts test cases: a test with subtests stands for its subtests.
type report struct {
	out     io.Writer
	passed  int
	failed  []string
	skipped []string
	outputs map[test][]string // of what has not ended, and of packages
	split   map[test]bool     // tests with subtests; true: one of them failed
	tested  map[string]bool   // packages with tests
	builds  map[string]string // output of builds, by import path
}

func newReport(out io.Writer, failed []string) *report {
	return &report{
		out:     out,
		failed:  failed,
		outputs: map[test][]string{},
		split:   map[test]bool{},
		tested:  map[string]bool{},
		builds:  map[string]string{},
	}
}

// read reports events as they come. A line that is none is shown as it is.
func (r *report) read(in io.Reader) {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		switch {
		case len(line) > 0 && json.Unmarshal(line, &e) == nil:
			r.event(e)
		case len(line) > 0:
			fmt.Fprintf(r.out, "%s\n", strings.TrimSuffix(string(line), "\n"))
		}
		if err != nil {
			return
		}
	}
}

// finish names the faults, writes the line of figures, and tells whether all is well.
func (r *report) finish(skipIsFault bool) bool {
	for _, t := range r.running("") { // go test itself was killed
		r.endPackage(t, event{Action: "fail"})
	}
	r.list("skipped", r.skipped)
	if skipIsFault && len(r.skipped) > 0 {
		fmt.Fprintln(r.out, "With CI=true a skipped test is a fault.")
	}
	r.list("FAILED", r.failed)
	if r.passed == 0 && len(r.failed) == 0 {
		fmt.Fprintln(r.out, "No test was run: that is a fault, too.")
	}
	fmt.Fprintf(r.out, "\n%d passed, %d failed, %d skipped\n", r.passed, len(r.failed), len(r.skipped))
	return r.passed > 0 && len(r.failed) == 0 && (!skipIsFault || len(r.skipped) == 0)
}

func (r *report) event(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		r.builds[e.ImportPath] += e.Output
	case "build-fail":
		fmt.Fprintf(r.out, "FAIL  %s  does not build\n%s", e.ImportPath, r.builds[e.ImportPath])
	case "start":
		r.outputs[t] = nil
	case "run":
		r.outputs[t] = nil
		r.begin(t)
	case "output":
		r.outputs[t] = append(r.outputs[t], e.Output)
	case "pass", "fail", "skip":
		r.end(t, e)
	}
}

// begin notes that the tests around t are not cases themselves.
func (r *report) begin(t test) {
	for p := t.parent(); p.name != ""; p = p.parent() {
		if _, known := r.split[p]; !known {
			r.split[p] = false
		}
	}
}

func (r *report) end(t test, e event) {
	if t.name == "" {
		r.endPackage(t, e)
		return
	}
	childFailed, hasChildren := r.split[t]
	switch {
	case e.Action == "fail" && !childFailed:
		r.fail(t, fmt.Sprintf("%.2fs", e.Elapsed))
	case e.Action == "skip" && !hasChildren:
		r.skipped = append(r.skipped, t.String()+reason(r.outputs[t]))
	case e.Action == "pass" && !hasChildren:
		r.passed++
	case e.Action == "fail":
		r.show(t) // what the test says beside its subtests
	}
	for p := t.parent(); e.Action == "fail" && p.name != ""; p = p.parent() {
		r.split[p] = true
	}
	r.tested[t.pkg] = true
	delete(r.outputs, t)
}

// endPackage reports a package. When one fails without a failed test, by a panic, an exit or the
// time limit, the tests that have not ended are to blame, and without those the package itself.
func (r *report) endPackage(t test, e event) {
	for _, test := range r.running(t.pkg) {
		r.fail(test, "did not end")
	}
	failed := slices.ContainsFunc(r.failed, func(name string) bool { return strings.HasPrefix(name, t.pkg+" ") })
	switch {
	case e.Action == "fail" && !failed:
		r.fail(t, "")
	case e.Action == "fail":
		r.show(t)
	case r.tested[t.pkg]:
		fmt.Fprintf(r.out, "ok    %s  %.1fs\n", t.pkg, e.Elapsed)
	default:
		fmt.Fprintf(r.out, "-     %s  no tests\n", t.pkg)
	}
	maps.DeleteFunc(r.outputs, func(other test, _ []string) bool { return other.pkg == t.pkg })
}

// running returns the cases of a package that have begun and not ended, in the order of their
// names; for the package "", the packages themselves.
func (r *report) running(pkg string) (tests []test) {
	for t := range r.outputs {
		_, hasChildren := r.split[t]
		if t.pkg == pkg && t.name != "" && !hasChildren || pkg == "" && t.name == "" {
			tests = append(tests, t)
		}
	}
	slices.SortFunc(tests, func(a, b test) int { return strings.Compare(a.String(), b.String()) })
	return tests
}

func (r *report) fail(t test, how string) {
	fmt.Fprintln(r.out, strings.TrimSpace(fmt.Sprintf("--- FAIL: %s  %s", t, how)))
	r.show(t)
	r.failed = append(r.failed, t.String())
}

// show prints the output of a test without the lines that only say that it runs.
func (r *report) show(t test) {
	for _, line := range r.outputs[t] {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(r.out, line)
		}
	}
}

func (r *report) list(title string, names []string) {
	if len(names) == 0 {
		return
	}
	fmt.Fprintf(r.out, "\n%s:\n", title)
	for _, name := range names {
		fmt.Fprintf(r.out, "  %s\n", name)
	}
}

// reason returns what a skipped test said last.
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "===") {
			return ": " + text
		}
	}
	return ""
}
