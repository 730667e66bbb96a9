package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

// lvmDisks are the disks of a machine's LVM: files that the fake kernel has as
// disks. What is written to the volumes on top goes nowhere.
type lvmDisks struct {
	dir     string            // of the files, and of what a host keeps
	files   map[string]string // by the path of the disk
	numbers map[string]uint64
	ids     int
}

// setUpLVM gives m a host of its own, with a clock that stands still and IDs that
// are numbers.
func (m *machine) setUpLVM(t testing.TB) {
	dir := t.TempDir()
	m.disks = &lvmDisks{dir: dir, files: map[string]string{}, numbers: map[string]uint64{}}
	require.NoError(t, os.MkdirAll(filepath.Join(m.env.sysfs, "block"), 0o755))
	m.env.lvm = lvm.SystemConfig{
		Host: &host.Config{
			Etc: filepath.Join(dir, "etc"), Run: filepath.Join(dir, "run"), Locks: filepath.Join(dir, "locks"),
			Sys: m.env.sysfs, Proc: filepath.Join(dir, "proc"), Dev: filepath.Join(dir, "dev"), Node: "vm",
		},
		OpenDevice: m.disks.open,
		Activator: lvm.ActivatorConfig{NoLinks: true, NoLockMemory: true, Open: func(string, dm.Dev, bool) (lvm.DeviceFile, error) {
			return emptyVolume{}, nil
		}},
		BusyRetry: -1,
		Now:       func() time.Time { return time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC) },
		NewID:     m.disks.newID,
	}
}

// emptyVolume reads as zeros.
type emptyVolume struct{}

func (emptyVolume) ReadAt(b []byte, _ int64) (int, error)  { clear(b); return len(b), nil }
func (emptyVolume) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (emptyVolume) Sync() error                            { return nil }
func (emptyVolume) Close() error                           { return nil }

func (d *lvmDisks) newID() lvm.ID {
	d.ids++
	id, err := lvm.ParseID(fmt.Sprintf("%032d", d.ids))
	if err != nil {
		panic(err)
	}
	return id
}

// open opens a disk, or a file. Files are written to by whoever has them open.
func (d *lvmDisks) open(path string, _ lvm.Access) (*lvm.Device, error) {
	file, disk := d.files[path]
	if !disk {
		file = path
		if strings.HasPrefix(path, "/dev/") {
			return nil, fmt.Errorf("open %s: %w", path, os.ErrNotExist)
		}
	}
	dev, err := lvm.OpenDevice(file, lvm.Exclusive)
	if err == nil && disk {
		dev.Number = d.numbers[path]
	}
	return dev, err
}

// addDisk makes a disk.
func (m *machine) addDisk(name, size string) error {
	n, err := units.ParseBytes(size)
	if err != nil {
		return err
	}
	path := filepath.Join(m.disks.dir, name)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(path, int64(n)); err != nil {
		return err
	}
	dev := m.kernel.AddDisk("/dev/"+name, n.SectorsRoundDown())
	m.disks.files["/dev/"+name], m.disks.numbers["/dev/"+name] = path, dev.Uint64()
	sys := filepath.Join(m.env.sysfs, "block", name)
	return errors.Join(os.MkdirAll(sys, 0o755),
		os.WriteFile(filepath.Join(sys, "dev"), []byte(dev.String()+"\n"), 0o600),
		os.WriteFile(filepath.Join(sys, "size"), []byte(strconv.FormatUint(uint64(n.SectorsRoundDown()), 10)+"\n"), 0o600))
}

// doLVM carries out those lines of a script that are about PVs:
//
//	pv NAME SIZE                   a disk /dev/NAME
//	image FILE SIZE                a file, in the folder of the script's commands
//	grow NAME SIZE                 of a disk or a file
//	wipe NAME OFFSET LENGTH        of a disk or a file
//	write NAME OFFSET TEXT         the same
//	copy FROM TO                   a disk or a file
//	unplug NAME                    a disk goes away
//	conf TEXT                      what lvm.conf says
//	lock VG                        somebody has it locked
func (m *machine) doLVM(args []string) (known bool, err error) {
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	switch args[0] {
	case "pv":
		return true, m.addDisk(arg(1), arg(2))
	case "image":
		m.enter()
		return true, m.resize(arg(1), arg(2), os.O_CREATE)
	case "grow":
		return true, m.resize(m.disks.file(arg(1)), arg(2), 0)
	case "wipe":
		n, err := strconv.Atoi(arg(3))
		if err != nil {
			return true, err
		}
		return true, m.write(arg(1), arg(2), make([]byte, n))
	case "write":
		return true, m.write(arg(1), arg(2), []byte(strings.ReplaceAll(arg(3), `\0`, "\x00")))
	case "copy":
		return true, copyFile(m.disks.file(arg(1)), m.disks.file(arg(2)))
	case "unplug":
		delete(m.disks.files, "/dev/"+arg(1))
		return true, os.RemoveAll(filepath.Join(m.env.sysfs, "block", arg(1)))
	case "conf":
		etc := m.env.lvm.Host.Etc
		return true, errors.Join(os.MkdirAll(etc, 0o755), os.WriteFile(filepath.Join(etc, "lvm.conf"), []byte(arg(1)+"\n"), 0o600))
	case "lock":
		return true, m.lock(arg(1))
	}
	return false, nil
}

func (d *lvmDisks) file(name string) string {
	if file, ok := d.files["/dev/"+name]; ok {
		return file
	}
	return name
}

func (m *machine) resize(path, size string, flag int) error {
	n, err := units.ParseBytes(size)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|flag, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(int64(n)), f.Close())
}

func (m *machine) write(name, offset string, b []byte) error {
	at, err := strconv.ParseInt(offset, 10, 64)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(m.disks.file(name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, at)
	return errors.Join(err, f.Close())
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// lock holds the lock of a VG as lvm2 would, until the test ends.
func (m *machine) lock(vg string) error {
	if err := os.MkdirAll(m.env.lvm.Host.Locks, 0o700); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(m.env.lvm.Host.Locks, "V_"+vg))
	if err != nil {
		return err
	}
	m.t.Cleanup(func() { f.Close() })
	locked, err := ioctl.TryLock(f, true)
	if err == nil && !locked {
		err = errors.New("somebody else has it")
	}
	return err
}
