package h1

import (
	"syscall"
	"unsafe"
)

// rawRead and rawWrite are read(2) and write(2) on a descriptor that does not block, without
// telling the scheduler: such a call returns at once, and handing the processor on meanwhile
// costs more than it brings. They return -1 with the error.
func rawRead(fd uintptr, p []byte) (int, syscall.Errno) { return rawCall(syscall.SYS_READ, fd, p) }

func rawWrite(fd uintptr, p []byte) (int, syscall.Errno) { return rawCall(syscall.SYS_WRITE, fd, p) }

func rawCall(trap, fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		if errno != syscall.EINTR {
			return int(n), errno
		}
	}
}
