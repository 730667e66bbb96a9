package ioctl

import (
	"context"
	"io/fs"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Control is the open control node of device-mapper. Its methods may be called
// by several goroutines at once, each with a [Buffer] of its own.
type Control struct {
	path string
	f    *os.File // the descriptor in the runtime's poller, for Wait

	mu sync.RWMutex // held for reading by Ioctl, so that Close cannot free fd under it
	fd int          // the same descriptor; -1 when closed
}

// OpenControl opens the control node; path is usually /dev/mapper/control. It
// needs CAP_SYS_ADMIN. A node may exist on a kernel without device-mapper:
// then it fails with ENODEV or ENXIO. The error is an [*fs.PathError].
func OpenControl(path string) (*Control, error) {
	fd, err := ignoringEINTR(func() (int, error) {
		return unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &Control{path: path, f: os.NewFile(uintptr(fd), path), fd: fd}, nil
}

// Ioctl carries out cmd with the request in b, and leaves the reply there. The
// error is an errno, or [fs.ErrClosed] after Close. After an error the reply's
// header is the request's, but for the version; after a failed request with
// [FlagSecureData] it is all zeros.
func (c *Control) Ioctl(cmd Cmd, b *Buffer) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.fd < 0 {
		return fs.ErrClosed
	}
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(c.fd), cmd.Request(), uintptr(unsafe.Pointer(b.Header())))
		switch errno {
		case 0:
			return nil
		case unix.EINTR: // suspend and wait sleep interruptibly
		default:
			return errno
		}
	}
}

// Reopen opens the same node once more. Event counters are kept by open file:
// whoever waits needs one of its own.
func (c *Control) Reopen() (*Control, error) { return OpenControl(c.path) }

// Wait blocks until an event has happened since the last [DevArmPoll] on this
// Control, without a thread of its own. It returns the context's error when
// that comes first, and [fs.ErrClosed] after Close. Only one goroutine may wait
// at a time.
func (c *Control) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := c.f.SyscallConn()
	if err != nil {
		return err
	}
	if err := c.f.SetReadDeadline(time.Time{}); err != nil {
		if c.closed() {
			return fs.ErrClosed
		}
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.f.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var pollErr error
	err = conn.Read(func(fd uintptr) bool {
		// The poller reports edges, and an edge may be older than the last
		// arming: what counts is the level.
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := ignoringEINTR(func() (int, error) { return unix.Poll(ready, 0) })
		pollErr = err
		return n > 0 || err != nil
	})
	switch {
	case ctx.Err() != nil && err != nil:
		return ctx.Err()
	case err != nil && c.closed(): // the poller's own error matches nothing
		return fs.ErrClosed
	case err != nil:
		return err
	}
	return pollErr
}

func (c *Control) closed() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.fd < 0
}

// Close closes the node, and ends a Wait. It waits for an Ioctl that is under
// way, which may be long: [DevWait] ends with an event.
func (c *Control) Close() error {
	c.mu.Lock() // after the last Ioctl: its descriptor number may be reused at once
	defer c.mu.Unlock()
	c.fd = -1
	return c.f.Close()
}

func ignoringEINTR[T any](f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err != unix.EINTR {
			return v, err
		}
	}
}
