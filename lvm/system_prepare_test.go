package lvm_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// countedDisk counts the bytes that are read and written from the first extent on.
type countedDisk struct {
	*os.File
	read, written *atomic.Int64
}

func (c countedDisk) ReadAt(b []byte, at int64) (int, error) {
	if at >= 1<<20 {
		c.read.Add(int64(len(b)))
	}
	return c.File.ReadAt(b, at)
}

func (c countedDisk) WriteAt(b []byte, at int64) (int, error) {
	if at >= 1<<20 {
		c.written.Add(int64(len(b)))
	}
	return c.File.WriteAt(b, at)
}

// countExtents counts what Systems that are opened from now on read and write of
// the disks' extents.
func (h *systemHost) countExtents() (read, written *atomic.Int64) {
	read, written = new(atomic.Int64), new(atomic.Int64)
	h.cfg.OpenDevice = func(path string, _ lvm.Access) (*lvm.Device, error) {
		file, ok := h.files[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
		}
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		size, err := f.Seek(0, io.SeekEnd)
		d := lvm.NewDevice(path, units.Bytes(size), units.SectorSize, countedDisk{f, read, written})
		d.Number = h.number[path]
		return d, err
	}
	return read, written
}

// What begins with zeros is looked at first, and what does not is left alone: only
// volumes that become active do, as with lvm2.
func TestSystemLooksOnlyAtWhatItActivates(t *testing.T) {
	junk := bytes.Repeat([]byte{0xaa}, 4096)
	create := lvm.CreateLV{Name: "a", Size: of(8)}
	with := func(o lvm.Options) lvm.CreateLV {
		op := create
		op.Options = o
		return op
	}
	tests := []struct {
		name    string
		o       lvm.ChangeOptions
		offline bool
		conf    []string
		op      lvm.CreateLV
		looks   bool
	}{
		{name: "active", op: create, looks: true},
		{name: "inactive", o: lvm.ChangeOptions{Inactive: true}, op: create},
		{name: "without device-mapper", offline: true, op: create},
		{name: "skipped by its flag", op: with(lvm.Options{ActivationSkip: true})},
		{name: "skipped by volume_list", conf: []string{`activation/volume_list = [ "@other" ]`}, op: create},
		{name: "tagged for volume_list", conf: []string{`activation/volume_list = [ "@other" ]`}, op: with(lvm.Options{Tags: []string{"other"}}), looks: true},
		{name: "read-only", op: with(lvm.Options{ReadOnly: true})},
		{name: "read-only here", conf: []string{`activation/read_only_volume_list = [ "data" ]`}, op: create},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newSystemHost(t, 64*units.MiB)
			h.newData(h.system(), "/dev/sda")
			h.write("sda", 1<<20, junk)
			h.cfg.Offline = test.offline
			read, written := h.countExtents()
			_, err := h.system(test.conf...).Change(t.Context(), "data", test.o, test.op)
			require.NoError(t, err)
			if test.looks {
				require.NotZero(t, read.Load())
				require.Equal(t, make([]byte, 4096), h.read("sda", 1<<20, 4096))
				return
			}
			require.Zero(t, read.Load())
			require.Zero(t, written.Load())
			require.Equal(t, junk, h.read("sda", 1<<20, 4096))
		})
	}
}

// lvm2 does not touch an LV that it does not activate, nor look at it.
func TestLvm2LeavesInactiveLVs(t *testing.T) {
	l := lvm2(t, 64*units.MiB)
	l.must("vgcreate", "v", l.disks[0])
	mark := make([]byte, 8192)
	copy(mark[4086:], "SWAPSPACE2")
	disk := func(flag int) *os.File {
		f, err := os.OpenFile(l.disks[0], flag|syscall.O_DIRECT, 0)
		require.NoError(t, err)
		return f
	}
	write, read := ioctl.AlignedBytes(len(mark)), ioctl.AlignedBytes(len(mark))
	copy(write, mark)
	f := disk(os.O_WRONLY)
	_, err := f.WriteAt(write, 1<<20)
	require.NoError(t, errors.Join(err, f.Close()))
	said := l.must("lvcreate", "-an", "-l1", "-n", "a", "v")
	require.Contains(t, said, "Logical volume v/a not zeroed")
	require.NotContains(t, said, "swap")
	f = disk(os.O_RDONLY)
	_, err = f.ReadAt(read, 1<<20)
	require.NoError(t, errors.Join(err, f.Close()))
	require.Equal(t, mark, read)
}
