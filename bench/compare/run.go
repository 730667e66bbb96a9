package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// runner is a run under way.
type runner struct {
	*Plan
	own    *own
	report *Report
	began  time.Time
	done   time.Duration // planned time of what is done
}

// Run carries the plan out. It first removes what killed runs left: see
// [Sweep]. Afterwards, also when it fails and when ctx ends, nothing of its own
// is left; where something could not be removed, the error is a [*LeftError]
// too. It fails with a [*RefusedError] where the device must not be used, and
// with ENOSPC where there is no space for the backing file.
func (p *Plan) Run(ctx context.Context, conn *dm.Conn) (*Report, error) {
	if _, err := Sweep(ctx, conn, p.cfg.Dir); err != nil {
		return nil, fmt.Errorf("compare: clean up after an earlier run: %w", err)
	}
	base, release, err := p.claim()
	if err != nil {
		return nil, err
	}
	o, err := newOwn(conn, p.cfg.Dir)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	o.onClose(func(context.Context) error { return release() })
	r := &runner{Plan: p, own: o, report: &Report{}, began: time.Now()}
	err = r.run(ctx, base)
	if err = errors.Join(err, o.close(ctx)); err != nil {
		return nil, err
	}
	r.report.Environment.Elapsed = time.Since(r.began)
	r.report.Summary = Summarize(r.report)
	return r.report, nil
}

// claim checks and takes the device that was named, or does nothing.
func (p *Plan) claim() (*os.File, func() error, error) {
	if p.cfg.Device == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := claimDevice(p.cfg.Device, p.cfg.Destroy)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

func (r *runner) run(ctx context.Context, device *os.File) error {
	if r.cfg.Virtual {
		if err := r.loadThinPool(); err != nil {
			return err
		}
	}
	base, description, err := r.base(device)
	if err != nil {
		return err
	}
	r.environment(description)
	for _, b := range r.backings {
		if err := r.measureBacking(ctx, base, b); err != nil {
			return err
		}
	}
	for _, c := range r.cases {
		r.progress("space ends: "+string(c.name), 0, c.time)
		n, err := r.own.noSpace(ctx, base, c)
		if err != nil {
			return err
		}
		r.report.NoSpace = append(r.report.NoSpace, n)
		r.done += c.time
	}
	return nil
}

// loadThinPool loads the kernel's module, whose parameter is set then.
func (r *runner) loadThinPool() error {
	if _, err := r.own.conn.TargetVersion("thin-pool"); err != nil {
		return err
	}
	return r.own.setNoSpaceTimeout(virtualPatience)
}

// base is the disk that everything stands on, and what it is.
func (r *runner) base(device *os.File) (disk, string, error) {
	if device != nil {
		d, err := openDisk(device)
		if need := r.space(); err == nil && d.size < need.SectorsRoundUp() {
			size, _ := d.size.Bytes()
			err = fmt.Errorf("compare: %s has %v, %v are needed: see --size", d.path, size, need)
		}
		return d, r.cfg.Device, err
	}
	loop, err := r.own.image(r.space())
	if err != nil {
		return disk{}, "", err
	}
	d, err := openDisk(loop.File())
	how := "through the page cache"
	if loop.DirectIO() {
		how = "with direct I/O"
	}
	return d, fmt.Sprintf("loop device %s on a file in %s (%s)", how, r.cfg.Dir, fileSystem(r.cfg.Dir)), err
}

// space is what the run needs of a disk.
func (r *runner) space() units.Bytes {
	return max(extraVolumes*r.cfg.Size+metadataSize+8*units.MiB, spaceNeeded())
}

// openDisk describes an open block device.
func openDisk(f *os.File) (disk, error) {
	size, err := ioctl.DeviceSize(f)
	if err != nil {
		return disk{}, err
	}
	dev, err := ioctl.NodeDev(f.Name())
	return disk{path: f.Name(), dev: dm.BlockDev{Dev: dm.DevFromUint64(dev)}, size: size.SectorsRoundDown()}, err
}

func (r *runner) environment(description string) {
	e := &r.report.Environment
	e.Kernel, e.Virtual, e.CPUs = kernelRelease(), r.cfg.Virtual, runtime.NumCPU()
	e.Batched = r.cfg.Virtual
	e.DeviceMapper = r.own.conn.ABI().String()
	e.VolumeSize, e.ChunkSize, e.Started = r.cfg.Size, chunkSize, r.began
	for _, b := range r.backings {
		report := BackingReport{Backing: b, Description: description}
		if b == Latency {
			report.Latency = r.cfg.Latency
		}
		e.Backings = append(e.Backings, report)
	}
}

// measureBacking makes a stand and measures the groups of one backing on it.
func (r *runner) measureBacking(ctx context.Context, base disk, b Backing) (err error) {
	before := len(r.own.undo)
	defer func() { err = errors.Join(err, r.own.closeTo(ctx, before)) }()
	r.progress(fmt.Sprintf("%s: make volumes and write them once", b), 0, r.prepare)
	if b == Latency {
		if base, err = r.own.delayed(ctx, base, r.cfg.Latency); err != nil {
			return err
		}
	}
	s, err := newStand(ctx, r.own, base, r.cfg.Size)
	if err != nil {
		return err
	}
	r.done += r.prepare
	for _, g := range r.groups {
		if g.backing != b {
			continue
		}
		r.progress(g.String(), 0, g.time)
		plan, hurried := r.hurry(g, pace(r.at(g.String(), 0)))
		cells, used, err := s.measure(ctx, plan, hurried, func(p bench.Progress) {
			r.progress(g.String(), float64(p.Done)/float64(p.Steps), g.time)
		})
		if err != nil {
			return err
		}
		r.report.Results = append(r.report.Results, cells...)
		r.report.Environment.Engine = used
		r.done += g.time
	}
	return nil
}

// progress reports that a fraction of a step is done.
func (r *runner) progress(step string, fraction float64, planned time.Duration) {
	if r.cfg.Progress != nil {
		r.cfg.Progress(r.at(step, time.Duration(fraction*float64(planned))))
	}
}

// at is how far the run is, with some of a step done.
func (r *runner) at(step string, done time.Duration) Progress {
	return Progress{Step: step, Done: r.done + done, Total: r.Time(), Elapsed: time.Since(r.began)}
}

func kernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// freeSpace is what the file system of a directory has for a file.
func freeSpace(dir string) (units.Bytes, error) {
	var st unix.Statfs_t
	err := unix.Statfs(dir, &st)
	return units.Bytes(st.Bavail) * units.Bytes(st.Frsize), err
}

// fileSystem names the file system of a directory, for the report.
func fileSystem(dir string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "unknown"
	}
	switch st.Type {
	case unix.TMPFS_MAGIC:
		return "tmpfs, in memory"
	case unix.EXT4_SUPER_MAGIC:
		return "ext4"
	case unix.XFS_SUPER_MAGIC:
		return "xfs"
	case unix.BTRFS_SUPER_MAGIC:
		return "btrfs"
	}
	return fmt.Sprintf("file system %#x", st.Type)
}
