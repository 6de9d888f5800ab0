package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// The programs under test, built once.
var balancerPath, webappPath string

func TestMain(m *testing.M) {
	if os.Getenv(echoVariable) != "" {
		os.Exit(echo())
	}
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "relais")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	out, err := exec.Command("go", "build", "-o", dir+"/", "relais/cmd/balancer", "relais/cmd/webapp").CombinedOutput()
	if err != nil {
		panic(string(out))
	}
	balancerPath, webappPath = filepath.Join(dir, "balancer"), filepath.Join(dir, "webapp")
	return m.Run()
}

// running is a balancer that runs as a process of its own.
type running struct {
	*testkit.Process
	config string // path of its configuration
	addr   string // of the first frontend
	stats  string // of the admin listener
}

// run starts a balancer with a configuration of which {bind}s are free ports.
func run(t *testing.T, config string, prepare func(*exec.Cmd)) *running {
	t.Helper()
	path := filepath.Join(t.TempDir(), "balancer.yml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &running{config: path, Process: testkit.Start(t, prepare, balancerPath, "run", "--config", path)}
	testkit.Eventually(t, "the balancer says that it has started", func() bool { return r.started() })
	return r
}

// started reads the addresses from the line that says so.
func (r *running) started() bool {
	for line := range strings.Lines(r.Stderr.String()) {
		var l struct {
			Message, Stats string
			Frontends      []string
		}
		if json.Unmarshal([]byte(line), &l) == nil && l.Message == "started" {
			r.addr, r.stats = l.Frontends[0], l.Stats
			return true
		}
	}
	return false
}

// get reads a page of the admin listener.
func (r *running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	answer, err := http.Get("http://" + r.stats + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

// column returns a column of the CSV for one row.
func (r *running) column(t *testing.T, proxy, server, name string) string {
	t.Helper()
	_, csv := r.get(t, "/haproxy-stats;csv")
	lines := strings.Split(csv, "\n")
	for i, column := range strings.Split(strings.TrimPrefix(lines[0], "# "), ",") {
		if column != name {
			continue
		}
		for _, line := range lines[1:] {
			if strings.HasPrefix(line, proxy+","+server+",") {
				return strings.Split(line, ",")[i]
			}
		}
	}
	t.Fatalf("no column %s for %s/%s in\n%s", name, proxy, server, csv)
	return ""
}

// farm is a configuration with one frontend and one backend. more is put into the backend.
func farm(more string, addrs ...string) string {
	var b strings.Builder
	b.WriteString("stats: {bind: \"127.0.0.1:0\"}\nfrontends:\n  - {name: web, bind: \"127.0.0.1:0\", default_backend: app}\n" +
		"backends:\n  - name: app\n")
	for line := range strings.Lines(more) {
		b.WriteString("    " + line)
	}
	b.WriteString("    servers:\n")
	for i, addr := range addrs {
		fmt.Fprintf(&b, "      - {name: web%d, address: %q}\n", i+1, addr)
	}
	return b.String()
}

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yml"), filepath.Join(dir, "bad.yml")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(good, farm("", "127.0.0.1:1"))
	write(bad, strings.Replace(farm("retires: 3\n", "127.0.0.1:1"), "stats:", "statz:", 1))
	for _, test := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"valid", []string{"check", "--config", good}, 0, good + " is valid\n", ""},
		{
			"two faults", []string{"check", "--config", bad}, 1, "",
			bad + ":1: unknown key \"statz\"; did you mean \"stats\"?\n" + bad + ":6: unknown key \"retires\"; did you mean \"retries\"?\n",
		},
		{"the same from run", []string{"-f", bad}, 1, "", bad + ":1:"},
		{"no such file", []string{"check", "--config", dir + "/none.yml"}, 1, "", dir + "/none.yml: "},
		{"unknown verb", []string{"chekc"}, 2, "", "chekc"},
		{"unknown flag", []string{"run", "--confg", "x"}, 2, "", "--confg"},
		{"nothing", nil, 2, "", "balancer run --config FILE"},
		{"version", []string{"version"}, 0, "relais ", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := testkit.Start(t, nil, balancerPath, test.args...)
			if code := p.ExitCode(t); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if got := p.Stdout.String(); !strings.HasPrefix(got, test.stdout) || test.stdout == "" && got != "" {
				t.Errorf("stdout is %q, want %q", got, test.stdout)
			}
			if got := p.Stderr.String(); !strings.Contains(got, test.stderr) || test.stderr == "" && got != "" {
				t.Errorf("stderr is %q, want %q", got, test.stderr)
			}
		})
	}
}

func TestAPortInUse(t *testing.T) {
	first := run(t, farm("", "127.0.0.1:1"), nil)
	path := filepath.Join(t.TempDir(), "balancer.yml")
	config := strings.Replace(farm("", "127.0.0.1:1"), `bind: "127.0.0.1:0", d`, fmt.Sprintf(`bind: %q, d`, first.addr), 1)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	second := testkit.Start(t, nil, balancerPath, "run", "--config", path)
	if code := second.ExitCode(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if got := second.Stderr.String(); !strings.Contains(got, "frontend web: listen on "+first.addr+": address already in use; another program") {
		t.Errorf("stderr is %q", got)
	}
}
