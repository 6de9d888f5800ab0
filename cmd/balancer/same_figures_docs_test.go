package main_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

const figuresDoc = "../../docs/stats.md"

var updateFigures = flag.Bool("update", false, "write the tables of "+figuresDoc+" anew")

// TestFiguresDoc compares the tables of the page with those of the tests.
func TestFiguresDoc(t *testing.T) {
	text, err := os.ReadFile(figuresDoc)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for name, want := range map[string]string{
		string(figuresEqual): listOf(figuresEqual), string(figuresTimed): listOf(figuresTimed),
		string(figuresOther): listOf(figuresOther), string(figuresLater): listOf(figuresLater),
		"process": processTable(), "exporter": exporterTable(),
	} {
		before, rest, ok := strings.Cut(page, "<!-- begin: "+name+" -->\n")
		got, after, ended := strings.Cut(rest, "<!-- end -->\n")
		if !ok || !ended {
			t.Fatalf("%s has no place for %q", figuresDoc, name)
		}
		if *updateFigures {
			page = before + "<!-- begin: " + name + " -->\n" + want + "<!-- end -->\n" + after
		} else if got != want {
			t.Errorf("%s, %q (go test -update writes it anew):\n%s\nwant:\n%s", figuresDoc, name, got, want)
		}
	}
	farm := &figuresFarm{t: t}
	for _, lane := range farm.lanes() {
		if !strings.Contains(page, "\n| `"+lane.name+"` |") {
			t.Errorf("%s does not say what lane %s does", figuresDoc, lane.name)
		}
	}
	if *updateFigures {
		if err := os.WriteFile(figuresDoc, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// listOf has a row for each entry of a class that has something to say; the others are one list.
func listOf(class figuresClass) string {
	var plain []string
	var b strings.Builder
	for _, e := range figuresTable {
		switch {
		case e.class != class:
		case e.why == "":
			columns := coded(e.columns)
			if e.rows != "" {
				columns += " (" + coded(e.rows) + ")"
			}
			plain = append(plain, columns)
		default:
			fmt.Fprintf(&b, "| %s | %s | %s |\n", coded(e.columns), orAll(coded(e.rows)), e.why)
		}
	}
	if len(plain) > 0 {
		return strings.Join(plain, ",\n") + "\n"
	}
	return "| columns | rows | |\n|---|---|---|\n" + b.String()
}

func processTable() string {
	var b strings.Builder
	b.WriteString("| metrics | | |\n|---|---|---|\n")
	for _, e := range figuresProcess {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", coded(strings.ReplaceAll(e.columns, "haproxy_process_", "")), e.class, e.why)
	}
	return b.String()
}

// exporterTable has the names that the exporter does not share with HAProxy.
func exporterTable() string {
	var b strings.Builder
	b.WriteString("| exporter | HAProxy and Relais |\n|---|---|\n| `…_up` | `…_status{state=\"UP\"}` or `{state=\"DRAIN\"}` |\n")
	for _, rename := range exporterNames {
		fmt.Fprintf(&b, "| `…%s` | `…%s` |\n", rename[0], rename[1])
	}
	return b.String()
}

func coded(words string) string {
	if words == "" {
		return ""
	}
	return "`" + strings.Join(strings.Fields(words), "` `") + "`"
}

func orAll(rows string) string {
	if rows == "" {
		return "all"
	}
	return rows
}
