package dm

import (
	"context"
	"errors"
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
	// UdevAuto waits where udev runs: where /run/udev/control exists.
	UdevAuto Udev = iota
	// UdevOff never waits. [Conn] makes and removes the nodes itself.
	UdevOff
	// UdevOn always waits.
	UdevOn
)

const udevControl = "/run/udev/control"

// The cookie protocol of libdevmapper, libdm-common.c and libdevmapper.h: the
// request carries 16 bits of a semaphore's key and 16 bits of flags in its
// event number; the kernel passes them on in the uevent as DM_COOKIE; the
// rule 95-dm-notify.rules runs "dmsetup udevcomplete", which takes one off the
// semaphore.
const (
	cookieMagic       = 0x0d4d // upper half of the semaphore's key
	udevFlagsShift    = 16     // DM_UDEV_FLAGS_SHIFT
	udevPrimarySource = 0x40   // DM_UDEV_PRIMARY_SOURCE_FLAG: the event is about the device itself
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
	_, err := os.Stat(udevControl)
	return err == nil
}

// withUdev carries out r, and waits until udev's rules are done with it. When
// only the wait ended early, the error comes with what the kernel said.
func (d *Device) withUdev(ctx context.Context, r *request) (Info, error) {
	c := d.conn
	if !c.udevRuns() {
		return d.do(r)
	}
	cookie, err := newCookie()
	if err != nil {
		return Info{}, &Error{Op: r.op(), Device: d.id.String(), Err: err}
	}
	r.eventNr = uint32(cookie.Key())&(1<<udevFlagsShift-1) | udevPrimarySource<<udevFlagsShift
	info, err := d.do(r)
	if err == nil && info.uevent() {
		// Without a uevent nobody would ever complete the cookie.
		err = c.waitForUdev(ctx, d, cookie)
	}
	return info, errors.Join(err, cookie.Remove())
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
		if c.cfg.Trace != nil {
			c.cfg.Trace(Trace{Op: waitForUdevOp, Device: d.id.String(), Took: time.Since(began), Err: err})
		}
		return nil
	}
	return &Error{Op: waitForUdevOp, Device: d.id.String(), Err: err}
}

const waitForUdevOp = "wait for udev"

// newCookie makes a semaphore that one "dmsetup udevcomplete" brings to zero.
func newCookie() (*ioctl.Semaphore, error) {
	for range 1 << 8 {
		key := cookieMagic<<udevFlagsShift | 1 + rand.Uint32N(1<<udevFlagsShift-1)
		s, err := ioctl.CreateSemaphore(int32(key), 1)
		if !errors.Is(err, syscall.EEXIST) {
			return s, err
		}
	}
	return nil, errors.New("no free udev cookie: semaphores of earlier programs are left; see dmsetup udevcookies")
}
