package prom_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"relais/stats/prom"
	"relais/stats/statstest"
)

// types returns the type of each metric in a text.
func types(text string) map[string]string {
	found := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(text, -1) {
		found[match[1]] = match[2]
	}
	return found
}

// Every metric of HAProxy's exporter is there with HAProxy's type, or on the list with the reason
// why it is not, which the documentation gives too.
func TestHAProxysNames(t *testing.T) {
	found := types(scrape(t, handler(statstest.Full)))
	document := read(t, "../../docs/metrics.md")
	file, err := os.Open(filepath.Join("testdata", "haproxy-metrics.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	listed := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), " ")
		kind, status, _ := strings.Cut(rest, " ")
		if name == "#" {
			continue
		}
		listed[name] = true
		reason, left := strings.CutPrefix(status, "left out: ")
		switch {
		case !left && found[name] != kind:
			t.Errorf("%s is a %q, HAProxy's a %s", name, found[name], kind)
		case left && found[name] != "":
			t.Errorf("%s is there and on the list as left out", name)
		case left && (!strings.Contains(document, "`"+name+"`") || !strings.Contains(document, reason)):
			t.Errorf("docs/metrics.md does not say that %s is left out, because %s", name, reason)
		case !left && status != "there":
			t.Errorf("what is %q?", lines.Text())
		}
	}
	for name := range found {
		if strings.HasPrefix(name, "haproxy_") && !listed[name] {
			t.Errorf("HAProxy has no %s", name)
		}
	}
	if len(listed) < 236 {
		t.Errorf("the list has %d metrics", len(listed))
	}
}

// The documentation tells of the metrics of Relais that there are, and of no others. The sample
// has all of them.
func TestDocumentedNames(t *testing.T) {
	found, document := types(scrape(t, handler(statstest.Full))), read(t, "../../docs/metrics.md")
	documented := regexp.MustCompile(`(?m)^\| ((?:`+"`relais_[a-z_]+(?:\\{[a-z,]+\\})?`(?:, )?"+`)+) \|`).FindAllStringSubmatch(document, -1)
	var names []string
	for _, row := range documented {
		names = append(names, regexp.MustCompile(`relais_[a-z_]+`).FindAllString(row[1], -1)...)
	}
	slices.Sort(names)
	if twice := len(names) - len(slices.Compact(slices.Clone(names))); twice != 0 {
		t.Errorf("%d metrics are documented twice", twice)
	}
	for _, name := range prom.Names() {
		if found[name] == "" {
			t.Errorf("%s is not in the sample", name)
		}
		if strings.HasPrefix(name, "relais_") && !slices.Contains(names, name) {
			t.Errorf("docs/metrics.md does not tell of %s", name)
		}
	}
	for _, name := range names {
		if found[name] == "" {
			t.Errorf("docs/metrics.md tells of %s, which there is not", name)
		}
	}
	for _, name := range regexp.MustCompile(`relais_[a-z_]+`).FindAllString(document, -1) {
		if name = strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"); found[strings.TrimSuffix(name, "_sum")] == "" {
			t.Errorf("docs/metrics.md has a query for %s, which there is not", name)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
