package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// stateListen is how /proc/net/tcp says that a socket listens.
const stateListen = "0A"

// holder says which program listens on a TCP port of this machine, as far as it can be found out:
// other users' programs show themselves to root only.
func holder(port int) string {
	for _, inode := range listening(port) {
		if pid := owner("socket:[" + inode + "]"); pid != "" {
			return fmt.Sprintf("%s (pid %s)", programName(pid), pid)
		}
	}
	return "another program"
}

// listening returns the inodes of the sockets that listen on a port.
func listening(port int) (inodes []string) {
	suffix := fmt.Sprintf(":%04X", port)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table) // without it, nothing is known
		for line := range strings.Lines(string(text)) {
			// number, local address, remote address, state, ... the inode is the tenth
			f := strings.Fields(line)
			if len(f) > 9 && strings.HasSuffix(f[1], suffix) && f[3] == stateListen {
				inodes = append(inodes, f[9])
			}
		}
	}
	return inodes
}

// owner returns the process that has a socket open; empty: none that can be seen.
func owner(socket string) (pid string) {
	processes, _ := os.ReadDir("/proc")
	for _, p := range processes {
		if _, err := strconv.Atoi(p.Name()); err != nil {
			continue
		}
		dir := filepath.Join("/proc", p.Name(), "fd")
		descriptors, _ := os.ReadDir(dir)
		for _, d := range descriptors {
			if target, err := os.Readlink(filepath.Join(dir, d.Name())); err == nil && target == socket {
				return p.Name()
			}
		}
	}
	return ""
}

func programName(pid string) string {
	name, err := os.ReadFile(filepath.Join("/proc", pid, "comm"))
	if err != nil {
		return "a program"
	}
	return printable(strings.TrimSpace(string(name)))
}
