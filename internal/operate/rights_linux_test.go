package operate

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// private gives the test's goroutine a view of the mounts of its own, which ends with it.
func private(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // and never unlocked, so that the thread ends with the test
	err := syscall.Unshare(syscall.CLONE_NEWNS)
	if err == nil {
		err = syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("unshare mounts: %v", err)
		}
		t.Skipf("needs the right to mount: %v", err)
	}
}

// mount mounts for a private test. With the option bind it shows source at target too.
func mount(t *testing.T, source, target, kind, options string) {
	t.Helper()
	flags := uintptr(0)
	if options == "bind" {
		flags, options = syscall.MS_BIND, ""
	}
	if err := syscall.Mount(source, target, kind, flags, options); err != nil {
		t.Fatalf("mount %s: %v", target, err)
	}
	// While the thread lives, what is mounted would keep the test's folder from being removed.
	t.Cleanup(func() { syscall.Unmount(target, syscall.MNT_DETACH) })
}

// asNobody has the test's goroutine use files as a user without rights, who can reach the file of
// that path and has what its mode leaves to its owner. Who is not root has no more rights anyway.
func asNobody(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	check(t, os.Chown(path, nobody, nobody))
	for dir := filepath.Dir(filepath.Dir(path)); dir != "/" && dir != "/tmp"; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o111 != 0o111 { // a TMPDIR of the user's own
			check(t, os.Chmod(dir, info.Mode().Perm()|0o111))
			t.Cleanup(func() { check(t, os.Chmod(dir, info.Mode().Perm())) })
		}
	}
	runtime.LockOSThread() // and never unlocked, so that the thread ends with the test
	check(t, syscall.Setfsuid(nobody))
	t.Cleanup(func() { check(t, syscall.Setfsuid(0)) })
}
