package operate

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAChangeThatTheDiskRefusesIsNotMade(t *testing.T) {
	path := pathInFolder(t)
	j := open(t, path)
	give(t, j, drain(0))
	closeFolder(t, path)
	revision := j.Revision()

	err := j.Give(on("web2", 0))
	wantError(t, err, ErrNotMade)
	if want := "the change is not made: write state file " + path + ": no such file or directory; make its folder, then repeat it"; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	_, err = j.SetBack("bob", Target{web1, State})
	wantError(t, err, ErrNotMade)
	wantError(t, j.AddServer(web9()), ErrNotMade)
	if orders := j.Orders(); len(orders) != 1 || orders[0].Object != web1 || len(j.Servers()) > 0 || j.Revision() != revision {
		t.Errorf("%v hold, want the first order as it was", orders)
	}
	if last := j.Changes()[1]; !strings.Contains(last.Result, "no such file or directory") || last.What != "server app/web2: state drain" {
		t.Errorf("the history says %+v", last)
	}

	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	give(t, j, on("web2", 0))
	wantSame(t, open(t, path), j)
}

func TestReconcileHoldsThoughTheDiskRefuses(t *testing.T) {
	path := pathInFolder(t)
	j := open(t, path)
	give(t, j, drain(0))
	closeFolder(t, path)
	dropped, err := j.Reconcile(&fakeFile{})
	wantError(t, err, fs.ErrNotExist)
	if len(dropped) != 1 || len(j.Orders()) > 0 {
		t.Errorf("%v is dropped, %v hold", dropped, j.Orders())
	}
}

func TestAFileThatCannotBeWrittenIsToldAtOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "state")
	j, report := Open(path)
	if report.Fault == nil || !strings.HasSuffix(report.Fault.Error(), "no such file or directory; make its folder, then repeat it") {
		t.Errorf("the fault is %v", report.Fault)
	}
	wantError(t, j.Give(drain(0)), ErrNotMade)
}

func TestAFullDisk(t *testing.T) {
	private(t)
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", "size=64k")
	path := filepath.Join(dir, "state")
	j := open(t, path)
	give(t, j, drain(0))
	before := content(t, path)
	err := j.Give(thousand()...)
	wantError(t, err, syscall.ENOSPC)
	if !strings.HasSuffix(err.Error(), "no space left on device; make room on that disk, then repeat it") {
		t.Error(err)
	}
	if content(t, path) != before {
		t.Error("the file has changed")
	}
	if names, _ := filepath.Glob(dir + "/*"); len(names) != 1 {
		t.Errorf("%v are left behind", names)
	}
	give(t, j, on("web2", 0))
}

func TestADiskThatIsReadOnlyForAWhile(t *testing.T) {
	private(t)
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", "")
	path := filepath.Join(dir, "state")
	j := open(t, path)
	give(t, j, drain(0))

	check(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	err := j.Give(on("web2", 0))
	wantError(t, err, syscall.EROFS)
	if want := "read-only file system; let the balancer's user write the file and its folder, then repeat it"; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %q, want %q at its end", err, want)
	}
	again, report := Open(path)
	if report.Fault == nil || !strings.Contains(report.Fault.Error(), "read-only file system") || report.Warning != "" {
		t.Errorf("opened again: %+v", report)
	}
	wantSame(t, again, j)

	check(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, ""))
	give(t, j, on("web2", 0))
	wantSame(t, open(t, path), j)
}

// As Compose mounts a file: by itself, where nothing can be renamed to.
func TestAMountOfItsOwnIsWrittenInPlace(t *testing.T) {
	private(t)
	path := statePath(t)
	source := filepath.Join(t.TempDir(), "source")
	writeFile(t, source, "")
	writeFile(t, path, "")
	mount(t, source, path, "", "bind")

	j, report := Open(path)
	if report.Fault != nil || !strings.Contains(report.Warning, "is written in place, which a crash can leave half done") || !strings.Contains(report.Warning, "mount the folder instead") {
		t.Fatalf("fault %v, warning %q", report.Fault, report.Warning)
	}
	give(t, j, samples()...)
	long := content(t, source)
	if _, err := j.SetBack("bob", Target{web1, State}); err != nil {
		t.Fatal(err)
	}
	if len(content(t, source)) >= len(long) {
		t.Error("the file is as long as before")
	}
	again, report := Open(path)
	if report.Fault != nil || report.Lost != nil || report.Warning == "" {
		t.Errorf("opened again: %+v", report)
	}
	wantSame(t, again, j)
	if names, _ := filepath.Glob(path + "*"); len(names) != 1 {
		t.Errorf("%v are left behind", names)
	}

	writeFile(t, source, long[:len(long)/2])
	_, report = Open(path)
	wantAside(t, path, report, long[:len(long)/2])
}

// A write in place that the disk refuses halfway leaves what was there.
func TestAFullDiskUnderAMountOfItsOwn(t *testing.T) {
	private(t)
	disk, path := t.TempDir(), statePath(t)
	mount(t, "tmpfs", disk, "tmpfs", "size=64k")
	source := filepath.Join(disk, "source")
	writeFile(t, source, "")
	writeFile(t, path, "")
	mount(t, source, path, "", "bind")
	j, report := Open(path)
	if report.Fault != nil {
		t.Fatal(report.Fault)
	}
	give(t, j, drain(0))
	wantError(t, j.Give(thousand()...), syscall.ENOSPC)
	again, report := Open(path)
	if report.Fault != nil || report.Lost != nil {
		t.Errorf("opened again: %+v", report)
	}
	wantSame(t, again, j)
}

func TestNoFileInAFolderClosedToTheBalancer(t *testing.T) {
	path := statePath(t)
	writeFile(t, path, "")
	check(t, os.Chmod(filepath.Dir(path), 0o555))
	t.Cleanup(func() { check(t, os.Chmod(filepath.Dir(path), 0o755)) })
	asNobody(t, path)
	missing := filepath.Join(filepath.Dir(path), "missing")
	_, report := Open(missing)
	want := "write state file " + missing + ": permission denied; let the balancer's user write the file and its folder, then repeat it"
	if report.Fault == nil || report.Fault.Error() != want || report.Warning != "" {
		t.Errorf("got  %v, warning %q\nwant %s", report.Fault, report.Warning, want)
	}
}

func TestAFolderClosedToTheBalancer(t *testing.T) {
	path := statePath(t)
	writeFile(t, path, "")
	check(t, os.Chmod(filepath.Dir(path), 0o555))
	t.Cleanup(func() { check(t, os.Chmod(filepath.Dir(path), 0o755)) })
	asNobody(t, path)
	j, report := Open(path)
	if report.Fault != nil || report.Warning == "" {
		t.Fatalf("fault %v, warning %q, want it written in place", report.Fault, report.Warning)
	}
	give(t, j, drain(0))
	again, report := Open(path)
	wantSame(t, again, j)

	damaged := content(t, path)[1:]
	writeFile(t, path, damaged)
	j, report = Open(path)
	if report.Fault == nil || report.Lost == nil || len(j.Orders()) != 1 {
		t.Fatalf("opened damaged: %+v, %v hold", report, j.Orders())
	}
	give(t, j, on("web2", 0))
	if content(t, path) != damaged || !strings.Contains(j.Warning(), "keep damaged state file") {
		t.Errorf("it is written over, though it is kept nowhere; the warning is %q", j.Warning())
	}
}

// What cannot be read may be worth more than what we have.
func TestAFileThatCannotBeReadIsNeverWritten(t *testing.T) {
	for name, test := range map[string]struct {
		make func(t *testing.T, path string)
		want string
	}{
		"permission": {func(t *testing.T, path string) {
			writeFile(t, path, "secret")
			check(t, os.Chmod(path, 0))
			asNobody(t, path)
		}, "permission denied"},
		"directory": {func(t *testing.T, path string) { check(t, os.Mkdir(path, 0o700)) }, "it is no regular file"},
		"pipe":      {func(t *testing.T, path string) { check(t, syscall.Mkfifo(path, 0o600)) }, "it is no regular file"},
		"too large": {func(t *testing.T, path string) {
			writeFile(t, path, "")
			check(t, os.Truncate(path, longestFile+1))
		}, "it has more than 16 MB, so that it is another program's"},
	} {
		t.Run(name, func(t *testing.T) {
			path := statePath(t)
			test.make(t, path)
			before, err := os.Lstat(path)
			check(t, err)
			j, report := Open(path)
			if report.Fault == nil || !strings.Contains(report.Fault.Error(), "read state file "+path+": "+test.want) {
				t.Fatalf("the fault is %v, want %s", report.Fault, test.want)
			}
			give(t, j, drain(0))
			if want := "not kept over a restart: read state file " + path; !strings.HasPrefix(j.Warning(), want) {
				t.Errorf("the warning is %q, want %q", j.Warning(), want)
			}
			after, err := os.Lstat(path)
			if names, _ := filepath.Glob(path + "*"); err != nil || !os.SameFile(before, after) || before.ModTime() != after.ModTime() || len(names) != 1 {
				t.Errorf("something was written: %v, %v", names, err)
			}
		})
	}
}

func TestAtMostFiveAreKeptAside(t *testing.T) {
	path := statePath(t)
	stranger := path + asideSuffix + "by-the-cat"
	writeFile(t, stranger, "cat")
	start := time.Date(2026, 11, 23, 4, 5, 6, 0, time.UTC)
	for i, at := range []int{0, 0, 0, 1, 2, 3, 4, -1} { // seconds; several within one, and a clock set back
		aside, err := setAside(path, fmt.Append(nil, i), start.Add(time.Duration(at)*time.Second))
		if err != nil || content(t, aside) != fmt.Sprint(i) {
			t.Fatalf("kept as %q, %v", aside, err)
		}
	}
	var got []string
	for name, held := range asides(t, path) {
		if name != stranger {
			got = append(got, held)
		}
	}
	if len(got) != 5 || content(t, path+".damaged-20261123T040505Z") != "7" || content(t, path+".damaged-20261123T040510Z") != "6" {
		t.Errorf("kept are %v, want the last one and the four of the latest times", got)
	}
	if content(t, stranger) != "cat" {
		t.Error("another file was removed")
	}
}

func TestALinkStaysALink(t *testing.T) {
	path, link := statePath(t), filepath.Join(t.TempDir(), "link")
	writeFile(t, path, "")
	check(t, os.Symlink(path, link))
	j, _ := Open(link)
	give(t, j, drain(0))
	wantSame(t, open(t, path), j)
}

// What Give has returned for is there after kill -9, whenever that comes.
func TestKill(t *testing.T) {
	if path := os.Getenv("OPERATE_STATE"); path != "" {
		giveForEver(t, path)
	}
	path := statePath(t)
	for round := range 10 {
		child := exec.Command(os.Args[0], "-test.run=^TestKill$")
		child.Env = append(os.Environ(), "OPERATE_STATE="+path)
		out, err := child.StdoutPipe()
		check(t, err)
		check(t, child.Start())
		last := ""
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if last = lines.Text(); strings.HasSuffix(last, fmt.Sprint(10+round)) {
				child.Process.Kill() // and read what it has said meanwhile
			}
		}
		child.Wait()
		var server int
		if _, err := fmt.Sscanf(last, "given %d", &server); err != nil {
			t.Fatalf("the process said %q: %v", last, err)
		}
		for i := range server + 1 {
			if _, given := open(t, path).Order(Object{Backend: "app", Server: fmt.Sprint("web", i)}, State); !given {
				t.Fatalf("round %d: order %d of %d is lost", round, i, server)
			}
		}
		check(t, os.Remove(path))
	}
}

func giveForEver(t *testing.T, path string) {
	j := open(t, path)
	for i := 0; ; i++ {
		give(t, j, on(fmt.Sprint("web", i), 0))
		fmt.Println("given", i)
	}
}
