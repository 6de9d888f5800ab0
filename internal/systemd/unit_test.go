package systemd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// units are the files in scripts/systemd, with what must be said in them.
func units() map[string][]string {
	return map[string][]string{
		"relais-balancer.service": {
			"Service.Type=notify", "Service.Type=notify-reload", "Service.NotifyAccess=all", "Service.KillMode=mixed", "Service.WatchdogSec=30s",
			"Service.DynamicUser=yes", "Service.NoNewPrivileges=yes", "Service.ProtectSystem=strict", "Service.LimitNOFILE=1048576",
			"Service.StateDirectory=relais", "Service.RuntimeDirectory=relais", "Service.AmbientCapabilities=CAP_NET_BIND_SERVICE",
			"Service.ExecStart=/usr/local/bin/balancer run --config /etc/relais/balancer.yml",
			"Service.ExecReload=/bin/kill -HUP $MAINPID", "Install.WantedBy=multi-user.target",
		},
		"relais-balancer.socket": {"Socket.ListenStream=8080", "Socket.BindIPv6Only=both", "Install.WantedBy=sockets.target"},
	}
}

// TestUnits reads the unit files, and has systemd read them where there is one.
func TestUnits(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for name, want := range units() {
		text, err := os.ReadFile(filepath.Join("..", "..", "scripts", "systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		said := settings(string(text))
		for _, setting := range want {
			if !slices.Contains(said, setting) {
				t.Errorf("%s does not say %s", name, setting)
			}
		}
		// The program need not be installed here.
		text = bytes.Replace(text, []byte("=/usr/local/bin/balancer "), []byte("=/bin/sh "), 1)
		files = append(files, filepath.Join(dir, name))
		if err := os.WriteFile(files[len(files)-1], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not installed: systemd has not read the units")
		return
	}
	out, err := exec.Command(analyze, append([]string{"verify"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze verify: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		// The machine's own units may have faults; before systemd 253 there is no notify-reload.
		if strings.Contains(line, "relais-balancer") && !strings.Contains(line, "ignoring: notify-reload") {
			t.Error("systemd-analyze verify: " + line)
		}
	}
}

// settings returns what a unit says, as SECTION.KEY=VALUE.
func settings(unit string) (all []string) {
	section := ""
	for line := range strings.Lines(unit) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		default:
			all = append(all, section+"."+line)
		}
	}
	return all
}
