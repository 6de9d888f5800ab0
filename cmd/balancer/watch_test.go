package main_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/testkit"
)

// hail sends requests, whatever becomes of them, until the test ends.
func hail(t *testing.T, url string) *atomic.Int64 {
	var answers atomic.Int64
	done, ended := make(chan struct{}), make(chan struct{})
	client := &http.Client{Timeout: 5 * time.Second}
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			default:
			}
			if answer, err := client.Get(url); err == nil {
				_ = answer.Body.Close()
				answers.Add(1)
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended })
	return &answers
}

// TestWatchedReloads breaks a bound in one case each, by errors and by slowness, and none in
// another. An order that the reload dropped holds again after it has gone back.
func TestWatchedReloads(t *testing.T) {
	good := named(t, "good")
	bad := testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	slow := testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-r.Context().Done():
		}
	}))
	for _, test := range []struct {
		name, server, bounds string
		code                 int
		want                 string
	}{
		{"errors", bad, "60s min-requests 20 max-errors 5%", 1, " answers are 5xx, more than the 0.00 % before and the 5.00 % allowed on top"},
		{"slowness", slow, "60s min-requests 20 max-latency 3x", 1, "went back to the configuration before: servers take "},
		{"well", good, "2s min-requests 5", 0, "It stays in force: "},
		{"too few", good, "1s min-requests 1000000", 0, "Too few answers to judge by, "},
	} {
		t.Run(test.name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "ctl.sock")
			config := func(weight string, address string) string {
				return "admin_socket: " + socket + "\n" + strings.Replace(farm("", address), "name: web1,", "name: web1, weight: "+weight+",", 1)
			}
			r := run(t, config("1", good), nil)
			answers := hail(t, "http://"+r.addr+"/")
			testkit.Eventually(t, "there is a baseline", func() bool { return answers.Load() > 100 })
			if code, out, _ := command(t, "ctl", "--socket", socket, "set", "weight", "app/web1", "9"); code != 0 {
				t.Fatal(out)
			}
			r.configure(t, config("2", test.server))
			code, out, errs := command(t, append([]string{"ctl", "--socket", socket, "reload", "watch"}, strings.Fields(test.bounds)...)...)
			if code != test.code || !strings.Contains(out, test.want) || !strings.Contains(out, "Baseline of the last ") {
				t.Errorf("exit code %d, want %d with %q:\n%s%s", code, test.code, test.want, out, errs)
			}
			_, weight, _ := command(t, "ctl", "--socket", socket, "get", "weight", "app/web1")
			if want := map[int]string{0: "2 (initial 2)", 1: "9 (initial 1)"}[test.code]; !strings.HasPrefix(weight, want) {
				t.Errorf("the weight is %q, want %q", weight, want)
			}
			if test.code == 1 {
				testkit.Eventually(t, "the log says why", func() bool { return strings.Contains(r.Stderr.String(), "the reload was undone") })
				if got := r.column(t, "app", "web1", "addr"); got != good {
					t.Errorf("the server is at %s, want %s", got, good)
				}
				if pending := r.gauge(t, "relais_config_pending"); pending != 1 {
					t.Errorf("what is on disk is not what runs, and relais_config_pending is %v", pending)
				}
			}
		})
	}
}
