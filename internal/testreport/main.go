// Command testreport turns the output of `go test -json` on its standard input into one line per
// package, everything about what failed, and a last line that counts the test cases. It exits
// with 1 when anything failed, or when nothing was tested.
//
// Its arguments name checks that have failed before, such as "gofmt"; each counts as a failed
// case. With CI=true in the environment a skipped test is a fault.
package main

import "os"

func main() {
	r := newReport(os.Stdout, os.Args[1:])
	r.read(os.Stdin)
	if !r.finish(os.Getenv("CI") == "true") {
		os.Exit(1)
	}
}
