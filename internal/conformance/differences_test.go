package conformance

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	docsPath  = "../../docs/http.md"
	tableFrom = "<!-- differences: written by go test ./internal/conformance -run Conformance -update -->\n"
	tableTo   = "<!-- end of differences -->\n"
)

// checkDifferences demands a reason for every case in which Relais and HAProxy differ, none for the
// others, and that the documented table says so.
func checkDifferences(t *testing.T, rows []row, relais map[string]outcome) {
	golden := readGolden(t)
	for _, r := range rows {
		ours, theirs := relais[r.id()], golden[r.id()]
		differs := ours.String() != theirs.String()
		switch {
		case differs && r.reason == "":
			t.Errorf("%s: no reason for a difference; Relais:\n%sHAProxy:\n%s", r.id(), ours, theirs)
		case !differs && r.reason != "":
			t.Errorf("%s: the same from both, but for the reason that %s", r.id(), r.reason)
		}
	}
	docs, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(docs), tableFrom)
	_, after, ends := strings.Cut(rest, tableTo)
	if !ok || !ends {
		t.Fatalf("%s has no place for the table", docsPath)
	}
	want := before + tableFrom + differences(rows, relais, golden) + tableTo + after
	if want == string(docs) {
		return
	}
	if !*update {
		t.Fatalf("the table in %s is not up to date; run this test with -update", docsPath)
	}
	if err := os.WriteFile(docsPath, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// differences is the table in Markdown, theme by theme.
func differences(rows []row, relais, golden map[string]outcome) string {
	var b strings.Builder
	last := ""
	for _, r := range rows {
		if r.reason == "" {
			continue
		}
		if r.theme != last {
			last = r.theme
			fmt.Fprintf(&b, "\n### %s\n\n| case | Relais | HAProxy 3.0 | why | where |\n|---|---|---|---|---|\n", strings.ToUpper(last[:1])+last[1:])
		}
		ours, theirs := contrast(relais[r.id()], golden[r.id()])
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", cell(r.name), cell(ours), cell(theirs), cell(r.reason), cell(r.rfc))
	}
	return b.String() + "\n"
}

// contrast says two outcomes in brief, and where that is the same, what differs in the messages.
func contrast(a, b outcome) (string, string) {
	if a.brief() != b.brief() {
		return a.brief(), b.brief()
	}
	return only(a, b), only(b, a)
}

// only lists the parts of messages that a has and b has not.
func only(a, b outcome) string {
	var out []string
	for _, side := range []struct {
		name   string
		ours   []string
		theirs []string
	}{{"server gets ", a.server, b.server}, {"client gets ", a.client, b.client}} {
		for i, line := range side.ours {
			if i >= len(side.theirs) || line == side.theirs[i] {
				continue
			}
			other := " | " + side.theirs[i] + " | "
			for part := range strings.SplitSeq(line, " | ") {
				if !strings.Contains(other, " | "+part+" | ") {
					out = append(out, side.name+"`"+part+"`")
				}
			}
		}
	}
	if len(out) == 0 {
		return "no such field"
	}
	return strings.Join(out, ", ")
}

// cell escapes what would end a cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
