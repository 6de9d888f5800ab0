package plan_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/config/file"
	"relais/internal/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// noEnv has no variables.
func noEnv(string) (string, bool) { return "", false }

func load(t testing.TB, path string) *config.Config {
	t.Helper()
	cfg, err := file.Load(path, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// parse reads a configuration whose files are in testdata/large.
func parse(t testing.TB, text string) *config.Config {
	t.Helper()
	cfg, err := file.Parse(filepath.Join("testdata", "large", "balancer.yml"), []byte(text), noEnv)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return cfg
}

// at is the time of all plans.
var at = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// busy is a process with much under way.
func busy() plan.Facts {
	served := map[string]int{"app/web1": 7, "app/web2": 60, "app/web3": 12, "app/web4": 3, "app/extra": 1, "old/old1": 0, "mysql/db1": 4, "api/api1": 2}
	tunnels := map[string]int{"app/web1": 2, "app/web3": 5, "mysql/db1": 4, "app/extra": 1}
	conns := map[string]int{"web :8080": 40, "web :8081": 9, "legacy :8090": 3, "db :3306": 4}
	return plan.Facts{
		Now:     at,
		Served:  func(backend, server string) int { return served[backend+"/"+server] },
		Tunnels: func(backend, server string) int { return tunnels[backend+"/"+server] },
		Conns:   func(frontend, bind string) int { return conns[frontend+" "+bind] },
		Usable:  func(backend, server string) bool { return backend+"/"+server != "mysql/db2" },
		Orders: []plan.Order{
			{Object: "app/web4", Key: "weight", Value: "1", FileValue: "2", By: "root (pid 12)", Reason: "slow disk", At: at.Add(-time.Hour)},
			{Object: "app/web1", Key: "maxconn", Value: "5", FileValue: "0", By: "ops", At: at.Add(-time.Hour), Until: at.Add(time.Hour)},
			{Object: "app/web3", Key: "state", Value: "drain", FileValue: "ready", By: "ops", At: at.Add(-time.Hour)},
			{Object: "app/web2", Key: "address", Value: "10.9.9.9:5000", FileValue: "10.0.0.2:5000", By: "ops", At: at.Add(-time.Hour)},
			{Object: "legacy", Key: "state", Value: "disabled", FileValue: "enabled", By: "ops", At: at.Add(-time.Hour)},
		},
		Dynamic: []plan.Server{{Backend: "app", Name: "extra"}, {Backend: "old", Name: "more"}},
		HashNow: "5d41402abc4b2a76b9719d911017c592", HashNext: "7d793037a0760186574b0282f2f435e7", Revision: "41",
	}
}

func TestGolden(t *testing.T) {
	p := plan.Compare(load(t, "testdata/large/now.yml"), load(t, "testdata/large/next.yml"), busy())
	var text bytes.Buffer
	if err := p.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/large/plan.txt", bytes.ReplaceAll(text.Bytes(), []byte("testdata/large/"), nil))
	written, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/large/plan.json", append(bytes.ReplaceAll(written, []byte("testdata/large/"), nil), '\n'))
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}
