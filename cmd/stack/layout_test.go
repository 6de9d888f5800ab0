package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func defaults() options {
	return options{data: "./data", web: 3, port: 8080, statsPort: 8404, webPort: 5001}
}

func TestLayout(t *testing.T) {
	tests := []struct {
		bind              string
		app, stats        string
		appURL, statsURL  string
		appIsOnEverything bool
	}{
		{"", ":8080", "127.0.0.1:8404", "http://localhost:8080/", "http://127.0.0.1:8404/", true},
		{"127.0.0.1", "127.0.0.1:8080", "127.0.0.1:8404", "http://127.0.0.1:8080/", "http://127.0.0.1:8404/", false},
		{"0.0.0.0", "0.0.0.0:8080", "0.0.0.0:8404", "http://localhost:8080/", "http://localhost:8404/", true},
		{"::", "[::]:8080", "[::]:8404", "http://localhost:8080/", "http://localhost:8404/", true},
		{"::1", "[::1]:8080", "[::1]:8404", "http://[::1]:8080/", "http://[::1]:8404/", false},
		{"box", "box:8080", "box:8404", "http://box:8080/", "http://box:8404/", false},
	}
	for _, tt := range tests {
		o := defaults()
		o.bind = tt.bind
		l := layoutOf(o)
		if l.app.address() != tt.app || l.stats.address() != tt.stats || l.app.everywhere() != tt.appIsOnEverything {
			t.Errorf("--bind %q: %s and %s", tt.bind, l.app.address(), l.stats.address())
		}
		if l.app.url("/") != tt.appURL || l.stats.url("/") != tt.statsURL {
			t.Errorf("--bind %q: %s and %s", tt.bind, l.app.url("/"), l.stats.url("/"))
		}
		for i, want := range []string{"127.0.0.1:5001", "127.0.0.1:5002", "127.0.0.1:5003"} {
			if got := l.web[i].address(); got != want {
				t.Errorf("--bind %q: web server on %s, want %s", tt.bind, got, want)
			}
		}
	}
}

func TestOptionFaults(t *testing.T) {
	tests := []struct {
		name   string
		change func(*options)
		want   string // a part of the fault; empty: none
	}{
		{"defaults", func(*options) {}, ""},
		{"one", func(o *options) { o.web = 1 }, ""},
		{"most", func(o *options) { o.web = 64 }, ""},
		{"free ports", func(o *options) { o.port, o.statsPort, o.webPort = 0, 0, 0 }, ""},
		{"IPv6", func(o *options) { o.bind = "fd00::1" }, ""},
		{"none", func(o *options) { o.web = 0 }, "say 1 to 64"},
		{"too many", func(o *options) { o.web = 65 }, "say 1 to 64"},
		{"no directory", func(o *options) { o.data = "" }, "--data is empty"},
		{"bind with a port", func(o *options) { o.bind = "10.0.0.1:90" }, "say --bind 10.0.0.1 --port 90"},
		{"bind is a port", func(o *options) { o.bind = ":90" }, "say --bind 0.0.0.0 --port 90"},
		{"port", func(o *options) { o.port = 65536 }, "--port 65536 is not a port"},
		{"stats port", func(o *options) { o.statsPort = -1 }, "--stats-port -1 is not a port"},
		{"no room", func(o *options) { o.webPort = 65534 }, "no room for 3 web servers"},
		{"twice", func(o *options) { o.webPort = 8078 }, "port 8080 is for the application and for web3; change --first-web-port"},
		{"twice in front", func(o *options) { o.statsPort = 8080 }, "change --stats-port"},
	}
	for _, tt := range tests {
		o := defaults()
		tt.change(&o)
		if got := o.fault(); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestClaimPorts(t *testing.T) {
	o := defaults()
	o.port, o.statsPort, o.webPort, o.bind = 0, 0, 0, "127.0.0.1"
	l, err := claimPorts(layoutOf(o))
	if err != nil {
		t.Fatal(err)
	}
	ports := map[int]bool{}
	for _, s := range l.sites() {
		ports[s.port] = true
		ln, err := net.Listen("tcp", s.address())
		if err != nil {
			t.Errorf("%s is not free: %v", s.name, err)
			continue
		}
		ln.Close()
	}
	if len(ports) != 5 || ports[0] {
		t.Errorf("ports %v, want five", ports)
	}
}

// An address that this machine does not have is one fault, not one for each port.
func TestForeignAddress(t *testing.T) {
	o := defaults()
	o.port, o.statsPort, o.webPort, o.bind = 0, 0, 0, "192.0.2.1"
	_, err := claimPorts(layoutOf(o))
	if want := "192.0.2.1 is not an address of this machine: choose another one with --bind"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOverview(t *testing.T) {
	compare(t, "overview.golden", overview(layoutOf(defaults()), "./data", 100, []int{101, 102, 103}))
}

func TestBalancerConfig(t *testing.T) {
	o := defaults()
	o.web, o.bind = 2, "::1"
	compare(t, "balancer.yml", balancerConfig(layoutOf(o), "/data", false))
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant testdata/%s:\n%s", got, name, want)
	}
}
