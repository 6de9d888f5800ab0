package file

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"relais/internal/testkit"
)

const fingerprinted = `include: conf.d/*.yml
stats:
  admin: true
  users: {name: ops, password_file: ops.bcrypt, role: operate}
  metrics_token_file: token
  tls: {certificates: [{cert: stats.pem, key: stats.key}]}
frontends:
  - name: web
    bind: {address: ":8443", tls: {certificates: [{cert: site.pem, key: site.key}], client_ca: clients.pem}}
    error_files: {502: sorry.http, 503: sorry.http}
    rules: [{path: /file, return: {file: page.html}}]
    default_backend: app
backends:
  - name: app
    cookie: {name: SRV, key_file: cookie.key}
    health_check: {type: mysql, user: relais, password_file: mysql.password}
    servers: [{name: "${WORD}", address: "127.0.0.1:5001", tls: {ca: ca.pem}}]
`

// folder writes a configuration with every file that one can name.
func folder(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	authority := testkit.NewAuthority(t)
	for _, name := range []string{"site", "stats"} {
		authority.Files(t, dir, name, nil, "a.example")
	}
	testkit.WriteFile(t, filepath.Join(dir, "ca.pem"), authority.CertPEM)
	testkit.WriteFile(t, filepath.Join(dir, "clients.pem"), authority.CertPEM)
	hash, err := os.ReadFile("testdata/valid/ops.bcrypt")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"balancer.yml": fingerprinted, "conf.d/a.yml": backendText("a"), "conf.d/b.yml": backendText("b"), "ops.bcrypt": string(hash),
		"token": "0123456789abcdef", "cookie.key": "0123456789abcdef", "mysql.password": "secret", "page.html": "page",
		"sorry.http": "HTTP/1.1 503 Service Unavailable\r\n\r\nsorry",
	} {
		write(t, dir, name, text)
	}
	return dir
}

func fingerprint(t *testing.T, path string) string {
	t.Helper()
	cfg, err := Load(path, environment)
	if err != nil {
		t.Fatal(err)
	}
	f := cfg.Fingerprint()
	if len(f) != 16 || f != cfg.Fingerprint() {
		t.Errorf("the fingerprint is %q, then %q", f, cfg.Fingerprint())
	}
	return f
}

// The same bytes have the same fingerprint in every folder, under every name of the main file.
func TestFingerprintHasNoFolder(t *testing.T) {
	dir, copied := folder(t), filepath.Join(t.TempDir(), "deeper", "copy")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(copied, "balancer.yml"), filepath.Join(copied, "new.yml")); err != nil {
		t.Fatal(err)
	}
	want := fingerprint(t, filepath.Join(dir, "balancer.yml"))
	if got := fingerprint(t, filepath.Join(copied, "new.yml")); got != want {
		t.Errorf("the copy has the fingerprint %s, want %s", got, want)
	}
	t.Chdir(dir)
	if got := fingerprint(t, "balancer.yml"); got != want {
		t.Errorf("by its relative name it has the fingerprint %s, want %s", got, want)
	}
}

// A changed byte anywhere gives another fingerprint.
func TestFingerprintSeesEveryFile(t *testing.T) {
	dir := folder(t)
	main := filepath.Join(dir, "balancer.yml")
	before := fingerprint(t, main)
	seen := map[string]string{before: "nothing"}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	included, err2 := filepath.Glob(filepath.Join(dir, "conf.d", "*"))
	if err != nil || err2 != nil || len(files) != 14 || len(included) != 2 {
		t.Fatalf("%d and %d files: %v, %v", len(files), len(included), err, err2)
	}
	for _, path := range append(files, included...) {
		old, err := os.ReadFile(path)
		if err != nil {
			continue // conf.d
		}
		changed := append(bytes.Clone(old), '\n')
		if path == filepath.Join(dir, "ops.bcrypt") {
			changed = bytes.Replace(old, []byte("IOGM"), []byte("IOGN"), 1)
		}
		testkit.WriteFile(t, path, changed)
		got := fingerprint(t, main)
		if other, same := seen[got]; same {
			t.Errorf("a change of %s has the fingerprint of a change of %s", filepath.Base(path), other)
		}
		seen[got] = filepath.Base(path)
		testkit.WriteFile(t, path, old)
	}
	if got := fingerprint(t, main); got != before {
		t.Errorf("as at first, the fingerprint is %s, want %s", got, before)
	}
}

// What a variable holds counts.
func TestFingerprintSeesVariables(t *testing.T) {
	dir := folder(t)
	main := filepath.Join(dir, "balancer.yml")
	before := fingerprint(t, main)
	for value, same := range map[string]bool{"word": true, "other": false} {
		cfg, err := Load(main, func(name string) (string, bool) { return value, name == "WORD" })
		if err != nil {
			t.Fatal(err)
		}
		if (cfg.Fingerprint() == before) != same {
			t.Errorf("with WORD %q the fingerprint is %s, that with %q is %s", value, cfg.Fingerprint(), "word", before)
		}
	}
}

// It matters in which file a byte stands.
func TestFingerprintTellsFilesApart(t *testing.T) {
	dir := folder(t)
	main := filepath.Join(dir, "balancer.yml")
	write(t, dir, "page.html", "page0")
	write(t, dir, "cookie.key", "123456789abcdef0")
	one := fingerprint(t, main)
	write(t, dir, "page.html", "page")
	write(t, dir, "cookie.key", "0123456789abcdef0")
	if one == fingerprint(t, main) {
		t.Error("a byte that moves from one file to the next does not change the fingerprint")
	}
}

func BenchmarkFingerprint(b *testing.B) {
	text := "frontends: [{name: web, bind: \":8080\", default_backend: app}]\nbackends:\n  - name: app\n    servers:\n"
	for i := range 1000 {
		text += fmt.Sprintf("      - {name: web%d, address: \"10.0.0.1:5000\"}\n", i)
	}
	cfg, err := Parse("balancer.yml", []byte(text), environment)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		cfg.Fingerprint()
	}
}
