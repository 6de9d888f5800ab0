package app

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

const (
	// reservedFiles are the descriptors kept from clients: health checks, the admin listener, the
	// logs and the listeners themselves must work when the balancer is full.
	reservedFiles = 128

	// bytesPerConn is what a client connection with a request in flight holds, roughly: a read
	// buffer of 16 KiB on either side.
	bytesPerConn = 32 << 10
)

// MemoryLimit keeps the garbage collector below nine tenths of the memory that the control group
// of the process may use, so that the kernel does not kill it for garbage. A GOMEMLIMIT set by
// the user is respected. It returns the limit in bytes, 0 for none, and the reason.
func MemoryLimit() (limit int64, why string) {
	if env := os.Getenv("GOMEMLIMIT"); env != "" {
		limit = debug.SetMemoryLimit(-1)
		if limit == math.MaxInt64 {
			limit = 0
		}
		return limit, "GOMEMLIMIT=" + env
	}
	limit, why = memoryLimit(os.DirFS("/"))
	if limit > 0 {
		debug.SetMemoryLimit(limit)
	}
	return limit, why
}

// OpenFiles returns how many descriptors the process may open. The Go runtime has raised the
// soft limit to the hard one before main.
func OpenFiles() (uint64, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("read open-files limit: %w", err)
	}
	return limit.Cur, nil
}

// MaxConns returns how many client connections there may be at once, and the reason. Each needs a
// second descriptor for its server. When configured is 0, the open files and the memory limit
// (bytes, 0: none) decide. A configured value is reduced to what the open files allow, and then
// the reason is a warning.
func MaxConns(configured int, openFiles uint64, memory int64) (conns int, why string) {
	reserved := min(reservedFiles, openFiles/4)
	byFiles := int(max(1, min((openFiles-reserved)/2, math.MaxInt32)))
	switch byMemory := int(max(1, min(memory/bytesPerConn, math.MaxInt32))); {
	case configured > byFiles:
		return byFiles, fmt.Sprintf("maxconn %d needs %d open files and the limit is %d: using %d; raise the limit (ulimit -n, or ulimits nofile in Compose)",
			configured, 2*uint64(configured)+reserved, openFiles, byFiles)
	case configured > 0:
		return configured, "configured"
	case memory > 0 && byMemory < byFiles:
		return byMemory, fmt.Sprintf("memory limit of %d MiB, %d KiB for each connection", memory>>20, bytesPerConn>>10)
	default:
		return byFiles, fmt.Sprintf("limit of %d open files, %d kept back, two for each connection", openFiles, reserved)
	}
}

// memoryLimit reads the files of a system whose root is root.
func memoryLimit(root fs.FS) (limit int64, why string) {
	file, most := controlGroupMemory(root)
	if file == "" {
		return 0, "no memory limit in the control group"
	}
	return most / 10 * 9, fmt.Sprintf("90%% of the %d MiB in /%s", most>>20, file)
}

// controlGroupMemory finds the tightest limit among the process's control group and its parents,
// and the file that sets it. A container sees its own group as the root, which no path may name.
func controlGroupMemory(root fs.FS) (file string, most int64) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return "", 0
	}
	for line := range strings.Lines(string(groups)) {
		mount, name, group := memoryController(strings.TrimSuffix(line, "\n"))
		if mount == "" {
			continue
		}
		for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
			candidate := path.Join(mount, dir, name)
			if bytes := readLimit(root, candidate); bytes > 0 && (file == "" || bytes < most) {
				file, most = candidate, bytes
			}
			if dir == "/" {
				break
			}
		}
	}
	return file, most
}

// memoryController tells where a line of /proc/self/cgroup, ID:CONTROLLERS:PATH, has its memory
// limits: version 2 has no controllers in the line, version 1 lists them. Empty: nowhere.
func memoryController(line string) (mount, name, group string) {
	_, rest, _ := strings.Cut(line, ":")
	controllers, group, found := strings.Cut(rest, ":")
	switch {
	case !found:
		return "", "", ""
	case controllers == "":
		return "sys/fs/cgroup", "memory.max", group
	case strings.Contains(","+controllers+",", ",memory,"):
		return "sys/fs/cgroup/memory", "memory.limit_in_bytes", group
	default:
		return "", "", ""
	}
}

// readLimit returns 0 for no limit: "max" in version 2, a number beyond all memory in version 1.
func readLimit(root fs.FS, file string) int64 {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0
	}
	bytes, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || bytes >= 1<<62 {
		return 0
	}
	return bytes
}
