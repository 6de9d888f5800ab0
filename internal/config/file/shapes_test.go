package file

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
)

// The shapes of public haproxy.cfg files can be written in YAML, and what makes each of them what
// it is arrives.
func TestShapes(t *testing.T) {
	files := shapeFiles(t)
	dir := t.TempDir()
	authority := testkit.NewAuthority(t)
	authority.Files(t, dir, "site", nil, "example.com", "*.example.com")
	authority.Files(t, dir, "shop", nil, "shop.example")
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		testkit.WriteFile(t, filepath.Join(dir, filepath.Base(path)), data)
	}
	arrived := shapes()
	for _, path := range files {
		name, isShape := strings.CutSuffix(filepath.Base(path), ".yml")
		if !isShape {
			continue
		}
		t.Run(name, func(t *testing.T) {
			cfg, err := Load(filepath.Join(dir, name+".yml"), unset)
			if err != nil {
				t.Fatal(err)
			}
			has := arrived[name]
			if has == nil {
				t.Fatal("nobody says what the shape is about")
			}
			if !has(cfg) {
				t.Error("what the shape is about has not arrived")
			}
			delete(arrived, name)
		})
	}
	for name := range arrived {
		t.Errorf("%s.yml is missing", name)
	}
}

// shapes says of each file whether a configuration has what the file is about.
func shapes() map[string]func(*config.Config) bool {
	frontend := func(c *config.Config, name string) *config.Frontend {
		return c.Frontends[slices.IndexFunc(c.Frontends, func(f *config.Frontend) bool { return f.Name == name })]
	}
	backend := func(c *config.Config, name string) *config.Backend {
		return c.Backends[slices.IndexFunc(c.Backends, func(b *config.Backend) bool { return b.Name == name })]
	}
	leads := func(f *config.Frontend) (to []string) { // where rules lead
		for _, r := range f.Rules {
			to = append(to, r.Backend)
		}
		return to
	}
	return map[string]func(*config.Config) bool{
		"01-web-farm": func(c *config.Config) bool {
			f, b := frontend(c, "main"), backend(c, "app")
			return len(b.Servers) == 3 && b.HealthCheck.Type == "tcp" && len(f.TrustedProxies) == 1 && f.Maxconn == 3000
		},
		"02-static-and-dynamic": func(c *config.Config) bool {
			f, b := frontend(c, "public"), backend(c, "dynamic")
			return slices.Equal(leads(f), []string{"static", "static"}) && f.Monitor.FailBelow == 0 &&
				b.Cookie.Name == "DYNSRV" && b.Servers[3].Cookie == "s4" && b.HealthCheck.Method == "HEAD"
		},
		"03-application-and-objects": func(c *config.Config) bool {
			f := frontend(c, "web")
			return f.Request[0].SetPath == "/bucket{path}" && slices.Equal(leads(f), []string{"objects"})
		},
		"04-tls-and-strip-prefix": func(c *config.Config) bool {
			f := frontend(c, "public")
			return f.Bind[1].TLS != nil && f.Request[0].If.Header[0].Absent && f.Request[1].StripPrefix == "/camera"
		},
		"05-applications-elsewhere": func(c *config.Config) bool {
			f := frontend(c, "web")
			return f.Request[0].SetHost == "events.example.net" && f.Request[1].SetHeader["X-Forwarded-Port"] == "8080" && f.Rules[2].Deny == 503
		},
		"06-tls-to-servers": func(c *config.Config) bool {
			r, b := frontend(c, "in-http").Rules[0].Redirect, backend(c, "static")
			return r.Code == 301 && r.Prefix == "https://{host}" && !b.Servers[0].TLS.Verify &&
				b.HealthCheck.DisableOn404 && b.HealthCheck.Inter == 5*time.Second && b.Balance.Algorithm == "leastconn"
		},
		"07-behind-a-cloud-balancer": func(c *config.Config) bool {
			f, b := frontend(c, "secure"), backend(c, "slow")
			return f.Bind[1].AcceptProxy != nil && len(f.Bind[1].TLS.Certificates) == 2 && b.Servers[0].SendProxy == "v2" &&
				b.HealthCheck.Port == 80 && slices.Equal(leads(f), []string{"certbot", "slow", "slow"})
		},
		"08-sticky-websockets": func(c *config.Config) bool {
			b := backend(c, "nodes")
			return b.Cookie.Name == "serverid" && !b.Cookie.Indirect && b.OnMarkedDown == "shutdown-sessions" && b.Timeout.Tunnel == time.Hour
		},
		"09-websockets-and-api": func(c *config.Config) bool {
			f := frontend(c, "https-in")
			return len(f.Response[0].AddHeader) == 4 && f.Rules[1].Redirect != nil && backend(c, "pages").Servers[1].Backup &&
				slices.Equal(leads(f), []string{"", "", "websockets", "websockets", "websockets", "api"})
		},
		"10-hosts-over-tls": func(c *config.Config) bool {
			f := frontend(c, "sites")
			return f.RedirectHTTPS && len(f.Rules[0].Host) == 4 && f.Rules[1].Redirect.Location == "https://example.com/" &&
				f.Request[0].SetHeader["X-Real-IP"] == "{client_ip}"
		},
		"11-answers-of-its-own": func(c *config.Config) bool {
			f := frontend(c, "web")
			return f.Rules[0].Deny == 403 && f.Rules[1].Return.Status == 204
		},
		"12-rate-limit": func(c *config.Config) bool {
			f := frontend(c, "api")
			return f.Rules[0].RateLimit.Requests == 10 && f.Rules[0].RateLimit.Per == time.Second && !f.ErrorFiles[429].None() &&
				strings.HasPrefix(f.Rules[3].Return.Body, "<Error>\n")
		},
		"13-mysql-galera": func(c *config.Config) bool {
			b := backend(c, "mysql")
			return b.Mode == "tcp" && b.HealthCheck.Type == "mysql" && b.HealthCheck.User == "checker" && b.Servers[2].Maxconn == 2000
		},
		"14-postgresql-patroni": func(c *config.Config) bool {
			rw, ro := backend(c, "pg-rw"), backend(c, "pg-ro")
			return rw.Mode == "tcp" && rw.HealthCheck.Path == "/primary" && ro.HealthCheck.Path == "/replica" &&
				ro.HealthCheck.Port == 8008 && len(ro.Servers) == 4
		},
		"15-redis-sentinel": func(c *config.Config) bool {
			b := backend(c, "master")
			return b.HealthCheck.Steps[0].Send == `AUTH secret\r\n` && b.HealthCheck.Steps[3].ExpectRegex == "role:master" &&
				b.Balance.Algorithm == "first" && b.Servers[1].Backup
		},
		"16-rabbitmq": func(c *config.Config) bool {
			return len(c.Frontends) == 3 && len(c.Backends) == 3 && backend(c, "mqtt").Timeout.Tunnel == 3*time.Hour
		},
		"17-kubernetes-api": func(c *config.Config) bool {
			b := backend(c, "kubernetes")
			return b.Mode == "tcp" && b.HealthCheck.Type == "tcp" && len(b.Servers) == 3
		},
		"18-openshift": func(c *config.Config) bool {
			return backend(c, "api").Servers[0].Backup && backend(c, "router-https").Balance.Algorithm == "source" && len(c.Frontends) == 4
		},
		"19-mail": func(c *config.Config) bool {
			b := backend(c, "imaps")
			return len(c.Frontends) == 7 && b.Servers[0].SendProxy == "v2" && b.Timeout.Tunnel == time.Hour && b.Mode == "tcp"
		},
		"20-couchdb": func(c *config.Config) bool {
			b := backend(c, "manager")
			return b.AllBackups && b.Servers[2].Backup && b.Servers[3].Backup && b.HealthCheck.Path == "/"
		},
		"21-tls-passthrough": func(c *config.Config) bool {
			b := backend(c, "wall")
			return b.HealthCheck.Type == "tcp" && b.HealthCheck.TLS != nil && b.Servers[0].TLS == nil && frontend(c, "plain").Rules[0].Redirect.Code == 307
		},
	}
}

// Each shape names the public file that it stands for, as the list of them does.
func TestShapesNameTheirOrigin(t *testing.T) {
	list, err := os.ReadFile("testdata/shapes/README.md")
	if err != nil {
		t.Fatal(err)
	}
	origin := regexp.MustCompile(`(?m)^# The shape of github\.com/(\S+), (\S+)\.$`)
	written := 0
	for _, path := range shapeFiles(t) {
		name, isShape := strings.CutSuffix(filepath.Base(path), ".yml")
		if !isShape {
			continue
		}
		written++
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		of := origin.FindStringSubmatch(string(data))
		if of == nil {
			t.Errorf("%s does not say what it is the shape of", path)
			continue
		}
		if row := "| `" + name + "` | " + of[1] + " | `" + of[2] + "` |"; !strings.Contains(string(list), row) {
			t.Errorf("the list has no row that begins with %s", row)
		}
	}
	if all := strings.Count(string(list), "\n| ") - 1; written < 20 || all < 25 { // 1 is the head of the table
		t.Errorf("%d shapes of %d public files; want 20 of 25", written, all)
	}
}

func shapeFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/shapes/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no shapes: %v", err)
	}
	return files
}

const migrating = "../../../docs/migrating-from-haproxy.md"

// What the page for those who know HAProxy shows can be loaded.
func TestMigratingExamplesLoad(t *testing.T) {
	page, err := os.ReadFile(migrating)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	testkit.NewAuthority(t).Files(t, dir, "site", nil, "example.com")
	found := 0
	for i, part := range strings.Split(string(page), "```") {
		block, is := strings.CutPrefix(part, "yaml\n")
		if !is || i%2 == 0 {
			continue
		}
		found++
		if _, err := Parse(filepath.Join(dir, "example.yml"), []byte(block), unset); err != nil {
			t.Errorf("%v\nin:\n%s", err, block)
		}
	}
	if found == 0 {
		t.Errorf("no example on %s", migrating)
	}
}
