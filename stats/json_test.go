package stats_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"relais/internal/testkit/golden"
	"relais/stats"
	"relais/stats/statstest"
)

// figure is what a reader of HAProxy's JSON relies on.
type figure struct {
	ObjType     string
	ProxyID, ID int
	Field       struct {
		Pos  int
		Name string
	}
	ProcessNum int
	Tags       struct{ Origin, Nature, Scope string }
	Value      struct {
		Type  string
		Value any
	}
}

func TestJSONGolden(t *testing.T) {
	s := statstest.Sample()
	var indented bytes.Buffer
	if err := json.Indent(&indented, writeJSON(t, &s, stats.Filter{Scope: "api"}), "", " "); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "sample.json", indented.String())
}

// JSON holds exactly what CSV holds and leaves out what is empty there.
func TestJSONAgreesWithCSV(t *testing.T) {
	s := statstest.Sample()
	records := readCSV(t, writeCSV(t, &s, stats.Filter{}))
	rows := readJSON(t, writeJSON(t, &s, stats.Filter{}))
	if len(rows) != len(records)-1 {
		t.Fatalf("%d rows, want %d", len(rows), len(records)-1)
	}
	for i, row := range rows {
		filled := 0
		for _, text := range records[i+1][:119] {
			if text != "" {
				filled++
			}
		}
		for _, f := range row {
			if text := records[i+1][f.Field.Pos]; text == "" {
				filled++ // an empty text, such as the detail of a check that passed
			}
		}
		if len(row) != filled {
			t.Errorf("row %d has %d figures, CSV %d", i, len(row), filled)
		}
	}
}

func TestJSONOfNothingIsAnEmptyArray(t *testing.T) {
	s := statstest.Sample()
	if got := string(writeJSON(t, &s, stats.Filter{Scope: "no such proxy"})); got != "[]" {
		t.Errorf("got %s, want []", got)
	}
}

func BenchmarkJSON(b *testing.B) {
	s := statstest.Large(1000)
	b.ReportAllocs()
	for b.Loop() {
		if err := stats.WriteJSON(io.Discard, &s, stats.Filter{}); err != nil {
			b.Fatal(err)
		}
	}
}

func writeJSON(t *testing.T, s *stats.Snapshot, f stats.Filter) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := stats.WriteJSON(&b, s, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readJSON(t *testing.T, b []byte) (rows [][]figure) {
	t.Helper()
	if err := json.Unmarshal(b, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}
