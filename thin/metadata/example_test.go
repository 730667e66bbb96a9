package metadata_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// A pool ran out of metadata, and the kernel set it aside. With the pool
// deactivated, its metadata device is checked and released.
func ExampleClearNeedsCheck() {
	clearFlag := func(path string) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		size, err := f.Seek(0, io.SeekEnd) // also right for a block device
		if err != nil {
			return err
		}
		report, err := metadata.ClearNeedsCheck(context.Background(), f, units.Bytes(size))
		if err != nil {
			return err
		}
		fmt.Printf("%d devices, %d mappings\n", report.Devices, report.Mappings)
		return nil
	}
	err := clearFlag("/dev/null")
	fmt.Println(errors.Is(err, metadata.ErrCorrupt), err)
	// Output: true metadata: block 0 (superblock): unreadable: unexpected EOF
}

// A pool with one volume, of which the first 1,000 blocks lie one after the other on the
// data device.
func ExampleWriter() {
	write := func(f *os.File, size units.Bytes) error {
		w, err := metadata.NewWriter(f, size, metadata.Pool{DataBlockSize: 128, DataBlocks: 16384})
		if err != nil {
			return err
		}
		if err := w.Device(1, metadata.DeviceDetail{}); err != nil {
			return err
		}
		if err := w.Map(metadata.Mapping{Virtual: 0, Data: 500, Length: 1000}); err != nil {
			return err
		}
		written, err := w.Commit()
		if err != nil {
			return err
		}
		fmt.Println(written.Devices, written.Mappings, written.Superblock)
		return nil
	}
	f, err := os.CreateTemp("", "")
	if err != nil {
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	fmt.Println(write(f, 32*units.KiB))
	fmt.Println(write(f, 4*units.MiB))
	// Output:
	// metadata: no room: needs 60KiB, the device has 32KiB
	// 1 1000 transaction 0, time 0, 16384 data blocks of 128s, 1024 metadata blocks
	// <nil>
}

// A volume of a pool that is not active is copied into a file with holes.
func ExampleTrees_Extract() {
	extract := func(meta io.ReaderAt, size units.Bytes, data io.ReaderAt, id uint64, to *os.File) error {
		m, err := metadata.Open(meta, size)
		if err != nil {
			return err
		}
		volume, err := m.Trees().Device(id)
		if err != nil {
			return err
		}
		end, err := m.Trees().Extract(context.Background(), data, volume, sparse{to}, metadata.ExtractOptions{})
		if err != nil {
			return err
		}
		return to.Truncate(int64(end))
	}
	err := extract(strings.NewReader("no pool"), 7, nil, 1, nil)
	fmt.Println(errors.Is(err, metadata.ErrCorrupt))
	// Output: true
}

// sparse is a file that was empty.
type sparse struct{ *os.File }

func (s sparse) Data(p []byte, off int64) error {
	_, err := s.WriteAt(p, off)
	return err
}

func (s sparse) Zero(off, n int64) error { return nil }

func (s sparse) Missing(off, n int64, cause *metadata.MissingError) error { return cause }

func ExampleUnpackBlockTime() {
	fmt.Printf("%+v\n", metadata.UnpackBlockTime(11<<24|1))
	// Output: {Block:11 Time:1}
}

func ExampleRange() {
	fmt.Println(metadata.NewRange(3, 9), metadata.NewRange(3, 3), metadata.Range{})
	// Output: 3..9 3 none
}
