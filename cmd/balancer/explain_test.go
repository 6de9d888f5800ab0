package main_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestExplain asks on the command line, at the lowest level: options of explain are not those of
// ctl.
func TestExplain(t *testing.T) {
	config, socket := withSocket(t, farm("", named(t, "a")))
	config = strings.Replace(config, "admin_socket: ", "admin_socket: {level: user, path: ", 1)
	config = strings.Replace(config, "\n", "}\n", 1)
	run(t, config, nil)
	for _, test := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"--backend", "app", "--last", "5m"}, "backend app", 0},
		{[]string{"--backend=app", "--server=web1"}, "backend app", 0},
		{[]string{"backend", "app"}, "backend app", 0},
		{[]string{"--backend", "nobody"}, "No such backend.", 1},
		{[]string{"0af7651916cd43dd8448eb211c80319c"}, "no such request is remembered: ordinary ones: ", 1},
		{[]string{"--last", "10m", "--client", "192.0.2.0/24", "--path", "/a b", "--status", "503", "--limit", "20"}, "no such request is remembered", 1},
		{[]string{"--socket", "x"}, `"--socket" is not known; there are --backend, `, 1},
		{nil, "the id of a request, or --backend NAME", 1},
	} {
		out, err := exec.Command(balancerPath, append([]string{"ctl", "--socket", socket, "explain"}, test.args...)...).CombinedOutput()
		code := 0
		if exit, ok := err.(*exec.ExitError); ok {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if code != test.code || !strings.Contains(string(out), test.want) {
			t.Errorf("explain %q: exit %d, %s", test.args, code, out)
		}
	}
}
