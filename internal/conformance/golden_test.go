package conformance

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/haproxy-3.0.txt and the table of docs/http.md anew")

const goldenPath = "testdata/haproxy-3.0.txt"

// checkGolden compares what HAProxy 3.0 did with what is recorded.
func checkGolden(t *testing.T, rows []row, outcomes map[string]outcome) {
	if *update {
		var b strings.Builder
		b.WriteString("# What HAProxy 3.0 makes of each case. Written by: go test ./internal/conformance -run Conformance -update\n")
		for _, r := range rows {
			b.WriteString("\n[" + r.id() + "]\n" + outcomes[r.id()].String())
		}
		if err := os.WriteFile(goldenPath, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden := readGolden(t)
	for _, r := range rows {
		want, ok := golden[r.id()]
		if got := outcomes[r.id()]; !ok || got.String() != want.String() {
			t.Errorf("%s: HAProxy did\n%swhat is recorded is\n%s", r.id(), got, want)
		}
	}
	if len(golden) != len(rows) {
		t.Errorf("%d outcomes are recorded for %d cases", len(golden), len(rows))
	}
}

// readGolden reads the recorded outcomes by case.
func readGolden(t *testing.T) map[string]outcome {
	t.Helper()
	text, err := os.ReadFile(goldenPath)
	if err != nil {
		t.Fatal(err)
	}
	golden := map[string]outcome{}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		name, rest, ok := strings.Cut(strings.TrimPrefix(block, "["), "]\n")
		if !ok {
			continue
		}
		var o outcome
		for line := range strings.SplitSeq(rest, "\n") {
			kind, value, _ := strings.Cut(line, ": ")
			switch kind {
			case "server":
				o.server = append(o.server, value)
			case "client":
				o.client = append(o.client, value)
			case "end":
				o.end = value
			}
		}
		golden[name] = o
	}
	return golden
}
