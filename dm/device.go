package dm

import (
	"context"
	"errors"
	"syscall"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// Device is a handle on one device: a [Conn] and an [ID]. It holds nothing in
// the kernel, and the device need not exist. Its methods may be called by
// several goroutines at once; after a rename, handles by the old name find
// nothing any more.
type Device struct {
	conn *Conn
	id   ID
}

// Device returns a handle on the device that id names.
func (c *Conn) Device(id ID) *Device { return &Device{conn: c, id: id} }

// ID says which device d is a handle on.
func (d *Device) ID() ID { return d.id }

// String prints the device's name, UUID or number.
func (d *Device) String() string { return d.id.String() }

// do carries out a request on d and returns what the kernel then says of it.
func (d *Device) do(r *request) (Info, error) {
	r.id = d.id
	var info Info
	err := d.conn.do(r, func(b *ioctl.Buffer) error {
		info.read(b)
		return nil
	})
	return info, err
}

// Info asks for the device's state. It blocks on nothing.
func (d *Device) Info() (Info, error) {
	var info Info
	err := d.ReadInfo(&info)
	return info, err
}

// ReadInfo is [Device.Info] into memory that the caller reuses: asked about
// the same device again, it allocates nothing.
func (d *Device) ReadInfo(info *Info) error {
	r := request{cmd: ioctl.DevStatus, id: d.id}
	return d.conn.do(&r, func(b *ioctl.Buffer) error {
		info.read(b)
		return nil
	})
}

// Exists reports whether the device exists.
func (d *Device) Exists() (bool, error) {
	_, err := d.Info()
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENODEV) {
		return false, nil
	}
	return err == nil, err
}

// SuspendOptions says how gently a device is suspended. The zero value is the
// gentlest: what is queued is written, and a file system on the device is
// frozen.
type SuspendOptions struct {
	// NoFlush keeps queued I/O in the queue instead of waiting for it: the
	// way to swap the table of a device whose target holds I/O back, such as
	// a thin pool without space.
	NoFlush bool
	// SkipLockFS leaves the file system unfrozen.
	SkipLockFS bool
	// Udev is for a resume; a suspend tells udev nothing.
	Udev UdevOptions
}

func (o SuspendOptions) flags() ioctl.Flags {
	var f ioctl.Flags
	if o.NoFlush {
		f |= ioctl.FlagNoFlush
	}
	if o.SkipLockFS {
		f |= ioctl.FlagSkipLockFS
	}
	return f
}

// Suspend stops the device's I/O. It blocks until what was under way is done.
// A device that is suspended already stays so, without an error.
func (d *Device) Suspend(opts SuspendOptions) error {
	_, err := d.do(&request{cmd: ioctl.DevSuspend, flags: ioctl.FlagSuspend | opts.flags()})
	if errors.Is(err, syscall.EINVAL) {
		// Two suspends at once: the kernel tests without its lock, tests again
		// under it, and fails the loser (dm_suspend, drivers/md/dm.c).
		if info, infoErr := d.Info(); infoErr == nil && info.Suspended {
			return nil
		}
	}
	return err
}

// Resume makes an inactive table the active one, if there is one, and lets
// I/O go on. A device that is not suspended is suspended for the swap as opts
// says; otherwise opts has no effect. Afterwards the device's node is there,
// made by udev or by Resume itself.
//
// It waits for udev's rules where they run; if ctx ends meanwhile the device
// is resumed all the same, and the error is the context's.
func (d *Device) Resume(ctx context.Context, opts SuspendOptions) error {
	_, err := d.resume(ctx, opts)
	return err
}

func (d *Device) resume(ctx context.Context, opts SuspendOptions) (Info, error) {
	info, err := d.withUdev(ctx, &request{cmd: ioctl.DevSuspend, flags: opts.flags()}, opts.Udev)
	if err != nil && !onlyWait(err) {
		return info, err
	}
	return info, errors.Join(err, opts.Udev.node(func() error { return d.conn.makeNode(info) }))
}

// TableOptions says how a table is loaded.
type TableOptions struct {
	// ReadOnly makes the device refuse writes once the table is active.
	ReadOnly bool
}

func (o TableOptions) flags() ioctl.Flags {
	if o.ReadOnly {
		return ioctl.FlagReadOnly
	}
	return 0
}

// Load checks t and loads it as the inactive table, in place of one that may
// be there. [Device.Resume] makes it active. On an error of the kernel no
// inactive table is left; the active one is untouched in any case. When the
// kernel refuses a table of several segments, the error says which, found by
// loading shorter ones.
func (d *Device) Load(t Table, opts TableOptions) error {
	if err := t.Validate(); err != nil {
		return tableFault(&request{cmd: ioctl.TableLoad, id: d.id}, err)
	}
	err := d.load(t, opts)
	if _, fromKernel := errors.AsType[syscall.Errno](err); !fromKernel {
		return err
	}
	if refused, ok := errors.AsType[*Error](err); ok && tableRefused(err) {
		refused.Segment = d.faultySegment(t, opts)
	}
	return d.afterFailure(err)
}

// afterFailure ends a load or a swap that failed with err: the kernel keeps the
// inactive table that was there before. Without one nothing is cleared, for
// the sake of the kernels that [Device.Clear] tells of.
func (d *Device) afterFailure(err error) error {
	info, infoErr := d.Info()
	if infoErr == nil && info.Inactive {
		infoErr = d.Clear()
	}
	if infoErr != nil && !errors.Is(infoErr, syscall.ENXIO) {
		return errors.Join(err, infoErr)
	}
	return err
}

func (d *Device) load(t Table, opts TableOptions) error {
	r := request{cmd: ioctl.TableLoad, flags: opts.flags(), id: d.id, table: t}
	if t.secret() {
		r.flags |= ioctl.FlagSecureData
	}
	return d.conn.do(&r, nil)
}

// tableRefused reports whether err can be the fault of one segment.
func tableRefused(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case syscall.EPERM, syscall.EACCES, syscall.EFAULT, syscall.ENOTTY, syscall.ENOMEM:
		return false
	}
	return true
}

// faultySegment finds the first segment that the kernel refuses, from 1; 0
// where it cannot be told. The kernel makes targets from the first on and
// stops at the one it refuses, so that the ones before it were made already.
func (d *Device) faultySegment(t Table, opts TableOptions) int {
	good, bad := 0, len(t)
	for bad-good > 1 {
		middle := (good + bad) / 2
		if err := d.load(t[:middle], opts); err == nil {
			good = middle
		} else if tableRefused(err) {
			bad = middle
		} else {
			return 0
		}
	}
	if good == 0 {
		if _, err := d.Info(); err != nil {
			return 0 // it is the device that is missing
		}
	}
	return bad
}

// Clear drops the inactive table, if there is one.
//
// A kernel with CONFIG_IMA (Debian's have it; seen on 6.12, by its source also
// 6.1) mishandles its own memory, and may crash, when a device with an active
// table has its inactive one cleared and is then renamed or given a UUID, and
// after that loaded, swapped or removed: dm_ima_measure_on_table_clear and
// dm_ima_measure_on_device_rename, drivers/md/dm-ima.c. A swap that succeeds in
// between makes it safe again. A load or a swap that failed clears, too, but
// only an inactive table that is there: an earlier one, or a part of the table
// by which [Device.Load] found the segment at fault.
func (d *Device) Clear() error {
	return d.conn.do(&request{cmd: ioctl.TableClear, id: d.id}, nil)
}

// Swap replaces the active table by t: load, suspend as opts says, resume. I/O
// waits meanwhile and fails nowhere. If a step fails the device goes on with
// its old table, and no inactive one is left. A device that was suspended
// before is suspended again after a failure, and is resumed by success.
func (d *Device) Swap(ctx context.Context, t Table, table TableOptions, opts SuspendOptions) error {
	before, err := d.Info()
	if err != nil {
		return err
	}
	old, err := d.Table(TableQuery{}) // a failing resume can destroy it
	if err != nil {
		return err
	}
	if err := d.Load(t, table); err != nil {
		return err
	}
	if err := d.Suspend(opts); err != nil {
		return d.afterFailure(err)
	}
	info, err := d.resume(ctx, opts)
	if err == nil || info.Active && !info.Suspended {
		return err
	}
	return errors.Join(err, d.restore(context.WithoutCancel(ctx), old, before, opts.Udev))
}

// restore puts a device back on its old table after a resume that failed and
// left it suspended. Where the device's queue refused the new table, the kernel
// dropped that and kept the old one; where a target refused to begin, the new
// one is active and the old one is gone.
func (d *Device) restore(ctx context.Context, old Table, before Info, udev UdevOptions) error {
	if err := d.afterFailure(nil); err != nil || !before.Active {
		return err
	}
	now, err := d.Table(TableQuery{})
	if err != nil {
		return err
	}
	if !now.Equal(old) {
		if err := d.load(old, TableOptions{ReadOnly: before.ReadOnly}); err != nil {
			return err
		}
	}
	if before.Suspended {
		return nil // the next resume finds the old table, loaded or active
	}
	_, err = d.resume(ctx, SuspendOptions{Udev: udev})
	return err
}

// SetUUID gives the device a UUID. It must not have one yet: otherwise EINVAL.
// It fails with [fs.ErrExist] where another device has that UUID. Needs
// device-mapper 4.19.
func (d *Device) SetUUID(uuid string) error {
	if err := CheckUUID(uuid); err != nil {
		return &Error{Op: setUUIDOp, Device: d.id.String(), Err: err}
	}
	var err error
	if d.id.name == "" {
		d, _, err = d.byName(setUUIDOp)
	}
	if err == nil {
		_, err = d.do(&request{cmd: ioctl.DevRename, flags: ioctl.FlagUUID, text: NodeName(uuid), isText: true})
	}
	return err
}

// byName asks for the device's state, and returns a handle by its name: rename
// is the one command that looks at nothing else (dm_hash_rename,
// drivers/md/dm-ioctl.c). op is what an error names.
func (d *Device) byName(op string) (*Device, Info, error) {
	var info Info
	var named ID
	err := d.conn.do(&request{cmd: ioctl.DevStatus, id: d.id}, func(b *ioctl.Buffer) error {
		info.read(b)
		named = ID{name: info.Name, kernel: string(b.Header().NameBytes())}
		return nil
	})
	return d.conn.Device(named), info, renamed(err, op)
}

// Rename gives the device a new name, and its node a new place. It returns a
// handle by the new name; d, where it is by name, finds nothing any more. It
// fails with [fs.ErrExist] where the name is taken.
//
// It waits for udev's rules where they run; if ctx ends meanwhile the device is
// renamed all the same, and the handle comes with the context's error.
func (d *Device) Rename(ctx context.Context, name string) (*Device, error) {
	return d.RenameWith(ctx, name, UdevOptions{})
}

// RenameWith is [Device.Rename] with options for udev.
func (d *Device) RenameWith(ctx context.Context, name string, opts UdevOptions) (*Device, error) {
	if err := CheckName(name); err != nil {
		return nil, &Error{Op: ioctl.DevRename.String(), Device: d.id.String(), Err: err}
	}
	named, old, err := d.byName(ioctl.DevRename.String())
	if err != nil {
		return nil, err
	}
	info, err := named.withUdev(ctx, &request{cmd: ioctl.DevRename, text: NodeName(name), isText: true}, opts)
	if err != nil && info.Dev == (Dev{}) {
		return nil, err
	}
	info.Name = name
	nodes := opts.node(func() error {
		err := d.conn.removeNode(old.Name, old.Dev, opts)
		if old.Active {
			err = errors.Join(err, d.conn.makeNode(info))
		}
		return err
	})
	return d.conn.Device(ByName(name)), errors.Join(err, nodes)
}

// SetGeometry sets the CHS geometry that old partitioning tools ask for.
// Start is in sectors. Needs device-mapper 4.6.
func (d *Device) SetGeometry(cylinders uint16, heads, sectors uint8, start units.Sectors) error {
	l := appendLine(nil).uint(uint64(cylinders)).uint(uint64(heads)).uint(uint64(sectors)).sectors(start)
	return d.conn.do(&request{cmd: ioctl.DevSetGeometry, id: d.id, text: string(l.b), isText: true}, nil)
}
