package dm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/rok-storage/rok/ioctl"
)

// Udev says whether [Conn] waits for udev's rules after a request that changes
// what they should see: resume, rename, remove.
type Udev uint8

const (
	// UdevAuto waits where udev runs and can answer: where somebody listens at
	// /run/udev/control, and the program is in the machine's first IPC
	// namespace. In another one, as most containers are, the semaphores that
	// udev's rules see are not the program's.
	UdevAuto Udev = iota
	// UdevOff never waits. [Conn] makes and removes the nodes itself, beside
	// udev where that runs.
	UdevOff
	// UdevOn always waits: for a container with a udev of its own, too.
	//
	// Neither waits where no semaphore can be had, and [Config.Trace] is told.
	UdevOn
)

const (
	udevControl = "/run/udev/control"
	// firstIPC is what /proc/PID/ns/ipc says of the namespace that the kernel
	// began with: PROC_IPC_INIT_INO, include/linux/proc_ns.h.
	firstIPC = "ipc:[4026531839]"
)

// The cookie protocol of libdevmapper, libdm-common.c and libdevmapper.h: the
// request carries 16 bits of a semaphore's key and 16 bits of flags in its
// event number; the kernel passes them on in the uevent as DM_COOKIE; the
// rule 95-dm-notify.rules runs "dmsetup udevcomplete", which takes one off the
// semaphore. Without a key there are flags alone, and nobody is told.
const (
	cookieMagic       = 0x0d4d // upper half of the semaphore's key
	udevFlagsShift    = 16     // DM_UDEV_FLAGS_SHIFT
	udevPrimarySource = 0x40   // DM_UDEV_PRIMARY_SOURCE_FLAG: the event is about the device itself; else the rules forget the device's links at the next coldplug
)

func (c *Conn) udevRuns() bool {
	switch c.cfg.Udev {
	case UdevOff:
		return false
	case UdevOn:
		return true
	}
	if c.udevStuck.Load() {
		return false
	}
	if _, err := os.Stat(udevControl); err != nil {
		return false
	}
	if c.udevSeen.Load() {
		return true
	}
	seen := udevListens() && sharesIPC()
	c.udevSeen.Store(seen)
	return seen
}

// udevListens reports whether there is somebody behind udev's socket, which
// stays when udev ends. What else can go wrong, such as a queue that is full,
// is no sign that there is nobody.
func udevListens() bool {
	err := ioctl.DialSocket(udevControl)
	return !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ENOENT)
}

// sharesIPC reports whether udev's semaphores are this process's, too. A kernel
// without namespaces has one of each.
func sharesIPC() bool {
	namespace, err := os.Readlink("/proc/self/ns/ipc")
	return err != nil || namespace == firstIPC
}

// withUdev carries out r, and waits until udev's rules are done with it. When
// only the wait ended early, the error comes with what the kernel said; see
// [onlyWait].
func (d *Device) withUdev(ctx context.Context, r *request, opts UdevOptions) (Info, error) {
	c := d.conn
	r.eventNr = (udevPrimarySource | uint32(opts.Flags)) << udevFlagsShift
	if !opts.udevRuns(c) {
		return d.do(r)
	}
	if opts.Batch != nil {
		if info, done, err := opts.Batch.do(d, r); done {
			return info, err
		}
	}
	cookie, err := newCookie()
	if err != nil {
		// An aid that is missing is no reason to fail, least of all in the
		// middle of an undo.
		c.traceUdev(d, 0, err)
		return d.do(r)
	}
	r.eventNr |= uint32(cookie.Key()) & (1<<udevFlagsShift - 1)
	info, err := d.do(r)
	if err == nil && info.uevent() {
		// Without a uevent nobody would ever complete the cookie.
		err = c.waitForUdev(ctx, d, cookie)
	}
	if left := cookie.Remove(); left != nil {
		c.traceUdev(d, 0, left) // nor is one that stays behind
	}
	return info, err
}

// waitForUdev waits for the rules. A time-out is not an error: the kernel did
// what was asked, and the node is made in any case. But then udev is there and
// does not answer, as in a container that sees its socket, and no later
// request waits for it again.
func (c *Conn) waitForUdev(ctx context.Context, d *Device, cookie *ioctl.Semaphore) error {
	began := time.Now()
	wait, cancel := context.WithTimeout(ctx, c.cfg.UdevTimeout)
	defer cancel()
	err := cookie.WaitZero(wait)
	if err == nil {
		return nil
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		c.udevStuck.Store(true)
		c.traceUdev(d, time.Since(began), err)
		return nil
	}
	return &Error{Op: waitForUdevOp, Device: d.id.String(), Err: err}
}

func (c *Conn) traceUdev(d *Device, took time.Duration, err error) {
	if c.cfg.Trace != nil {
		c.cfg.Trace(Trace{Op: waitForUdevOp, Device: d.id.String(), Took: took, Err: err})
	}
}

const waitForUdevOp = "wait for udev"

// onlyWait reports whether err says that the kernel did what it was asked, and
// the caller's context ended the wait for udev's rules.
func onlyWait(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Op == waitForUdevOp
}

// newCookie makes a semaphore that one "dmsetup udevcomplete" brings to zero.
func newCookie() (*ioctl.Semaphore, error) {
	var err error
	for range 1 << 8 {
		key := cookieMagic<<udevFlagsShift | 1 + rand.Uint32N(1<<udevFlagsShift-1)
		var s *ioctl.Semaphore
		if s, err = ioctl.CreateSemaphore(int32(key), 1); err == nil {
			return s, nil
		}
		if !errors.Is(err, syscall.EEXIST) {
			break
		}
	}
	if errors.Is(err, syscall.EEXIST) || errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("no free udev cookie; earlier programs may have left theirs, see dmsetup udevcookies: %w", err)
	}
	return nil, err
}
