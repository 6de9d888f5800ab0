package handover

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProgram(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"old", "new"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "balancer")
	if err := os.Symlink("new", link); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("PATH", "/nowhere:"+dir)
	for name, want := range map[string]string{
		"balancer":             link, // not where it leads, which is another place after the next change
		"./balancer":           link,
		link:                   link,
		"worker of the night":  self,
		dir + "/uninstalled/x": self,
	} {
		if got, err := Program(name); got != want || err != nil {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, want)
		}
	}
}

func TestWorkingDirectoryHasGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "release-7")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for _, o := range []StartOptions{{Path: "/bin/true"}, {Path: "/bin/true", Dir: dir}} {
		_, err := Start(o)
		if want := "start /bin/true: the working directory has gone: "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("in %q: got %v, want %q", o.Dir, err, want)
		}
	}
}

func TestPossible(t *testing.T) {
	for name, test := range map[string]struct {
		process
		env  map[string]string
		want string // part of the error; empty: none
	}{
		"alone":                {process{pid: 7}, nil, ""},
		"PID 1":                {process{pid: 1}, nil, "PID 1 of a container, which ends with it; start a second container"},
		"docker run --init":    {process{pid: 7, parent: "docker-init"}, nil, "the process that docker-init has started; start a second container"},
		"a service":            {process{pid: 7, parent: "systemd"}, map[string]string{"SYSTEMD_EXEC_PID": "7", "NOTIFY_SOCKET": "/run/systemd/notify"}, ""},
		"a service in silence": {process{pid: 7, parent: "systemd"}, map[string]string{"SYSTEMD_EXEC_PID": "7"}, "write Type=notify and NotifyAccess=all"},
		"a service's child":    {process{pid: 8}, map[string]string{"SYSTEMD_EXEC_PID": "7"}, ""},
		"in the stack":         {process{pid: 7}, map[string]string{"RELAIS_SUPERVISED": "1"}, "restart the stack"},
	} {
		t.Run(name, func(t *testing.T) {
			test.getenv = func(key string) (string, bool) { value, found := test.env[key]; return value, found }
			err := test.replaceable()
			if test.want == "" && err == nil {
				return
			}
			if test.want == "" || !errors.Is(err, ErrImpossible) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
