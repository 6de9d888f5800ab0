package file

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relais/internal/config"
	"relais/internal/testkit"
)

// write puts a file into dir, with its folders.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	testkit.WriteFile(t, path, []byte(text))
}

func backendText(name string) string {
	return "backends: [{name: " + name + ", servers: [{name: web1, address: \"127.0.0.1:5001\"}]}]\n"
}

func backendNames(c *config.Config) (list []string) {
	for _, b := range c.Backends {
		list = append(list, b.Name)
	}
	return list
}

// Files come in the order of the patterns, within one in that of their names, each once.
func TestIncludeOrder(t *testing.T) {
	for _, test := range []struct{ include, want string }{
		{"[]", "app"},
		{"conf.d/*.yml", "app a b c"},
		{"[conf.d/c.yml, conf.d/*.yml]", "app c a b"},
		{"['conf.d/?.yml', './conf.d/[b-z].yml']", "app a b c"},
		{"[conf.d/.*.yml]", "app hidden"},
		{"[conf.d/none*.yml]", "app"},
		{"['*.yml', '*/*/*.yml']", "app deep"},
	} {
		dir := filepath.Join(t.TempDir(), "with [brackets]*")
		for name, in := range map[string]string{
			"conf.d/a.yml": "a", "conf.d/b.yml": "b", "conf.d/c.yml": "c", "conf.d/.hidden.yml": "hidden", "conf.d/d.yaml": "d", "conf.d/e/f.yml": "deep",
			"conf.d/..data/f.yml": "volume",
		} {
			write(t, dir, name, backendText(in))
		}
		write(t, dir, "balancer.yml", "include: "+test.include+"\n"+minimalText)
		cfg, err := Load(filepath.Join(dir, "balancer.yml"), environment)
		if err != nil {
			t.Errorf("include: %s: %v", test.include, err)
			continue
		}
		if got := strings.Join(backendNames(cfg), " "); got != test.want {
			t.Errorf("include: %s: backends %s, want %s", test.include, got, test.want)
		}
	}
}

// Faults and sources name a file as an admin would, who gave the main one.
func TestIncludedNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, dir, "conf.d/a.yml", "\ufeff"+backendText("a"))
	write(t, dir, "elsewhere/b.yml", backendText("b"))
	main := "include: [conf.d/*.yml, " + dir + "/elsewhere/b.yml]\n" + minimalText
	write(t, dir, "balancer.yml", main)
	for given, want := range map[string][]string{
		"balancer.yml":           {"balancer.yml", "conf.d/a.yml", dir + "/elsewhere/b.yml"},
		"./balancer.yml":         {"./balancer.yml", "conf.d/a.yml", dir + "/elsewhere/b.yml"},
		dir + "/balancer.yml":    {dir + "/balancer.yml", dir + "/conf.d/a.yml", dir + "/elsewhere/b.yml"},
		"conf.d/../balancer.yml": {"conf.d/../balancer.yml", "conf.d/a.yml", dir + "/elsewhere/b.yml"},
	} {
		cfg, err := Load(given, environment)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		var names []string
		for _, s := range cfg.Sources {
			names = append(names, s.Name)
		}
		if !slices.Equal(names, want) || string(cfg.Sources[0].Data) != main || string(cfg.Sources[1].Data) != "\ufeff"+backendText("a") {
			t.Errorf("%s: sources %q, want %v", given, cfg.Sources, want)
		}
	}
}

// A wrong pattern does not fill the memory.
func TestIncludeIsBounded(t *testing.T) {
	comment := "#" + strings.Repeat("x", 4<<20-2) + "\n"
	for _, test := range []struct {
		name, want string
		make       func(dir string)
	}{
		{"1000 files", "", func(dir string) { many(t, dir, 1000, "") }},
		{"1001 files", "include: more than 1000 files; write fewer, larger ones", func(dir string) { many(t, dir, 1001, "") }},
		{"16MiB", "", func(dir string) { many(t, dir, 4, comment) }},
		{"more than 16MiB", "include: the files have more than 16MiB together; write fewer of them", func(dir string) { many(t, dir, 5, comment) }},
		{"a file of more than 4MiB", `include: "0000.yml" has more than 4MiB; write the path of a YAML file of at most 4MiB`, func(dir string) { many(t, dir, 1, comment+"#") }},
	} {
		dir := t.TempDir()
		t.Chdir(dir)
		test.make(dir)
		_, err := Parse("balancer.yml", []byte("include: \"[01]*.yml\"\n"+minimalText), environment)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (err == nil || err.Error() != "balancer.yml:1: "+test.want):
			t.Errorf("%s: %v\nwant %s", test.name, err, test.want)
		}
	}
}

func many(t *testing.T, dir string, n int, text string) {
	t.Helper()
	for i := range n {
		write(t, dir, fmt.Sprintf("%04d.yml", i), text)
	}
}
