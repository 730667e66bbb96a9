package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// thinOutput are the flags of where a pool's metadata is written, and how.
type thinOutput struct {
	path   string
	size   *bytesFlag
	force  bool
	verify bool
	json   bool

	transaction, blockSize, dataBlocks uint64
	c                                  *cobra.Command
}

func thinOutputFlags(c *cobra.Command) *thinOutput {
	o := &thinOutput{c: c}
	f := c.Flags()
	f.StringVarP(&o.path, "output", "o", "", "the `FILE` or device that is written")
	o.size = sizeFlag(f, "size", "", "make FILE, which must not be there, as large as this")
	f.BoolVarP(&o.force, "force", "f", false, "overwrite what is in FILE, also a pool's metadata")
	f.BoolVar(&o.verify, "verify", true, "read and check what was written; --verify=false does not")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	f.Uint64Var(&o.transaction, "transaction-id", 0, "write this transaction `ID`")
	f.Uint64Var(&o.blockSize, "data-block-size", 0, "write this size of a data block, in `SECTORS`")
	f.Uint64Var(&o.dataBlocks, "nr-data-blocks", 0, "write this `NUMBER` of data blocks")
	return o
}

// overrides are the values that were given.
func (o *thinOutput) overrides() metadata.Overrides {
	var v metadata.Overrides
	given := o.c.Flags().Changed
	if given("transaction-id") {
		v.TransactionID = &o.transaction
	}
	if given("data-block-size") {
		size := units.Sectors(o.blockSize)
		v.DataBlockSize = &size
	}
	if given("nr-data-blocks") {
		v.DataBlocks = &o.dataBlocks
	}
	return v
}

// write opens the output, lets write write it, and checks what it wrote. input is
// what is read meanwhile; it may be nil. A file that was made for this goes away
// again where it fails.
func (o *thinOutput) write(ctx context.Context, input *os.File, write func(f *metadataFile) (metadata.Written, error)) (written metadata.Written, err error) {
	f, err := o.open(input)
	if err != nil {
		return written, err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil && o.size.bytes != 0 {
			err = errors.Join(err, os.Remove(o.path))
		}
	}()
	if written, err = write(f); err != nil {
		return written, o.explain(err)
	}
	if o.verify {
		err = o.check(ctx, f)
	}
	return written, err
}

func (o *thinOutput) open(input *os.File) (*metadataFile, error) {
	if o.path == "" {
		return nil, cli.Usagef("-o is missing: where to write")
	}
	if o.size.bytes != 0 {
		f, err := os.OpenFile(o.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			err = &cli.Error{Err: err, Code: cli.Refused, Next: "--size makes a file; leave it out to write into this one"}
		}
		if err != nil {
			return nil, err
		}
		if err := f.Truncate(int64(o.size.bytes)); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(o.path))
		}
		return &metadataFile{File: f, size: o.size.bytes}, nil
	}
	f, err := openMetadataFile(o.path, os.O_RDWR, false)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &cli.Error{Err: err, Next: "--size makes a file"}
	case errors.Is(err, unix.EBUSY):
		return nil, &cli.Error{Err: err, Code: cli.Refused, Next: "deactivate what uses it"}
	case err != nil:
		return nil, err
	}
	if err := o.refuse(f, input); err != nil {
		f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

// refuse is why what is in f is not to be overwritten: it is the input, or there
// is something and no --force.
func (o *thinOutput) refuse(f *metadataFile, input *os.File) error {
	same, err := sameFile(f.File, input)
	if err != nil {
		return err
	}
	if same {
		return &cli.Error{Err: fmt.Errorf("%s is what is read", o.path), Code: cli.Refused, Next: "write into another file or device"}
	}
	if o.force {
		return nil
	}
	first := make([]byte, metadata.BlockSize)
	n, err := f.ReadAt(first, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if bytes.Count(first[:n], []byte{0}) == n {
		return nil
	}
	what := "holds something that begins with other than zeros"
	if sb, err := metadata.ReadSuperblock(f); err == nil {
		what = "holds the metadata of a pool: " + sb.String()
	}
	return &cli.Error{Err: fmt.Errorf("%s %s", o.path, what), Code: cli.Refused, Next: "--force overwrites it"}
}

// sameFile reports whether both are the same file or device; b may be nil.
func sameFile(a, b *os.File) (bool, error) {
	if b == nil {
		return false, nil
	}
	var s [2]unix.Stat_t
	for i, f := range []*os.File{a, b} {
		if err := unix.Fstat(int(f.Fd()), &s[i]); err != nil {
			return false, fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	if s[0].Mode&unix.S_IFMT == unix.S_IFBLK && s[1].Mode&unix.S_IFMT == unix.S_IFBLK {
		return s[0].Rdev == s[1].Rdev, nil
	}
	return s[0].Dev == s[1].Dev && s[0].Ino == s[1].Ino, nil
}

// explain adds the output, and what to do.
func (o *thinOutput) explain(err error) error {
	switch short := (*metadata.NoRoomError)(nil); {
	case errors.As(err, &short):
		next := fmt.Sprintf("give it a file or device of %v", short.Needed)
		if short.Needed > metadata.MaxSize {
			next = "no metadata device can hold it"
		}
		return &cli.Error{Err: fmt.Errorf("%s: %w", o.path, err), Code: cli.NoSpace, Next: next}
	case errors.Is(err, metadata.ErrDataRange):
		return &cli.Error{Err: err, Next: "--nr-data-blocks gives the pool as many data blocks as the data device has"}
	}
	return err
}

// check reads what was written from the disk, where it can be told from memory.
func (o *thinOutput) check(ctx context.Context, f *metadataFile) error {
	// The writer had a byte for each data block, and the check takes as much again:
	// the same memory, if it is given back now.
	runtime.GC()
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("%s: %w", o.path, err)
	}
	m, err := metadata.Open(f, f.size)
	if err != nil {
		return fmt.Errorf("%s: check of what was written: %w", o.path, err)
	}
	report, err := m.Check(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", o.path, err)
	}
	if err := thinCheckError(o.path, report); err != nil {
		return fmt.Errorf("check of what was written: %w", errors.Join(report.Err(), err))
	}
	return nil
}

// thinWrittenView is what "rok thin restore --json" prints, and begins that of
// repair.
type thinWrittenView struct {
	File           string `json:"file"`
	TransactionID  uint64 `json:"transaction_id"`
	Devices        uint64 `json:"devices"`
	Mappings       uint64 `json:"mappings"`
	MetadataBlocks uint64 `json:"metadata_blocks"`
	Checked        bool   `json:"checked"`
}

func (o *thinOutput) view(w metadata.Written) thinWrittenView {
	return thinWrittenView{
		File: o.path, TransactionID: w.Superblock.TransactionID, Devices: w.Devices, Mappings: w.Mappings,
		MetadataBlocks: w.Superblock.MetadataSpaceMap.Allocated, Checked: o.verify,
	}
}

func (o *thinOutput) table(w metadata.Written) *cli.Table {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	t := new(cli.Table)
	t.Add("superblock", w.Superblock.String())
	t.Add("devices", number(w.Devices))
	t.Add("mappings", number(w.Mappings))
	t.Add("metadata blocks", number(w.Superblock.MetadataSpaceMap.Allocated))
	checked := "sound"
	if !o.verify {
		checked = "not"
	}
	t.Add("checked", checked)
	return t
}
