package browser_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// The users of a guarded listener, and the hashes of their passwords.
const (
	operatorPassword, operatorHash = "open sesame", "$2a$04$LfoX1vmR8duWPAZ8HV2XTuMS2lXUr1xCLGeNAQLmkSvcApeK2PmcW"
	readerPassword, readerHash     = "look only", "$2a$04$3wawqhXXGmYJrYyBqyWNm.T5C0t9o/OIXv0HBV2G9Zn6MCydjCx.2"
)

// relais is a balancer that runs as a process of its own.
type relais struct {
	*testkit.Process
	web   string // URL of the frontend
	stats string // URL of the admin listener
}

// page is where the statistics are.
func (r *relais) page() string { return r.stats + "/haproxy-stats" }

// run starts a balancer with the given backends, of which the first gets the requests.
// Everybody may look at its figures, and nobody may change anything.
func run(t *testing.T, backends string) *relais {
	t.Helper()
	return start(t, "  bind: \"127.0.0.1:0\"\n", backends)
}

// runGuarded does the same with users: ops may change something, eye may look.
func runGuarded(t *testing.T, backends string) *relais {
	t.Helper()
	dir := t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "ops"), []byte(operatorHash))
	testkit.WriteFile(t, filepath.Join(dir, "eye"), []byte(readerHash))
	return start(t, fmt.Sprintf(`  bind: "127.0.0.1:0"
  admin: true
  users: [{name: ops, password_file: %[1]s/ops, role: operate}, {name: eye, password_file: %[1]s/eye, role: read}]
`, dir), backends)
}

func start(t *testing.T, stats, backends string) *relais {
	t.Helper()
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(backends), "- {name: "), ",")
	config := filepath.Join(t.TempDir(), "balancer.yml")
	testkit.WriteFile(t, config, fmt.Appendf(nil, "access_log: off\nstats:\n%sfrontends:\n  - {name: web, bind: \"127.0.0.1:0\", default_backend: %s}\nbackends:\n%s",
		stats, first, backends))
	r := &relais{Process: testkit.Start(t, nil, balancerPath, "run", "--config", config)}
	testkit.Eventually(t, "the balancer says that it has started", r.started)
	testkit.Eventually(t, "ready", func() bool { code, _ := get(t, r.stats+"/readyz"); return code == http.StatusOK })
	return r
}

// backend is the configuration of one backend. about is what it has beside servers, each of which
// is given as NAME=ADDRESS, or NAME=ADDRESS, and more.
func backend(name, about string, servers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  - {name: %s, %s, servers: [", name, about)
	for _, s := range servers {
		name, rest, _ := strings.Cut(s, "=")
		addr, more, _ := strings.Cut(rest, ",")
		fmt.Fprintf(&b, "{name: %s, address: %q, %s}, ", name, addr, strings.TrimSpace(more))
	}
	return b.String() + "]}\n"
}

// started reads the addresses from the line that says so.
func (r *relais) started() bool {
	for line := range strings.Lines(r.Stderr.String()) {
		var l struct {
			Message, Stats string
			Frontends      []string
		}
		if json.Unmarshal([]byte(line), &l) == nil && l.Message == "started" {
			r.web, r.stats = "http://"+l.Frontends[0], "http://"+l.Stats
			return true
		}
	}
	return false
}

// share sends requests and tells how many of them each server has answered.
func (r *relais) share(t *testing.T, requests int) map[string]int {
	t.Helper()
	by := map[string]int{}
	for range requests {
		_, name := get(t, r.web+"/")
		by[name]++
	}
	return by
}

// status is what the CSV says of a server, to somebody who may read it.
func (r *relais) status(t *testing.T, proxy, server string) string {
	t.Helper()
	_, body := get(t, r.page()+";csv")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(rows[0], "status")
	for _, row := range rows[1:] {
		if row[0] == proxy && row[1] == server {
			return row[column]
		}
	}
	t.Fatalf("no %s/%s in\n%s", proxy, server, body)
	return ""
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("eye", readerPassword)
	answer, err := http.DefaultClient.Do(request)
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
