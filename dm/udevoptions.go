package dm

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rok-storage/rok/ioctl"
)

// UdevFlags tell udev's rules what to leave undone for a device. They go along
// with each request that sends a uevent, in the upper half of the cookie, and
// the rules of dmsetup and lvm2 obey them: libdevmapper.h.
type UdevFlags uint16

// The flags. The flag that says that an event is about the device itself
// (DM_UDEV_PRIMARY_SOURCE_FLAG) is always set.
const (
	UdevNoDMRules        UdevFlags = 1 << 0 // DM_UDEV_DISABLE_DM_RULES_FLAG: no node below /dev/mapper
	UdevNoSubsystemRules UdevFlags = 1 << 1 // DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG: none of LVM's links
	UdevNoDiskRules      UdevFlags = 1 << 2 // DM_UDEV_DISABLE_DISK_RULES_FLAG: nothing below /dev/disk
	UdevNoOtherRules     UdevFlags = 1 << 3 // DM_UDEV_DISABLE_OTHER_RULES_FLAG: no other program's rules
	UdevLowPriority      UdevFlags = 1 << 4 // DM_UDEV_LOW_PRIORITY_LINK_FLAG: its links give way to other devices'
	// UdevSubsystem0 is DM_SUBSYSTEM_UDEV_FLAG0, the first of the flags that
	// mean what the rules of a subsystem make of them. LVM's do not look at
	// the device's content: it has yet to be wiped.
	UdevSubsystem0 UdevFlags = 1 << 8
)

// UdevOptions says what udev hears of a request, and when its rules are waited
// for. The zero value hides nothing, and waits within the call.
type UdevOptions struct {
	Flags UdevFlags
	// Batch puts the wait off to [UdevBatch.Wait]. Nil: the call waits.
	Batch *UdevBatch
}

// UdevBatch is one wait for what udev's rules do after many requests: with a
// thousand devices, a thousand waits one behind the other are most of the time.
// Nodes that [Conn] makes and removes beside udev follow with the wait; where
// udev does not run, each call makes its node at once.
//
// The methods may be called by several goroutines at once.
type UdevBatch struct {
	conn *Conn

	// runs is whether udev does, asked for once.
	runs func() bool

	mu     sync.Mutex
	cookie *ioctl.Semaphore // counts the answers to come, and one for the batch
	nodes  []func() error
}

// NewUdevBatch returns an empty batch, for requests of c that follow soon: whether
// udev runs is asked for with the first of them. [UdevBatch.Wait] must follow the last
// request that has it: its semaphore belongs to the machine.
func (c *Conn) NewUdevBatch() *UdevBatch {
	return &UdevBatch{conn: c, runs: sync.OnceValue(c.udevRuns)}
}

// Wait waits for the rules, for as long as udev goes on answering, and makes
// and removes the nodes that the requests before it left to it. Afterwards the
// batch is empty, and can be used again. If ctx ends meanwhile, the nodes are
// there all the same, and the error is the context's.
func (b *UdevBatch) Wait(ctx context.Context) error {
	b.mu.Lock()
	cookie, nodes := b.cookie, b.nodes
	b.cookie, b.nodes = nil, nil
	b.mu.Unlock()
	var errs []error
	if cookie != nil {
		errs = append(errs, b.conn.waitForAnswers(ctx, cookie))
	}
	for _, node := range nodes {
		errs = append(errs, node())
	}
	return errors.Join(errs...)
}

// waitForAnswers gives up the batch's own count, and waits for the others'. A
// udev that answers nothing for the time of a wait does not answer.
func (c *Conn) waitForAnswers(ctx context.Context, cookie *ioctl.Semaphore) error {
	none := &Device{conn: c}
	defer func() {
		if left := cookie.Remove(); left != nil {
			c.traceUdev(none, 0, left)
		}
	}()
	if err := cookie.Add(-1); err != nil {
		c.traceUdev(none, 0, err)
		return nil // somebody removed it
	}
	for before := 0; ; {
		left, err := cookie.Value()
		if err != nil || left == 0 || left == before {
			break
		}
		before = left
		wait, cancel := context.WithTimeout(ctx, c.cfg.UdevTimeout)
		err = cookie.WaitZero(wait)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return &Error{Op: waitForUdevOp, Err: err}
		}
	}
	if left, err := cookie.Value(); err == nil && left > 0 {
		c.udevStuck.Store(true)
		c.traceUdev(none, c.cfg.UdevTimeout, context.DeadlineExceeded)
	}
	return nil
}

// key counts one answer more, and returns the cookie for the request that
// udev will answer; nil where none can be had.
func (b *UdevBatch) key() *ioctl.Semaphore {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cookie == nil {
		var err error
		if b.cookie, err = newCookie(); err != nil {
			b.conn.traceUdev(&Device{conn: b.conn}, 0, err)
			return nil
		}
	}
	if err := b.cookie.Add(1); err != nil {
		return nil // 32,767 answers are outstanding: the request waits by itself
	}
	return b.cookie
}

// do carries out r with the batch's cookie. It reports whether it could.
func (b *UdevBatch) do(d *Device, r *request) (info Info, done bool, err error) {
	cookie := b.key()
	if cookie == nil {
		return Info{}, false, nil
	}
	r.eventNr |= uint32(cookie.Key()) & (1<<udevFlagsShift - 1)
	info, err = d.do(r)
	if err != nil || !info.uevent() {
		// Without a uevent nobody would ever complete it.
		if left := cookie.Add(-1); left != nil {
			b.conn.traceUdev(d, time.Duration(0), left)
		}
	}
	return info, true, err
}

// node does now what makes or removes a node, or leaves it to [UdevBatch.Wait]
// where udev may do it meanwhile.
func (o UdevOptions) node(do func() error) error {
	if b := o.Batch; b != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.cookie != nil {
			b.nodes = append(b.nodes, do)
			return nil
		}
	}
	return do()
}

// udevRuns is [Conn.udevRuns], as the batch found it.
func (o UdevOptions) udevRuns(c *Conn) bool {
	if o.Batch != nil {
		return o.Batch.runs()
	}
	return c.udevRuns()
}
