package stats_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/stats"
	"relais/stats/statstest"
)

// The first columns have been the same in every HAProxy of the last years; consumers read them
// by position.
const commonColumns = 98

// oddities are tagged otherwise for a backend than for a frontend or server by HAProxy, for the
// same figure.
var oddities = []string{"Backend act", "Backend bck", "Backend rate", "Backend rate_max"}

// A real HAProxy names its columns as we do and gives them the same JSON types and tags.
func TestRealHAProxyAgrees(t *testing.T) {
	base := startHAProxy(t)

	header, _, _ := strings.Cut(get(t, base+"/;csv"), "\n")
	theirs := strings.Split(header, ",")[:commonColumns]
	ours := strings.Split(haproxyHeader, ",")[:commonColumns]
	if !slices.Equal(ours, theirs) {
		t.Errorf("our columns:\n%v\nHAProxy's:\n%v", ours, theirs)
	}

	s := statstest.Sample()
	want := shapes(readJSON(t, []byte(get(t, base+"/;json"))))
	for field, got := range shapes(readJSON(t, writeJSON(t, &s, stats.Filter{}))) {
		if theirs, known := want[field]; known && got != theirs && !slices.Contains(oddities, field) {
			t.Errorf("JSON of %s is %s, HAProxy's is %s", field, got, theirs)
		}
	}
}

// shapes returns type and tags of each field per kind of object.
func shapes(rows [][]figure) map[string]string {
	m := map[string]string{}
	for _, row := range rows {
		for _, f := range row {
			if f.Field.Pos < commonColumns {
				m[f.ObjType+" "+f.Field.Name] = fmt.Sprint(f.Field.Pos, " ", f.ProcessNum, " ", f.Value.Type, " ", f.Tags)
			}
		}
	}
	return m
}

// startHAProxy runs HAProxy with a statistics page until the test ends and returns its address.
func startHAProxy(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("haproxy is not installed")
		}
		t.Skip("haproxy is not installed")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	inherited, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer inherited.Close()

	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(config, []byte(haproxyConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-db", "-f", config)
	cmd.ExtraFiles = []*os.File{inherited}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return "http://" + listener.Addr().String()
}

const haproxyConfig = `
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen stats
  bind fd@3
  stats enable
  stats uri /
  stats show-legends
backend app
  option httpchk GET /
  server web1 127.0.0.1:9 check inter 200ms
`

// get asks until the answer holds a health check's result, for a HAProxy that is starting.
func get(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: 2 * time.Second}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-poll.C {
		answer, err := client.Get(url)
		if err != nil {
			continue
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err == nil && strings.Contains(string(body), "L4CON") {
			return string(body)
		}
	}
	t.Fatalf("no answer from %s", url)
	return ""
}
