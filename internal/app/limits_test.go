package app

import (
	"math"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
)

func TestMemoryLimitFromControlGroup(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		name  string
		files map[string]string
		want  int64
		why   string // part of the reason
	}{
		{"v2 container", map[string]string{
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/memory.max": "268435456\n",
		}, 256 * mib / 10 * 9, "90% of the 256 MiB in /sys/fs/cgroup/memory.max"},
		{"v2 limit on a parent", map[string]string{
			"proc/self/cgroup":                                         "0::/system.slice/app.service/worker\n",
			"sys/fs/cgroup/system.slice/memory.max":                    "max\n",
			"sys/fs/cgroup/system.slice/app.service/memory.max":        "104857600\n",
			"sys/fs/cgroup/system.slice/app.service/worker/memory.max": "209715200\n",
		}, 100 * mib / 10 * 9, "/sys/fs/cgroup/system.slice/app.service/memory.max"},
		{"v2 path of the host seen in a container", map[string]string{
			"proc/self/cgroup":         "0::/docker/4f2a\n",
			"sys/fs/cgroup/memory.max": "104857600\n",
		}, 100 * mib / 10 * 9, "100 MiB"},
		{"v2 path outside of the namespace", map[string]string{
			"proc/self/cgroup":         "0::/../other\n",
			"sys/fs/cgroup/memory.max": "104857600\n",
		}, 100 * mib / 10 * 9, "100 MiB"},
		{"v2 unlimited", map[string]string{
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/memory.max": "max\n",
		}, 0, "no memory limit"},
		{"v1", map[string]string{
			"proc/self/cgroup": "9:cpu,cpuacct:/docker/4f2a\n4:memory:/docker/4f2a\n",
			"sys/fs/cgroup/memory/docker/4f2a/memory.limit_in_bytes": "536870912\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":             "9223372036854771712\n",
		}, 512 * mib / 10 * 9, "512 MiB in /sys/fs/cgroup/memory/docker/4f2a/memory.limit_in_bytes"},
		{"v1 beside an empty v2", map[string]string{
			"proc/self/cgroup":                           "4:hugetlb,memory:/\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "104857600\n",
		}, 100 * mib / 10 * 9, "100 MiB"},
		{"v1 unlimited", map[string]string{
			"proc/self/cgroup": "4:memory:/a\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
		}, 0, "no memory limit"},
		{"no such file", nil, 0, "no memory limit"},
		{"nonsense", map[string]string{
			"proc/self/cgroup":         "\n0\n0:\n0::/\n",
			"sys/fs/cgroup/memory.max": "much\n",
		}, 0, "no memory limit"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range test.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			got, why := memoryLimit(root)
			if got != test.want || !strings.Contains(why, test.why) {
				t.Errorf("got %d, %q; want %d, %q", got, why, test.want, test.why)
			}
		})
	}
}

func TestMemoryLimitOfTheUserWins(t *testing.T) {
	before := debug.SetMemoryLimit(123 << 20) // as the runtime does for the variable
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "123MiB")
	if got, why := MemoryLimit(); got != 123<<20 || why != "GOMEMLIMIT=123MiB" {
		t.Errorf("got %d, %q", got, why)
	}
	debug.SetMemoryLimit(math.MaxInt64)
	t.Setenv("GOMEMLIMIT", "off")
	if got, why := MemoryLimit(); got != 0 || why != "GOMEMLIMIT=off" {
		t.Errorf("got %d, %q", got, why)
	}
}

func TestMemoryLimitIsSet(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "")
	want, _ := memoryLimit(os.DirFS("/"))
	if got, why := MemoryLimit(); got != want || why == "" {
		t.Errorf("got %d, %q; want %d", got, why, want)
	}
	if want == 0 {
		want = before
	}
	if got := debug.SetMemoryLimit(-1); got != want {
		t.Errorf("the runtime's limit is %d, want %d", got, want)
	}
}

func TestMaxConns(t *testing.T) {
	tests := []struct {
		name       string
		configured int
		openFiles  uint64
		memory     int64
		want       int
		why        string
	}{
		{"from open files", 0, 20000, 0, 9936, "limit of 20000 open files, 128 kept back, two for each connection"},
		{"from memory", 0, 1 << 20, 128 << 20, 4096, "memory limit of 128 MiB, 32 KiB for each connection"},
		{"memory is plenty", 0, 20000, 4 << 30, 9936, "limit of 20000 open files, 128 kept back, two for each connection"},
		{"configured", 5000, 20000, 1 << 20, 5000, "configured"},
		{"exactly what is possible", 9936, 20000, 0, 9936, "configured"},
		{"more than is possible", 50000, 20000, 0, 9936, "maxconn 50000 needs 100128 open files and the limit is 20000: using 9936; raise the limit (ulimit -n, or ulimits nofile in Compose)"},
		{"a small limit", 0, 64, 0, 24, "limit of 64 open files, 16 kept back, two for each connection"},
		{"hardly any", 0, 3, 1, 1, "limit of 3 open files, 0 kept back, two for each connection"},
		{"none", 0, 0, 0, 1, "limit of 0 open files, 0 kept back, two for each connection"},
		{"no limit", 0, math.MaxUint64, 0, math.MaxInt32, "limit of 18446744073709551615 open files, 128 kept back, two for each connection"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, why := MaxConns(test.configured, test.openFiles, test.memory)
			if got != test.want || why != test.why {
				t.Errorf("got %d, %q; want %d, %q", got, why, test.want, test.why)
			}
		})
	}
}

func TestOpenFilesIsTheHardLimit(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if got, err := OpenFiles(); err != nil || got != limit.Max {
		t.Errorf("got %d, %v; want the hard limit %d", got, err, limit.Max)
	}
}
