package stats_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"relais/internal/testkit/golden"
	"relais/stats"
	"relais/stats/statstest"
)

func TestTypedGolden(t *testing.T) {
	s := statstest.Sample()
	var b bytes.Buffer
	if err := stats.WriteTyped(&b, &s, stats.Filter{Scope: "app", HideDown: true}, false); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "sample.typed", b.String())
	b.Reset()
	if err := stats.WriteTyped(&b, &s, stats.Filter{Scope: "web"}, true); err != nil {
		t.Fatal(err)
	}
	if line, _, _ := strings.Cut(b.String(), "\n"); line != `F.2.0.0.pxname.1:KNS:str:web:"Name of the proxy"` {
		t.Errorf("first line with descriptions: %s", line)
	}
}

// What a server said stays on its line.
func TestTypedKeepsToLines(t *testing.T) {
	s := statstest.Sample()
	s.Proxies[2].Rows[0].Check.Detail = "a\nS.3.1.17.status.1:SGP:str:UP"
	var b bytes.Buffer
	if err := stats.WriteTyped(&b, &s, stats.Filter{}, false); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), ":str:a S.3.1.17.status") {
		t.Error("a line feed in a figure made two lines")
	}
}

func TestInfoGolden(t *testing.T) {
	for name, o := range map[string]stats.InfoOptions{
		"info":       {Released: "2026/11/22"},
		"info-desc":  {Desc: true},
		"info-typed": {Typed: true, Float: true},
		"info.json":  {JSON: true, Float: true, Desc: true},
	} {
		golden.Check(t, name, writeInfo(t, o))
	}
}

// The figures that hatop looks for, by the words it looks for.
func TestInfoHasWhatHatopReads(t *testing.T) {
	plain := "\n" + writeInfo(t, stats.InfoOptions{})
	for _, name := range []string{"Name", "Version", "Release_date", "Nbproc", "Process_num", "Pid", "Uptime",
		"Maxconn", "CurrConns", "Maxpipes", "PipesUsed", "Tasks", "Run_queue", "node"} {
		if !strings.Contains(plain, "\n"+name+": ") {
			t.Errorf("%s is not there", name)
		}
	}
}

func TestInfoJSONIsJSON(t *testing.T) {
	var fields []struct {
		Field struct{ Name string }
		Tags  struct{ Origin, Nature, Scope string }
		Value struct {
			Type  string
			Value any
		}
	}
	if err := json.Unmarshal([]byte(writeInfo(t, stats.InfoOptions{JSON: true})), &fields); err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if f.Field.Name == "" || f.Tags.Origin == "" || f.Tags.Nature == "" || f.Tags.Scope == "" || f.Value.Type == "" || f.Value.Value == nil {
			t.Errorf("%+v lacks something", f)
		}
	}
}

func writeInfo(t *testing.T, o stats.InfoOptions) string {
	t.Helper()
	s := statstest.Sample()
	var b bytes.Buffer
	if err := stats.WriteInfo(&b, &s, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
