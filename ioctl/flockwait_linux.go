package ioctl

import (
	"context"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Lock takes a lock on f as [TryLock] does, and waits for it where someone else
// holds one in the way, in the kernel's own queue, until ctx ends. Then it
// fails with the context's error, and f holds no lock. While it waits it keeps
// a thread.
func Lock(ctx context.Context, f *os.File, exclusive bool) error {
	return onFile(f, "lock", func(fd uintptr) error { return LockDescriptor(ctx, int(fd), exclusive) })
}

// LockDescriptor is [Lock] for a descriptor, which must stay open meanwhile. The
// error is the context's or the kernel's.
func LockDescriptor(ctx context.Context, fd int, exclusive bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	locked, err := TryLockDescriptor(fd, exclusive)
	if locked || err != nil {
		return err
	}
	w, err := newFlockWait(fd, exclusive)
	if err != nil {
		return err
	}
	go w.run()
	select {
	case err = <-w.done:
		w.close()
	case <-ctx.Done():
		if err = w.stop(); err != nil {
			err = ctx.Err()
		}
	}
	return err
}

// flockWait is a thread in flock(2), which knows no time limit and which the
// kernel restarts after each of the Go runtime's signal handlers. But a call
// that is restarted looks its descriptor up again: it waits on one of its own,
// and when that has become another file, the restart fails with EBADF.
type flockWait struct {
	fd   int // of the same open file, and so of the same lock, as the caller's
	none int // no file that can be locked
	how  int

	tid  chan int
	done chan error
}

func newFlockWait(fd int, exclusive bool) (*flockWait, error) {
	w := &flockWait{how: lockType(exclusive), tid: make(chan int, 1), done: make(chan error, 1)}
	var err error
	if w.none, err = ignoringEINTR(func() (int, error) { return unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0) }); err != nil {
		return nil, err
	}
	if w.fd, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0); err != nil {
		_ = unix.Close(w.none)
		return nil, err
	}
	return w, nil
}

// run waits for the lock.
func (w *flockWait) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w.tid <- unix.Gettid()
	_, err := ignoringEINTR(func() (struct{}, error) { return struct{}{}, unix.Flock(w.fd, w.how) })
	w.done <- err
}

// stop ends the wait. It returns nil where the lock came first.
func (w *flockWait) stop() error {
	if _, err := ignoringEINTR(func() (struct{}, error) {
		return struct{}{}, unix.Dup3(w.none, w.fd, unix.O_CLOEXEC)
	}); err != nil {
		go func() { <-w.done; w.close() }() // it has no reason to fail
		return err
	}
	// SIGURG is the signal that the runtime sends its own threads to preempt
	// them, and that programs take to mean nothing. It may find the thread gone.
	_ = unix.Tgkill(unix.Getpid(), <-w.tid, unix.SIGURG)
	// A program that blocks SIGURG for all its threads gets its answer late,
	// and the thread back when the lock is free.
	late := time.NewTimer(time.Second)
	defer late.Stop()
	select {
	case err := <-w.done:
		w.close()
		return err
	case <-late.C:
		go func() { <-w.done; w.close() }()
		return unix.EINTR
	}
}

func (w *flockWait) close() {
	_ = unix.Close(w.fd)
	_ = unix.Close(w.none)
}
