package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// room says what one package of the house may import. Packages below a room belong to it unless
// they have a room of their own, and a room may import what is below itself.
type room struct {
	path string   // of a package, without the module's name
	may  []string // the rooms it may import
	libs []string // of the libraries below, those it may use
	std  bool     // nothing but the standard library and the house
	why  string
}

// house is the import table of docs/architecture.md. Rooms that are still to be built have their
// rules already.
func house() []room {
	return []room{
		{
			path: "cmd/balancer", may: []string{"internal/app"}, libs: []string{"zerolog"},
			why: "main is flags, signals and exit codes around app.Run",
		},
		{
			path: "cmd/webapp", may: []string{"webapp"}, libs: []string{"zerolog"},
			why: "main is flags, signals and exit codes around the web application",
		},
		{
			path: "cmd/backup", may: []string{"internal/backup"}, libs: []string{"zerolog"},
			why: "main is flags, signals and exit codes around the backup engine",
		},
		{
			path: "cmd/stack", may: []string{"internal/app", "webapp", "internal/engine"}, libs: []string{"zerolog", "prometheus"},
			why: "it runs the other programs and does nothing of their work",
		},
		{
			path: "internal/app", libs: []string{"fasthttp", "zerolog", "prometheus"},
			may: []string{
				"balancer", "balancer/dial", "balancer/h1", "balancer/accesslog", "balancer/why", "healthcheck", "healthcheck/mysqlcheck", "stats", "stats/latency", "stats/page", "stats/page/explain", "stats/prom",
				"internal/access", "internal/config", "internal/config/file", "internal/discovery", "internal/operate", "internal/ctl", "internal/listen", "internal/logqueue", "internal/syslog",
				"internal/handover", "internal/systemd", "internal/plan",
			},
			why: "app wires the balancer; web application, backup and Docker are other processes",
		},
		{
			path: "balancer", may: []string{"balancer/dial", "balancer/h1", "balancer/lb", "balancer/accesslog", "balancer/route", "balancer/sticky", "balancer/tunnel", "balancer/why", "stats", "internal/config", "internal/steady"}, libs: []string{"fasthttp"},
			why: "the data path knows no files, no logger but the access log, no metrics library, no Docker; app joins it with health checks by func values",
		},
		{
			path: "balancer/dial", may: []string{"internal/config", "internal/steady"}, std: true,
			why: "it opens connections and knows nothing of what is spoken on them",
		},
		{
			path: "balancer/h1", may: []string{"internal/steady"}, libs: []string{"fasthttp"},
			why: "the wire decides, counts and logs nothing",
		},
		{
			path: "balancer/sticky", may: []string{"internal/config"}, std: true,
			why: "a cookie knows names and bytes, neither connections nor health",
		},
		{
			path: "balancer/lb", may: []string{"internal/config"}, std: true,
			why: "an algorithm decides on plain values, without connections, clocks and locks",
		},
		{
			path: "balancer/route", may: []string{"internal/config"}, std: true,
			why: "decisions look at plain values and know no sockets",
		},
		{
			path: "balancer/tunnel",
			why:  "a tunnel knows connections and bytes, so that HTTP and TCP mode can share it",
		},
		{
			path: "balancer/accesslog", libs: []string{"zerolog"},
			why: "an entry is plain values, so that any data path can log it",
		},
		{
			path: "balancer/why", std: true,
			why: "it remembers plain values and tells of them; the data path makes them",
		},
		{
			path: "healthcheck", may: []string{"internal/config"}, libs: []string{"fasthttp"},
			why: "health is a pure state machine: it returns transitions, and app logs, counts and applies them",
		},
		{
			path: "healthcheck/mysqlcheck", may: []string{"healthcheck"}, libs: []string{"mysql"},
			why: "it is one probe among others, apart from them for the sake of its library",
		},
		{
			path: "stats", may: []string{"balancer/why", "stats/latency"}, std: true,
			why: "everybody imports it, so it imports nobody but what is plain values",
		},
		{
			path: "stats/latency", std: true,
			why: "a histogram knows microseconds, and not whose they are",
		},
		{
			path: "stats/page", may: []string{"stats", "stats/latency"}, std: true,
			why: "the page shows a Snapshot; what it needs done it declares as an interface",
		},
		{
			path: "stats/page/explain", may: []string{"balancer/why", "stats/page"}, std: true,
			why: "the page that says why shows what package why tells, in the clothes of the statistics",
		},
		{
			path: "stats/prom", may: []string{"stats", "stats/latency"}, libs: []string{"prometheus"},
			why: "metrics are made from a Snapshot",
		},
		{
			path: "internal/access", libs: []string{"bcrypt"},
			why: "who may do what is decided on plain values; app asks and answers",
		},
		{
			path: "internal/config", std: true,
			why: "configuration types are plain values; package file reads them",
		},
		{
			path: "internal/config/file", may: []string{"internal/config"}, libs: []string{"yaml"},
			why: "it is the only importer of yaml, and makes configurations, not balancers",
		},
		{
			path: "internal/discovery", may: []string{"internal/config"}, libs: []string{"dns"},
			why: "DNS makes lists of servers; app applies them",
		},
		{
			path: "internal/operate", may: []string{"internal/config", "stats"},
			why: "changes by an operator reach the balancer through app",
		},
		{
			path: "internal/ctl", may: []string{"stats"},
			why: "the runtime protocol shows a Snapshot; what it needs done it declares as an interface",
		},
		{
			path: "internal/plan", may: []string{"balancer/lb", "internal/config"}, std: true,
			why: "a plan compares plain values and does nothing; app gives it the facts",
		},
		{
			path: "internal/listen", may: []string{"internal/steady"},
			why: "a listener knows nothing of what is spoken on it",
		},
		{
			path: "internal/handover", may: []string{"internal/listen"},
			why: "two programs of different versions meet there: it knows sockets and bytes, and nothing of what they mean",
		},
		{
			path: "internal/systemd", may: []string{"internal/listen"},
			why: "it says what systemd understands; app says when",
		},
		{
			path: "internal/steady", std: true,
			why: "what lies below TLS knows nothing of either side",
		},
		{
			path: "internal/logqueue", std: true,
			why: "a queue of lines knows nothing of what they say",
		},
		{
			path: "internal/syslog", std: true,
			why: "it sends lines and knows nothing of what they say",
		},
		{
			path: "internal/backup", may: []string{"internal/engine"}, libs: []string{"zerolog"},
			why: "the backup engine is no part of the balancer",
		},
		{
			path: "internal/engine", libs: []string{"zerolog", "docker"},
			why: "everything that talks to Docker is behind one narrow interface",
		},
		{
			path: "internal/testreport", std: true,
			why: "it must work when the house does not",
		},
		{
			path: "webapp", libs: []string{"fasthttp", "zerolog", "prometheus", "mysql"},
			why: "the web application is another program than the balancer",
		},
	}
}

// libraries are those that not everybody may use, by the beginning of their import paths.
func libraries() map[string][]string {
	return map[string][]string{
		"fasthttp":   {"github.com/valyala/fasthttp"},
		"yaml":       {"gopkg.in/yaml", "go.yaml.in/yaml"},
		"zerolog":    {"github.com/rs/zerolog"},
		"prometheus": {"github.com/prometheus/"},
		"docker":     {"github.com/docker/", "github.com/moby/"},
		"mysql":      {"github.com/go-sql-driver/"},
		"bcrypt":     {"golang.org/x/crypto/bcrypt"},
		"dns":        {"github.com/miekg/dns"},
	}
}

// testOnly are the trees that only _test.go files may import.
func testOnly() []string {
	return []string{"internal/conformance", "internal/plan/plantest", "internal/testkit", "stats/statstest"}
}

// listed is what `go list` tells of a package, test files left out.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Standard   bool
	DepOnly    bool // not of this module
	Imports    []string
	Deps       []string
}

func TestImports(t *testing.T) {
	for _, fault := range importFaults(goList(t)) {
		t.Error(fault)
	}
}

func TestImportFaultsAreFound(t *testing.T) {
	libs := []listed{
		{ImportPath: "fmt", DepOnly: true, Standard: true},
		{ImportPath: "github.com/rs/zerolog", DepOnly: true},
		{ImportPath: "example.com/metrics", DepOnly: true, Deps: []string{"github.com/prometheus/client_golang/prometheus"}},
		{ImportPath: "github.com/prometheus/client_golang/prometheus", DepOnly: true},
	}
	tests := []struct {
		path, imports string
		want          string // the beginning of the fault; empty: none
	}{
		{"balancer", "relais/balancer/h1", ""},
		{"balancer", "relais/healthcheck", "relais/balancer must not import relais/healthcheck: the data path"},
		{"healthcheck", "relais/balancer", "relais/healthcheck must not import relais/balancer: health is"},
		{"balancer", "github.com/rs/zerolog", "relais/balancer must not use zerolog: the data path"},
		{"balancer/accesslog", "github.com/rs/zerolog", ""},
		{"balancer", "example.com/metrics", "relais/balancer must not use prometheus (through example.com/metrics): the data path"},
		{"balancer/fast", "relais/stats/prom", "relais/balancer/fast must not import relais/stats/prom: the data path"},
		{"stats", "fmt", ""},
		{"stats", "example.com/metrics", "relais/stats must not import example.com/metrics: everybody imports it"},
		{"internal/config", "relais/internal/config/spell", ""},
		{"internal/config", "relais/internal/config/file", "relais/internal/config must not import relais/internal/config/file: configuration"},
		{"internal/app", "relais/internal/testkit/fault", "relais/internal/app must not import relais/internal/testkit/fault: it is for _test.go files"},
		{"internal/testkit/fault", "relais/internal/testkit/backend", ""},
		{"internal/misc", "fmt", "relais/internal/misc has no place in the house: name it in docs/architecture.md"},
	}
	for _, test := range tests {
		t.Run(test.path+"<-"+test.imports, func(t *testing.T) {
			pkgs := append([]listed{{ImportPath: "relais/" + test.path, Imports: []string{test.imports}}}, libs...)
			got := importFaults(pkgs)
			if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], test.want)) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Each package says once what it is.
func TestPackageComments(t *testing.T) {
	for _, p := range goList(t) {
		if p.DepOnly || len(p.GoFiles) == 0 {
			continue
		}
		var with []string
		for _, file := range p.GoFiles {
			syntax, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err == nil && syntax.Doc != nil {
				with = append(with, file)
			}
		}
		if len(with) != 1 {
			t.Errorf("%s has %d package comments %v, want one", p.ImportPath, len(with), with)
		}
	}
}

func importFaults(pkgs []listed) (faults []string) {
	byPath := map[string]listed{}
	for _, p := range pkgs {
		byPath[p.ImportPath] = p
	}
	for _, p := range pkgs {
		path, ours := strings.CutPrefix(p.ImportPath, "relais/")
		if !ours || isTestOnly(path) {
			continue
		}
		r, found := roomOf(path)
		if !found {
			faults = append(faults, p.ImportPath+" has no place in the house: name it in docs/architecture.md, section 2, and in this test")
			continue
		}
		for _, imported := range p.Imports {
			if fault := r.fault(byPath[imported], imported); fault != "" {
				faults = append(faults, p.ImportPath+" must not "+fault)
			}
		}
	}
	return faults
}

// fault tells what is wrong with the room importing p; empty: nothing. What go list does not
// know has a path only.
func (r room) fault(p listed, imported string) string {
	inner, ours := strings.CutPrefix(imported, "relais/")
	switch {
	case ours && isTestOnly(inner):
		return fmt.Sprintf("import %s: it is for _test.go files", imported)
	case ours && !r.mayImport(inner):
		return fmt.Sprintf("import %s: %s", imported, r.why)
	case ours:
		return ""
	case r.std && !p.Standard:
		return fmt.Sprintf("import %s: %s", imported, r.why)
	}
	for lib, prefixes := range libraries() {
		if slices.Contains(r.libs, lib) {
			continue
		}
		if hasPrefix(imported, prefixes) {
			return fmt.Sprintf("use %s: %s", lib, r.why)
		}
		if slices.ContainsFunc(p.Deps, func(dep string) bool { return hasPrefix(dep, prefixes) }) {
			return fmt.Sprintf("use %s (through %s): %s", lib, imported, r.why)
		}
	}
	return ""
}

func (r room) mayImport(path string) bool {
	target, _ := roomOf(path)
	return target.path == r.path || slices.Contains(r.may, target.path)
}

// roomOf returns the innermost room that path belongs to.
func roomOf(path string) (innermost room, found bool) {
	for _, r := range house() {
		if within(path, r.path) && len(r.path) > len(innermost.path) {
			innermost, found = r, true
		}
	}
	return innermost, found
}

func isTestOnly(path string) bool {
	return slices.ContainsFunc(testOnly(), func(tree string) bool { return within(path, tree) })
}

func within(path, tree string) bool { return path == tree || strings.HasPrefix(path, tree+"/") }

func hasPrefix(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(path, p) })
}

// goList returns every package of the module and what they depend on.
func goList(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Dir,GoFiles,Standard,DepOnly,Imports,Deps", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") != "true" {
		t.Skip("needs the go command")
	}
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return pkgs
		case err != nil:
			t.Fatalf("read go list: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}
