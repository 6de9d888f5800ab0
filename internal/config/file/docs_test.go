package file

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"relais/internal/testkit"
)

const page = "../../../docs/configuration.md"

func readPage(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// examples returns the blocks of the page that are written in a language: yaml or http.
func examples(t *testing.T, language string) []string {
	t.Helper()
	var found []string
	for i, part := range strings.Split(readPage(t), "```") {
		if block, is := strings.CutPrefix(part, language+"\n"); is && i%2 == 1 {
			found = append(found, block)
		}
	}
	return found
}

func unset(string) (string, bool) { return "", false }

func TestPageExamplesLoad(t *testing.T) {
	blocks, answers := examples(t, "yaml"), examples(t, "http")
	if len(blocks) < 5 || len(answers) != 1 {
		t.Fatalf("found %d examples and %d error files on %s", len(blocks), len(answers), page)
	}
	dir := t.TempDir()
	authority := testkit.NewAuthority(t)
	authority.Files(t, dir, "site", nil, "a.example")
	testkit.WriteFile(t, filepath.Join(dir, "ca.pem"), authority.CertPEM)
	testkit.WriteFile(t, filepath.Join(dir, "sorry.http"), []byte(answers[0]))
	testkit.WriteFile(t, filepath.Join(dir, "cookie.key"), []byte("0123456789abcdef0123456789abcdef\n"))
	testkit.WriteFile(t, filepath.Join(dir, "mysql.password"), []byte("secret\n"))
	for name, example := range map[string]string{"ops.bcrypt": "ops.bcrypt", "ops.htpasswd": "users.htpasswd"} {
		hash, err := os.ReadFile(filepath.Join("testdata", "valid", example))
		if err != nil {
			t.Fatal(err)
		}
		testkit.WriteFile(t, filepath.Join(dir, name), hash)
	}
	for _, block := range blocks {
		if !strings.Contains(block, "frontends:\n") {
			continue // a part of a file
		}
		if _, err := Parse(filepath.Join(dir, "example.yml"), []byte(block), unset); err != nil {
			t.Errorf("%v\nin:\n%s", err, block)
		}
	}
}

// The block with every key shows the defaults that the program has, and no key is left out.
func TestPageShowsTheDefaults(t *testing.T) {
	for _, block := range examples(t, "yaml") {
		if !strings.HasPrefix(block, "version: 1\n") {
			continue
		}
		got, err := Parse("example.yml", []byte(block), unset)
		if err != nil {
			t.Fatal(err)
		}
		want := minimal()
		want.Backends[0].HealthCheck = check("/health")
		same(t, got, want)
		for _, s := range sections() {
			for _, key := range keysOf(s.t) {
				if !strings.Contains(block, key+":") {
					t.Errorf("key %q of %s is not in the block with every key", key, s.name)
				}
			}
		}
		return
	}
	t.Errorf("no example on %s begins with version: 1", page)
}

// Each key has a row in the table of its section.
func TestPageDescribesEveryKey(t *testing.T) {
	text := readPage(t)
	for _, s := range sections() {
		for _, key := range keysOf(s.t) {
			if field, known := fieldOf(s.t, key); s.name == "the top of the file" && (!known || structOf(field.Type) != nil || field.Type.Kind() == reflect.Slice) {
				continue // has a section of its own
			}
			if slices.Contains([]string{"log", "access_log", "explain", "stats", "admin_socket", "resolvers", "limits"}, s.name) {
				key = s.name + "." + key
			}
			if !strings.Contains(text, "\n| `"+key+"` |") {
				t.Errorf("key %q of %s has no row on %s", key, s.name, page)
			}
		}
	}
}
