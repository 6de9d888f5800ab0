package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"relais/internal/testkit"
)

// TestLimitOfTheProcessOutlivesIt has an operator limit the connections of all frontends, and the
// balancer killed.
func TestLimitOfTheProcessOutlivesIt(t *testing.T) {
	dir, err := os.MkdirTemp("", "relais") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := testkit.HTTPServer(t, func(http.ResponseWriter, *http.Request) {})
	config := fmt.Sprintf("admin_socket: %s/s\nstate_file: %s/state\n%s", dir, dir, farm("", testkit.Address(s)))
	ctl := func(command ...string) string {
		out, err := exec.Command(balancerPath, append([]string{"ctl", "--socket", dir + "/s"}, command...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v: %s", command, err, out)
		}
		return string(out)
	}
	r := run(t, config, nil)
	ctl("set", "maxconn", "global", "7")
	r.Signal(syscall.SIGKILL)
	r.ExitCode(t)
	run(t, config, nil)
	if info := ctl("show", "info"); !strings.Contains(info, "\nMaxconn: 7\n") {
		t.Errorf("after a restart:\n%s", info)
	}
}
